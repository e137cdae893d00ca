/* The desk in memory: rows of desks, teams, agents and seats, which all are resident, the
 * open conversations, and what follows from them: queues, loads, who is ready. What is
 * derived is built when the broker begins a run, and kept as records are applied; it is
 * stored nowhere. Private to the core. */
#ifndef DESK_TABLES_H
#define DESK_TABLES_H

#include "core/desk/desk.h"
#include "core/desk/form.h"
#include "core/desk/rank.h"
#include "core/desk/row.h"
#include "core/tables.h"

struct config;
struct conversation;
struct seat;
struct team;

/* One row of a kind of form.h. */
struct config {
	struct row base;
	UT_hash_handle by_key; /* of the bytes below */
	struct rank_node in_list;
	enum config_no kind;
	uint32_t tenant;
	uint64_t as_of;
	bool removed;
	void *is;    /* struct desk, team, ...: it begins with its row */
	char *bytes; /* what the texts of the row borrow from */
	uint8_t *key;
	size_t key_len;
};

struct config_list {
	UT_hash_handle hh;
	uint64_t key; /* tenant and kind */
	struct rank_tree rows;
	uint64_t open; /* of the desks: their open conversations */
};

/* Who may be paired next: a team with its queue, or a seat with those that are reserved
 * for it. In order of the smallest key that waits there, as it was last seen. */
struct prospect {
	struct rank_node node;
	uint64_t key;
	struct team *team;
	struct seat *seat; /* NULL: of the team */
};

struct desk {
	struct row_desk row;
	struct config *config;
	struct team *team;             /* "*" */
	struct team *teams;            /* list */
	struct rank_tree open;         /* conversations, by number */
	struct config_list *of_tenant; /* with the tenant's other desks */
};
struct team {
	struct row_team row;
	struct config *config;
	struct desk *desk;
	struct team *prev, *next;           /* desk->teams */
	struct rank_tree deferred;          /* who waits for it to open */
	struct rank_tree all;               /* who waits in it: places are counted here */
	struct rank_tree free[DESK_LEVELS]; /* of them those that may be paired, by level */
	struct rank_tree over[DESK_LEVELS]; /* the same of teams that it helps */
	struct rank_tree ready;             /* its seats that can take one, as the strategy says */
	struct rank_tree robots;            /* the same of robots */
	struct rank_tree seats;             /* all of them, by number */
	uint32_t available[DESK_LEVELS];    /* of its seats, with room or not */
	uint64_t turn;                      /* the last one given */
	struct rank_tree open;              /* its open conversations, by number */
	bool duty_turned;                   /* its hours have, and not all was done about it */
	struct team *queue_prev, *queue_next; /* state->queues */
	bool moves;                           /* places in it are not what was told */
	struct team *moves_next;              /* state->moving */
	uint64_t places_told_us;              /* by the clock of who tells them */
	struct prospect prospect;
	uint64_t left_us;    /* desk time at which somebody left the queue last */
	uint64_t between_us; /* two of them, on average: for estimates */
	uint32_t departures;
	struct report *report; /* NULL: nothing was counted */
};
/* The agents of a tenant together: many that go at once have most likely lost what they are
 * connected by. */
struct staff {
	UT_hash_handle hh; /* key: tenant */
	uint32_t tenant;
	uint64_t online;
	uint64_t begun_us;          /* desk time since when those that go are counted, */
	uint64_t online_then, gone; /* of so many */
	uint64_t storm_us;          /* who has gone since then has twice as long; 0: nobody */
};
struct agent {
	struct row_agent row;
	struct staff *staff;
	struct config *config;
	struct seat *seats; /* list */
	uint64_t load;
	uint8_t presence;
	uint64_t gone_us; /* desk time since when it is offline */
};
struct seat {
	struct row_seat row;
	struct config *config;
	struct agent *agent;
	struct desk *desk;
	struct seat *prev, *next; /* agent->seats */
	struct team_seat *teams;  /* list: those it has not left */
	uint64_t load;
	bool available;              /* as its teams have counted it */
	bool stays;                  /* available until its row, or its agent's, was changed */
	bool rests;                  /* ready_us is still to come */
	struct conversation *serves; /* list */
	struct unit *units;          /* list: those, as far as they count, and offers to it */
	struct rank_tree reserved;   /* conversations that wait for it */
	struct prospect prospect;
};
struct team_seat {
	struct row_team_seat row;
	struct config *config;
	struct team *team;
	struct seat *seat;
	struct team_seat *prev, *next; /* seat->teams */
	struct rank_node in_seats, in_ready;
	uint64_t load;
	uint64_t pass_least; /* by weight: where the others were when it came */
	struct tally *tally; /* for reports; NULL: nothing was counted */
};
/* The other kinds are nothing but their rows. */

/* ---- conversations ------------------------------------------------------------ */

/* A member who has open conversations, at one desk each. */
struct guests {
	UT_hash_handle hh; /* key: member */
	uint64_t member;
	struct conversation *open;
};

struct conversation {
	struct row base;
	UT_hash_handle by_id;
	uint8_t id_key[ID_KEY_MAX];
	uint64_t no, as_of;
	uint32_t tenant;
	struct row_conversation row;
	char *bytes; /* that its texts and lists borrow from */

	/* While it is open. */
	bool pinned; /* it stays in memory */
	bool linked; /* and what is derived knows it */
	const struct desk_state *state;
	struct desk *desk;
	struct team *team;
	uint64_t due_us;           /* desk time at which it is to be looked at; 0: never */
	uint64_t looked_us;        /* desk time up to which exclusions were looked at */
	uint64_t put_off_us;       /* desk time up to which its agent being gone was put off */
	uint64_t visitor_gone_us;  /* desk time since when its visitor is offline; 0: it is not */
	bool offered_before_boot;  /* the live offer was made in an earlier run */
	UT_hash_handle by_visitor; /* key: desk and visitor */
	uint64_t visitor_key[2];
	struct rank_node in_open, in_team;
	struct rank_node in_all, in_free, in_overflow;
	struct guests *guests;                        /* of its visitor */
	struct conversation *guest_prev, *guest_next; /* guests->open */
	struct rank_tree *all, *free, *over;          /* that it stands in; NULL: in none */
	struct seat *seat;                            /* that serves it */
	struct conversation *prev, *next;             /* seat->serves; before that, state->loaded */
	struct unit {                                 /* what it takes of whom */
		struct conversation *of;
		struct seat *seat;
		struct team_seat *team_seat; /* or NULL */
		struct unit *prev, *next;    /* seat->units */
	} units[1 + DESK_ASKED_MAX];
	unsigned units_len;
	bool wakes;  /* desk->waking */
	bool called; /* its visitor has spoken while it is held */
	struct conversation *wakes_next;
};
struct stint {
	struct row base;
	uint64_t as_of;
	struct row_stint row;
};

#define DESK_WHYS 16 /* causes of a kind, about */
struct desk_counts {
	uint64_t open[CONVERSATION_CLOSED + 1];
	uint64_t offers, accepted, declined, expired, withdrawn, late, claims, races;
	uint64_t transfers, abandoned, closed, storms;
	uint64_t queued[DESK_WHYS], transfer_ends[DESK_WHYS], closed_by[DESK_WHYS]; /* by cause */
	uint64_t pairs;
	uint64_t reports, reports_dropped, tallies, tallies_refused;
};

/* What stands below calls who stands above it. */
struct desk_hooks {
	uint64_t (*due)(const struct conversation *); /* desk time, 0: never */
	enum parlor_err (*expire)(struct core *, struct conversation *);
	enum parlor_err (*rested)(struct core *, struct seat *);
	/* Before a row of the configuration changes, and when it has. */
	void (*unlink)(struct core *, struct config *);
	void (*link)(struct core *, struct config *);
	/* A run begins; it has begun. */
	void (*booting)(struct core *);
	void (*booted)(struct core *);
	/* Somebody posts in a room that has had a conversation. */
	enum parlor_err (*may_post)(struct core *, const struct room *, uint64_t member);
	/* A record of another noun has been applied. */
	enum parlor_err (*follow)(struct core *, const struct record *);
	/* Hours have opened or closed. */
	void (*turned)(struct core *, struct config *);
	/* It was woken: see settle.h. */
	void (*look)(struct core *, struct conversation *);
};

/* What was found last, by number, so that it need not be looked for again. */
#define DESK_FOUND 256
#define DESK_TALKS 4096
struct desk_state {
	struct row_desk_state row;
	struct desk_offset { /* as the clock's records said; the first holds before the others */
		uint64_t as_of, offset_us;
	} * offsets;
	size_t offsets_len, offsets_cap;
	bool built;            /* what is derived is there */
	bool live;             /* decisions are made: not while records are executed again */
	bool heard;            /* the loop's clock has been told in this run: */
	uint64_t served_us;    /* what it showed when it was looked at last, */
	uint64_t clock_us;     /* and the desk's then */
	uint64_t boot_us;      /* desk time of this run's beginning */
	uint64_t hold_us;      /* nothing is paired before, */
	uint64_t back, wanted; /* or so many agents are back as were available */
	uint64_t duty_next_us; /* on the wall: some hours turn */
	struct config *by_key;
	struct config *found[DESK_FOUND];
	struct config_list *lists;
	uint64_t rows[CONFIG_NOS];   /* numbers given, of each kind */
	struct conversation *loaded; /* open ones, while nothing is derived */
	struct conversation *talks[DESK_TALKS];
	struct conversation *by_id; /* those in memory */
	struct conversation *by_visitor;
	struct guests *guests;
	struct staff *staffs;
	struct report *reports;   /* tally.h */
	struct tally *tallies;    /* likewise */
	uint64_t report_since_us; /* on the wall: they begin */
	unsigned releases;        /* of this tick */
	struct rank_tree prospects;
	struct conversation *waking;
	struct team *moving; /* whose places have changed */
	struct team *queues; /* list: where somebody waits */
	const struct desk_hooks *hooks;
	struct core_settling settling; /* who measures it */
	struct desk_counts counts;
	struct buf scratch;
};

extern const struct row_kind config_row_kind, conversation_row_kind, stint_row_kind;

#define CONTAINER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
