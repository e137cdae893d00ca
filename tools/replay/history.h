/* What the tables of Parlor's schema say, as a history: rooms, joins, messages,
 * reads and ends of rooms, in the order in which they happened as far as the
 * tables know it. Owns the query; changes nothing. One statement, so that all of
 * it is of one moment. */
#ifndef HISTORY_H
#define HISTORY_H

#include "db/db.h"

/* Of what has the same time, room and seq, the lower comes first. */
enum history_kind {
	HISTORY_ROOM,
	HISTORY_MESSAGE,
	HISTORY_JOIN,  /* behind message seq */
	HISTORY_LABEL, /* one that the room has in the end: `member` */
	HISTORY_END,   /* the room as it is in the end */
	HISTORY_READ,  /* where a member stands in the end */
	HISTORY_SEEN,  /* a member of the tenant, and when it was last seen */
};
#define HISTORY_KINDS (HISTORY_SEEN + 1)

/* Spans borrow during the call, each followed by a NUL. */
struct history_fact {
	enum history_kind kind;
	uint64_t time_us;
	struct span tenant, room;
	uint64_t seq;
	struct span member, name, avatar; /* MESSAGE: sender; ROOM: its name */
	struct span body, client_id;
	struct span mentions; /* JSON; data NULL: none */
	union {
		struct {
			uint64_t open;
		} of_room;
		struct {
			uint64_t type, content_type, recalled;
		} of_message;
		struct {
			uint64_t type;
		} of_join;
		struct {
			uint64_t read_seq, seen;
		} of_read;
		struct {
			uint64_t state, counted, last_seq;
		} of_end;
		struct {
			uint64_t known; /* else time_us says nothing */
		} of_seen;
		uint64_t numbers[3];
	};
};

typedef void history_fn(void *arg, const struct history_fact *);
enum parlor_err history_read(struct db *, history_fn *, void *arg) PARLOR_MUST_CHECK;

#endif
