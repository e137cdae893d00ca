#include "audit/recount.h"

#include "core/block.h"
#include "core/kinds.h"

#include "base/mem.h"
#include "base/pool.h"

#include <stdlib.h>
#include <uthash.h>

#define SENDER_BITS 63

struct membership {
	UT_hash_handle hh;
	uint64_t member;
	uint64_t read_seq;
	uint64_t own; /* of the count under way */
};

struct parlor {
	UT_hash_handle hh;
	uint64_t no;
	bool desk;          /* a conversation was opened in it */
	uint64_t *messages; /* by seq - 1: the sender's number, and on top whether it counts */
	size_t len, cap;
	struct membership *memberships;
};

struct recount {
	uint64_t groups, group;
	struct parlor *rooms;
	struct pool memberships;
};

struct recount *recount_new(uint64_t groups, uint64_t group)
{
	struct recount *c = mem_new(sizeof *c);
	c->groups = groups;
	c->group = group;
	return c;
}

static void remove_membership(struct recount *c, struct parlor *room, struct membership *membership)
{
	HASH_DEL(room->memberships, membership);
	pool_put(&c->memberships, membership);
}

static void remove_all(struct recount *c, struct parlor *room)
{
	struct membership *membership, *next;
	HASH_ITER (hh, room->memberships, membership, next)
		remove_membership(c, room, membership);
}

void recount_free(struct recount *c)
{
	struct parlor *room, *next;
	if (!c)
		return;
	HASH_ITER (hh, c->rooms, room, next) {
		remove_all(c, room);
		HASH_DEL(c->rooms, room);
		free(room->messages);
		free(room);
	}
	pool_fini(&c->memberships);
	free(c);
}

static struct parlor *room_of(const struct recount *c, uint64_t no)
{
	struct parlor *room;
	HASH_FIND(hh, c->rooms, &no, sizeof no, room);
	return room;
}

static struct membership *membership_of(const struct parlor *room, uint64_t member)
{
	struct membership *membership;
	HASH_FIND(hh, room->memberships, &member, sizeof member, membership);
	return membership;
}

static bool counts(uint64_t message)
{
	return message >> SENDER_BITS;
}

static uint64_t sender(uint64_t message)
{
	return message & (((uint64_t)1 << SENDER_BITS) - 1);
}

/* One member's, message by message. */
static uint64_t count(const struct parlor *room, const struct membership *membership)
{
	uint64_t unread = 0;
	for (size_t i = membership->read_seq; i < room->len; i++)
		unread += counts(room->messages[i]) &&
			  sender(room->messages[i]) != membership->member;
	return unread;
}

/* ---- records --------------------------------------------------------------------- */

static bool wrong(struct recount_finding *f, enum recount_fault fault, const struct record *r,
		  uint64_t expected, uint64_t found)
{
	*f = (struct recount_finding){.fault = fault,
				      .position = r->position,
				      .room = r->room,
				      .member = r->member,
				      .expected = expected,
				      .found = found};
	return false;
}

static void add_room(struct recount *c, uint64_t no)
{
	struct parlor *room = mem_new(sizeof *room);
	room->no = no;
	HASH_ADD(hh, c->rooms, no, sizeof room->no, room);
}

static void add_message(struct parlor *room, uint64_t member, bool counted)
{
	MEM_GROW(room->messages, room->len, room->cap, 16);
	room->messages[room->len++] = member | (uint64_t)counted << SENDER_BITS;
}

static bool post(struct parlor *room, const struct record *r, struct recount_finding *f)
{
	const struct record_posted *p = &r->posted;
	if (p->seq != room->len + 1)
		return wrong(f, RECOUNT_SEQ, r, room->len + 1, p->seq);
	add_message(room, r->member, p->type == MESSAGE_TYPE_MESSAGE);
	return true;
}

static void join(struct recount *c, struct parlor *room, uint64_t member, uint64_t read_seq)
{
	struct membership *membership = membership_of(room, member);
	if (!membership) {
		membership = pool_get(&c->memberships, sizeof *membership);
		membership->member = member;
		HASH_ADD(hh, room->memberships, member, sizeof membership->member, membership);
	}
	membership->read_seq = read_seq;
}

static bool has_read(struct parlor *room, const struct record *r, struct recount_finding *f)
{
	const struct record_counts *counts = &r->read.counts;
	struct membership *membership = membership_of(room, r->member);
	if (!membership || counts->read_seq > room->len)
		return wrong(f, RECOUNT_ROOM, r, 0, 0);
	membership->read_seq = counts->read_seq;
	uint64_t unread = count(room, membership), said = counts->counted - counts->seen;
	return unread == said || wrong(f, RECOUNT_UNREAD, r, unread, said);
}

/* Behind all that was said; whoever comes to serve a visitor has what waited as unread. */
static bool come(struct recount *c, struct parlor *room, const struct record *r,
		 struct recount_finding *f)
{
	const struct record_counts *counts = &r->membership.counts;
	if (!room->desk) {
		join(c, room, r->member, room->len);
		return true;
	}
	if (counts->read_seq > room->len)
		return wrong(f, RECOUNT_ROOM, r, 0, 0);
	join(c, room, r->member, counts->read_seq);
	uint64_t unread = count(room, membership_of(room, r->member));
	uint64_t said = counts->counted - counts->seen;
	return unread == said || wrong(f, RECOUNT_UNREAD, r, unread, said);
}

static bool leave(struct recount *c, struct parlor *room, const struct record *r,
		  struct recount_finding *f)
{
	struct membership *membership = membership_of(room, r->member);
	if (!membership)
		return wrong(f, RECOUNT_ROOM, r, 0, 0);
	remove_membership(c, room, membership);
	return true;
}

bool recount_take(struct recount *c, const struct record *r, struct recount_finding *f)
{
	if (!r->room || r->room % c->groups != c->group)
		return true;
	if (r->kind == RECORD_ROOM_CREATED) {
		add_room(c, r->room);
		return true;
	}
	struct parlor *room = room_of(c, r->room);
	if (!room)
		return wrong(f, RECOUNT_ROOM, r, 0, 0);
	if (r->kind == RECORD_POSTED)
		return post(room, r, f);
	if (r->kind == RECORD_READ)
		return has_read(room, r, f);
	if (r->kind == RECORD_OPENED)
		room->desk = true;
	switch (record_moves(r)) {
	case MOVES_IN:
		return come(c, room, r, f);
	case MOVES_OUT:
		return leave(c, room, r, f);
	case MOVES_ALL_OUT:
		remove_all(c, room);
		return true;
	case MOVES_NOBODY:
		return true;
	}
	return true;
}

/* ---- a snapshot ------------------------------------------------------------------ */

static bool begin_room(struct recount *c, uint64_t no, struct span value)
{
	struct row_room row;
	add_room(c, no);
	room_of(c, no)->desk = row_get_room(value, &row) && row.conversation;
	return true;
}

static bool begin_block(struct parlor *room, uint64_t no, struct span value)
{
	struct row_message m;
	unsigned len;
	if (!block_count(value, &len) || no * BLOCK_MESSAGES != room->len)
		return false;
	for (unsigned at = 0; at < len; at++) {
		if (block_get(value, at, &m))
			return false;
		add_message(room, m.sender, m.counts);
	}
	return true;
}

bool recount_begin(struct recount *c, enum row_table table, struct span key, struct span value)
{
	struct row_membership row;
	if (table != ROW_ROOMS)
		return true;
	if (key.len < ROW_PREFIX)
		return false;
	const uint8_t *bytes = key.data;
	uint64_t no = be64_get(bytes);
	if (no % c->groups != c->group)
		return true;
	if (bytes[8] == ROW_SELF)
		return begin_room(c, no, value);
	if (bytes[8] == ROW_KEYS || bytes[8] == ROW_OWN || bytes[8] == ROW_MEMBER_ID)
		return true; /* follow from the others */
	struct parlor *room = room_of(c, no);
	if (!room || key.len != ROW_PREFIX + 8)
		return false;
	if (bytes[8] == ROW_BLOCK)
		return begin_block(room, row_key_tail(key.data, key.len), value);
	if (bytes[8] != ROW_MEMBERSHIP || !row_get_membership(value, &row))
		return false;
	join(c, room, row_key_tail(key.data, key.len), row.read_seq);
	return true;
}

/* ---- the result ------------------------------------------------------------------ */

size_t recount_members(const struct recount *c, uint64_t no)
{
	struct parlor *room = room_of(c, no);
	return room ? HASH_COUNT(room->memberships) : 0;
}

/* The same as count() for all members at once, so that large rooms do not take
 * for ever: what counts behind a seq, less what each member said there. */
static bool count_all(const struct parlor *room, recount_fn *fn, void *arg)
{
	struct membership *membership, *next;
	uint64_t *behind = mem_new((room->len + 1) * sizeof *behind);
	HASH_ITER (hh, room->memberships, membership, next)
		membership->own = 0;
	for (size_t i = room->len; i-- > 0;) {
		behind[i] = behind[i + 1] + counts(room->messages[i]);
		membership = counts(room->messages[i])
				     ? membership_of(room, sender(room->messages[i]))
				     : NULL;
		if (membership && i >= membership->read_seq)
			membership->own++;
	}
	bool more = true;
	for (membership = room->memberships; membership && more; membership = membership->hh.next) {
		struct recount_member m = {.room = room->no,
					   .member = membership->member,
					   .read_seq = membership->read_seq,
					   .unread =
						   behind[membership->read_seq] - membership->own};
		more = fn(arg, &m);
	}
	free(behind);
	return more;
}

void recount_each(struct recount *c, recount_fn *fn, void *arg)
{
	for (struct parlor *room = c->rooms; room; room = room->hh.next)
		if (!count_all(room, fn, arg))
			return;
}
