/* Unread counted the naive way, from the records alone: every message is kept
 * with its sender, every member of a room with how far it has read, and unread
 * is the number of messages behind that which count and are not its own. Uses
 * neither the broker's counters nor its formula, so that an error there cannot
 * hide here. Also the one who checks that seqs are dense.
 *
 * Rooms are counted in groups, each with a walk of its own over the journal, so
 * that memory is bounded by a group's messages (8 bytes each). */
#ifndef AUDIT_RECOUNT_H
#define AUDIT_RECOUNT_H

#include "core/row.h"

#include "base/err.h"

#include <stdbool.h>

struct recount;

/* Counts the rooms whose number leaves `group` when divided by `groups`. */
struct recount *recount_new(uint64_t groups, uint64_t group);
void recount_free(struct recount *);

/* A row of the snapshot that the counting begins with, in order of keys: rooms,
 * who is in them and has read how far, and which messages count and whose they
 * are; counters are not looked at. False: it is damaged. */
bool recount_begin(struct recount *, enum row_table, struct span key,
		   struct span value) PARLOR_MUST_CHECK;

/* What a record shows to be wrong. */
enum recount_fault {
	RECOUNT_OK,
	RECOUNT_SEQ,    /* a message whose seq is not one above the last one's */
	RECOUNT_UNREAD, /* a reading that says another unread than counting gives */
	RECOUNT_ROOM,   /* about a room or a member that is not there */
};
struct recount_finding {
	enum recount_fault fault;
	uint64_t position, room, member, expected, found;
};
/* The records in order. False, with the finding, at the first that is wrong. */
bool recount_take(struct recount *, const struct record *,
		  struct recount_finding *) PARLOR_MUST_CHECK;

/* Rooms counted, in no order. */
struct recount_member {
	uint64_t room, member, unread, read_seq;
};
typedef bool recount_fn(void *arg, const struct recount_member *);
/* Every member of every room, room by room; stops when fn returns false. */
void recount_each(struct recount *, recount_fn *, void *arg);
/* Members of a room now. */
size_t recount_members(const struct recount *, uint64_t room);

#endif
