/* What the ledger of desks holds: the conversations that are open, and what each promise needs to
 * be judged. Finds one by its number and tells a fault; takes no record in (ledger.h). */
#ifndef DESK_LEDGER_STATE_H
#define DESK_LEDGER_STATE_H

#include "desk/roster.h"

#include "core/desk/row.h"

/* What is recounted with each record. README.md, "What is promised", has the words behind it. */
enum ledger_check {
	CHECK_ONCE,   /* one state, one agent, one offer that ends once */
	CHECK_ORDER,  /* nobody is asked for while somebody before it waits whom it could serve */
	CHECK_LIMITS, /* of seat, agent and seat in a team */
	CHECK_LOST,   /* each one waits, is served or is closed */
	CHECK_OWNED,  /* while it is handed over somebody has it, and until it is taken the same */
	CHECK_IDLE,   /* nobody waits whom a seat could have had for a while (idle.h) */
	CHECK_ROOM,   /* who serves is in the room, and who was released is not (stays.h) */
	CHECK_UNREAD, /* of who serves, counted message by message (stays.h) */
	CHECK_PLACE,  /* one more than stand before it (standing.h) */
	CHECKS
};

#define LEDGER_TEXT 240
typedef void ledger_fault_fn(void *ctx, enum ledger_check, uint64_t position, const char *text);

struct visit_exclusion {
	uint64_t seat, until_us;
};

/* What a member had seen of it when it served last. */
struct visit_end {
	uint64_t member, seq;
	uint32_t stint;
};

/* A conversation that is open. Times are the desk's. */
struct visit {
	uint64_t no;
	uint32_t tenant;
	char id[ROSTER_ID];
	struct row_conversation row; /* without texts; its lists are those below */
	uint64_t offered[DESK_ASKED_MAX];
	struct visit_exclusion excluded[DESK_ASKED_MAX];
	size_t offered_len, excluded_len;
	struct roster_team *home; /* where it was opened */
	bool had_human, had_robot;
	uint64_t waited_us, waits_since_us; /* before the first human */
	/* Of the last transfer: who had it, and as of which team it was. */
	uint64_t handed_by;
	struct roster_team *handed_from;
	/* What it takes of the limits of seats: whoever serves, and whom it is offered to. */
	struct roster_post *units[DESK_ASKED_MAX + 1];
	size_t units_len;
	struct roster_post *served_by;
	struct rank_node in_queue, in_overflow;
	struct rank_tree *queue, *overflow; /* where it stands; NULL: nowhere */
	/* Where it is looked for: see idle.h. */
	struct visit **waits_in, **helped_by;
	struct visit *next_waits, *prev_waits, *next_helped, *prev_helped;
	uint64_t since_us, kept_for, kept_until_us;
	bool idle_told;
	/* What was said in it, who serves (a member, or 0) and what that one has not read: see
	 * stays.h. */
	uint64_t *messages; /* from its first on: the sender, and on top whether it counts */
	size_t messages_len, messages_cap;
	struct visit_end *ended;
	size_t ended_len, ended_cap;
	uint64_t server, unread;
	bool unread_known;
	bool retold; /* opened in front of the first boot: nothing is known of what was said */
	uint64_t guest[2]; /* desk and visitor: no two that are open have them */
	UT_hash_handle hh, hh_guest, hh_room;
};

#define VISIT(node, member) \
	((struct visit *)(void *)((char *)(node)-offsetof(struct visit, member)))

/* What the next record about a conversation has to be. */
enum ledger_owes { OWES_NOTHING, OWES_RELEASE, OWES_PLACE };

struct step;
struct stay;
struct stays_room;
struct stays_owed;

/* The place of a conversation in the queue of its team and how many stand there, as somebody
 * else says; 0: in none. */
typedef uint64_t ledger_place_fn(void *ctx, const struct visit *, uint64_t *of);

struct ledger {
	struct roster roster;
	struct visit *visits, *by_guest, *by_room;
	uint64_t offset_us, record_us; /* of the last one: what the desk's clock shows in it */
	uint64_t offers;               /* the highest number */
	uint64_t records;              /* about conversations */
	enum ledger_owes owes;
	uint64_t owes_no;
	uint32_t owes_stint;
	ledger_fault_fn *fault;
	void *fault_ctx;
	uint64_t faults[CHECKS], position;
	/* Records of one time are of one turn, or of several that follow one another. */
	uint64_t time_us, turns;
	/* What stands in front of the first boot was told from tables: no broker decided when
	 * somebody is served, or is in a room. */
	bool booted;
	/* Teams by when they are looked at, and until when nobody is given anything: idle.h. */
	struct rank_tree due;
	uint64_t held_until_us;
	/* Of rooms, and what the end of the turn has to bring: stays.h. */
	struct stays_room *rooms;
	struct stay *stays;
	struct stays_owed *owed;
	size_t owed_len, owed_cap;
	bool only_expected;
	/* Who is asked for places, NULL: nobody; and where they changed: standing.h. */
	ledger_place_fn *place;
	void *place_ctx;
	struct roster_team *moved;
	uint64_t places; /* compared */
};

/* NULL: it is not open. */
struct visit *ledger_visit(const struct ledger *, uint64_t no);
void ledger_fault(struct ledger *, enum ledger_check, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
