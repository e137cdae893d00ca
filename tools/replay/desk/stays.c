#include "desk/stays.h"

#include "desk/rules.h"

#include "core/kinds.h"

#include "base/mem.h"

#include <stdlib.h>
#include <utlist.h>

#define LLU(number) ((unsigned long long)(number))
#define COUNTS ((uint64_t)1 << 63) /* of a message, beside its sender */

struct stay {
	uint64_t key[2]; /* room, member */
	uint64_t read_seq;
	uint64_t seen;  /* as records said: unread is what was counted in the room, less it */
	uint64_t begun; /* in which turn */
	uint64_t said;  /* to be unread when it began */
	struct stay *next, *prev;
	UT_hash_handle hh;
};

struct stays_room {
	uint64_t no;
	struct stay *stays;
	UT_hash_handle hh;
};

/* What must have come about when the turn ends: it serves and is in the room, or it
 * serves no more and is not. */
struct stays_owed {
	uint64_t room, member, position;
	bool left;
};

/* ---- rooms ------------------------------------------------------------------------ */

static struct stays_room *room_of(const struct ledger *l, uint64_t no)
{
	struct stays_room *room;
	HASH_FIND(hh, l->rooms, &no, sizeof no, room);
	return room;
}

static struct stays_room *room_add(struct ledger *l, uint64_t no)
{
	struct stays_room *room = mem_new(sizeof *room);
	room->no = no;
	HASH_ADD(hh, l->rooms, no, sizeof room->no, room);
	return room;
}

void stays_expect(struct ledger *l, uint64_t room)
{
	if (!room_of(l, room))
		(void)room_add(l, room);
}

void stays_only_expected(struct ledger *l)
{
	l->only_expected = true;
}

static struct stay *stay_of(const struct ledger *l, uint64_t room, uint64_t member)
{
	struct stay *stay;
	const uint64_t key[2] = {room, member};
	HASH_FIND(hh, l->stays, key, sizeof key, stay);
	return stay;
}

static void end_stay(struct ledger *l, struct stays_room *room, struct stay *stay)
{
	DL_DELETE(room->stays, stay);
	HASH_DEL(l->stays, stay);
	free(stay);
}

void stays_fini(struct ledger *l)
{
	struct stays_room *room, *next;
	HASH_ITER (hh, l->rooms, room, next) {
		while (room->stays)
			end_stay(l, room, room->stays);
		HASH_DEL(l->rooms, room);
		free(room);
	}
	free(l->owed);
}

/* ---- what is unread ------------------------------------------------------------------ */

static uint64_t last_seq(const struct visit *v)
{
	return v->row.first_seq - 1 + v->messages_len;
}

/* False: it has not read what was before the conversation, and that is not known. */
static bool count_unread(const struct visit *v, const struct stay *stay, uint64_t *unread)
{
	*unread = 0;
	if (stay->read_seq + 1 < v->row.first_seq)
		return false;
	for (uint64_t i = stay->read_seq + 1 - v->row.first_seq; i < v->messages_len; i++)
		*unread += (v->messages[i] & COUNTS) && (v->messages[i] & ~COUNTS) != stay->key[1];
	return true;
}

static void compare(struct ledger *l, const struct visit *v, uint64_t said)
{
	if (v->unread_known && v->unread != said)
		ledger_fault(l, CHECK_UNREAD,
			     "conversation %s: who serves has %llu unread, not %llu", v->id,
			     LLU(v->unread), LLU(said));
}

static void posted(struct ledger *l, struct visit *v, const struct record *r)
{
	const struct record_posted *p = &r->posted;
	bool counts = p->type == MESSAGE_TYPE_MESSAGE;
	struct stay *stay = stay_of(l, r->room, r->member);
	if (p->seq != last_seq(v) + 1) {
		ledger_fault(l, CHECK_UNREAD,
			     "conversation %s: message %llu is said where it has come to %llu",
			     v->id, LLU(p->seq), LLU(last_seq(v)));
		return;
	}
	MEM_GROW(v->messages, v->messages_len, v->messages_cap, 8);
	v->messages[v->messages_len++] = r->member | (counts ? COUNTS : 0);
	if (stay)
		stay->seen = p->counts.seen;
	stay = v->server ? stay_of(l, r->room, v->server) : NULL;
	if (!stay)
		return;
	v->unread += counts && r->member != v->server;
	compare(l, v, p->counts.counted - stay->seen);
}

static void has_read(struct ledger *l, struct visit *v, const struct record *r)
{
	const struct record_counts *counts = &r->read.counts;
	struct stay *stay = stay_of(l, r->room, r->member);
	if (!stay)
		return;
	stay->read_seq = counts->read_seq;
	stay->seen = counts->seen;
	if (!v || v->retold || v->server != r->member)
		return;
	v->unread_known = count_unread(v, stay, &v->unread);
	compare(l, v, counts->counted - counts->seen);
}

/* ---- who comes and goes -------------------------------------------------------------- */

static struct visit *visit_in(const struct ledger *l, uint64_t room)
{
	struct visit *v;
	HASH_FIND(hh_room, l->by_room, &room, sizeof room, v);
	return v;
}

static void owe(struct ledger *l, uint64_t room, uint64_t member, bool left)
{
	MEM_GROW(l->owed, l->owed_len, l->owed_cap, 8);
	l->owed[l->owed_len++] = (struct stays_owed){room, member, l->position, left};
}

static void joined(struct ledger *l, const struct record *r)
{
	const struct record_counts *counts = &r->membership.counts;
	struct stay *stay = stay_of(l, r->room, r->member);
	struct stays_room *room = room_of(l, r->room);
	if (!stay) {
		stay = mem_new(sizeof *stay);
		stay->key[0] = r->room;
		stay->key[1] = r->member;
		HASH_ADD(hh, l->stays, key, sizeof stay->key, stay);
		DL_APPEND(room->stays, stay);
	}
	stay->read_seq = counts->read_seq;
	stay->seen = counts->seen;
	stay->said = counts->counted - counts->seen;
	stay->begun = l->turns;
}

static void left(struct ledger *l, const struct record *r)
{
	struct stay *stay = stay_of(l, r->room, r->member);
	const struct visit *v = visit_in(l, r->room);
	if (stay)
		end_stay(l, room_of(l, r->room), stay);
	if (v && v->server == r->member)
		owe(l, r->room, r->member, false);
}

static void all_left(struct ledger *l, struct stays_room *room)
{
	const struct visit *v = visit_in(l, room->no);
	while (room->stays)
		end_stay(l, room, room->stays);
	if (v && v->server)
		owe(l, room->no, v->server, false);
}

void stays_take(struct ledger *l, const struct record *r)
{
	struct visit *v;
	if (!r->room)
		return;
	if (!room_of(l, r->room)) {
		if (l->only_expected)
			return;
		(void)room_add(l, r->room);
	}
	switch (record_moves(r)) {
	case MOVES_IN:
		joined(l, r);
		return;
	case MOVES_OUT:
		left(l, r);
		return;
	case MOVES_ALL_OUT:
		all_left(l, room_of(l, r->room));
		return;
	case MOVES_NOBODY:
		break;
	}
	if (r->kind == RECORD_READ)
		has_read(l, visit_in(l, r->room), r);
	if (r->kind != RECORD_POSTED)
		return;
	v = visit_in(l, r->room);
	struct stay *stay = stay_of(l, r->room, r->member);
	if (v && !v->retold)
		posted(l, v, r);
	else if (stay)
		stay->seen = r->posted.counts.seen;
}

/* ---- who serves ------------------------------------------------------------------------ */

static uint64_t member_of(const struct ledger *l, uint64_t seat)
{
	const struct roster_seat *s = roster_seat(&l->roster, seat);
	return s && s->agent ? s->agent->member : 0;
}

/* Whose last stint lies further back comes as if for the first time. */
#define STINTS_LOOKS 200

/* Behind what it had seen when it left the conversation, or what was said before that. */
static uint64_t reads_behind(const struct visit *v, uint64_t member, uint32_t stint)
{
	for (size_t i = 0; i < v->ended_len; i++)
		if (v->ended[i].member == member && v->ended[i].stint + STINTS_LOOKS >= stint)
			return v->ended[i].seq;
	return v->row.first_seq - 1;
}

static void assigned(struct ledger *l, struct visit *v, uint32_t stint, const char *id)
{
	const struct stay *stay = stay_of(l, v->row.room, v->server);
	v->unread_known = false;
	if (!l->booted)
		return;
	owe(l, v->row.room, v->server, false);
	if (!stay) {
		ledger_fault(l, CHECK_ROOM,
			     "conversation %s: agent %s serves it from outside of its room", v->id,
			     id);
		return;
	}
	if (v->retold)
		return;
	/* Who was there before it served reads on from where it was. */
	uint64_t behind = reads_behind(v, v->server, stint);
	if (stay->begun == l->turns && stay->read_seq != behind)
		ledger_fault(l, CHECK_UNREAD,
			     "conversation %s: what agent %s has not read begins behind %llu, not "
			     "behind %llu",
			     v->id, id, LLU(behind), LLU(stay->read_seq));
	v->unread_known = count_unread(v, stay, &v->unread);
	if (stay->begun == l->turns)
		compare(l, v, stay->said);
}

static void released(struct visit *v, uint64_t member, uint32_t stint)
{
	size_t i = 0;
	while (i < v->ended_len && v->ended[i].member != member)
		i++;
	if (i == v->ended_len) {
		MEM_GROW(v->ended, v->ended_len, v->ended_cap, 2);
		v->ended_len++;
	}
	v->ended[i] = (struct visit_end){member, last_seq(v), stint};
}

void stays_behind(struct ledger *l, const struct step *s, struct visit *v)
{
	const struct roster_seat *seat = roster_seat(&l->roster, s->row->seat);
	if (!room_of(l, v->row.room))
		(void)room_add(l, v->row.room);
	if (s->record->kind == RECORD_RELEASED)
		released(v, member_of(l, s->record->conversation.seat),
			 s->record->conversation.stint_n);
	uint64_t before = v->server;
	v->server = member_of(l, s->row->seat);
	if (l->booted && before && before != v->server)
		owe(l, v->row.room, before, true);
	if (s->record->kind == RECORD_ASSIGNED && v->server)
		assigned(l, v, s->row->stints, seat->agent->id);
}

/* ---- the end of a turn ----------------------------------------------------------------- */

void stays_turn(struct ledger *l)
{
	uint64_t at = l->position;
	for (size_t i = 0; i < l->owed_len; i++) {
		const struct stays_owed *o = &l->owed[i];
		const struct visit *v = visit_in(l, o->room);
		bool serves = v && v->server == o->member;
		bool is_in = stay_of(l, o->room, o->member) != NULL;
		l->position = o->position;
		if (serves && !is_in)
			ledger_fault(
				l, CHECK_ROOM,
				"conversation %s: member #%llu serves it, and is not in its room",
				v->id, LLU(o->member));
		if (o->left && !serves && is_in)
			ledger_fault(
				l, CHECK_ROOM,
				"member #%llu was released from room #%llu, and is still there",
				LLU(o->member), LLU(o->room));
	}
	l->owed_len = 0;
	l->turns++;
	l->position = at;
}
