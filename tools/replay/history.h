/* What the tables of Parlor's schema say, as a history: rooms, joins, messages,
 * reads and ends of rooms, in the order in which they happened as far as the
 * tables know it. Owns the query, made of what each noun has to tell; changes nothing.
 * One statement, so that all of it is of one moment. */
#ifndef HISTORY_H
#define HISTORY_H

#include "db/db.h"

enum history_column {
	HISTORY_TIME,
	HISTORY_TENANT,
	HISTORY_ROOM,
	HISTORY_SEQ,
	HISTORY_MEMBER,
	HISTORY_NUMBERS, /* three of them, whatever they are */
	HISTORY_NAME = HISTORY_NUMBERS + 3,
	HISTORY_AVATAR,
	HISTORY_BODY,
	HISTORY_CLIENT_ID,
	HISTORY_MENTIONS,
	HISTORY_COLUMNS
};

/* Of what has the same time, room and seq, the lower comes first. */
enum history_order {
	HISTORY_BEGINS, /* a room */
	HISTORY_SAYS,   /* in it */
	HISTORY_JOINS,  /* behind message seq */
	HISTORY_OPENS,  /* a conversation, likewise */
	HISTORY_SERVES, /* what became of it */
	HISTORY_HAS,    /* what else the room has in the end */
	HISTORY_ENDS,   /* the room as it is in the end */
	HISTORY_READS,  /* where a member stands in the end */
	HISTORY_KNOWS,  /* the tenant, a member */
};

struct rebuild;
struct history_row;

/* The rows of a table that tell history. */
struct history_source {
	enum history_order order;
	const char *from;                     /* tables */
	const char *columns[HISTORY_COLUMNS]; /* SQL; NULL: it has none */
	/* Tells it to the core that the data directory is rebuilt with. */
	enum parlor_err (*rebuild)(struct rebuild *, const struct history_row *);
};

/* Spans borrow during the call, each followed by a NUL. */
struct history_row {
	const struct history_source *source;
	uint64_t time_us;
	struct span tenant, room;
	uint64_t seq;
	struct span member, name, avatar;
	struct span body, client_id;
	struct span mentions; /* JSON; data NULL: none */
	uint64_t numbers[HISTORY_NAME - HISTORY_NUMBERS];
};

typedef void history_fn(void *arg, const struct history_row *);
enum parlor_err history_read(struct db *, history_fn *, void *arg) PARLOR_MUST_CHECK;

#endif
