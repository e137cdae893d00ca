/* The journal: entries under dense positions, each with a checksum over its
 * bytes and its position. Owns the form of an entry; never looks into head or
 * event. Works on the transactions of env.h.
 *
 *   value: u32 checksum of what follows | u8 form | u8 partition
 *          | varint bytes of head | head | event */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/env.h"

struct entry;
struct store_walk;

struct journal {
	struct env *env;
	uint64_t first, last;         /* as committed */
	uint64_t first_read;          /* the first one that the read transaction finds */
	uint64_t first_new, last_new; /* in the write transaction */
	uint64_t bytes, bytes_new;    /* of its pages, likewise */
	MDB_cursor *tail;             /* of the write transaction */
	struct buf scratch;
};

/* last: highest position ever given, as it was kept apart when all were trimmed. */
enum parlor_err journal_init(struct journal *, struct env *, uint64_t last,
			     struct why) PARLOR_MUST_CHECK;
void journal_fini(struct journal *);

/* The read transaction has begun. It may show a commit of the second thread whose
 * end nobody has heard of yet: what that one trimmed cannot be read any more. */
enum parlor_err journal_read_begin(struct journal *) PARLOR_MUST_CHECK;
enum parlor_err journal_read(struct journal *, uint64_t position, struct entry *) PARLOR_MUST_CHECK;
enum parlor_err journal_walk_open(struct journal *, uint64_t from,
				  struct store_walk *) PARLOR_MUST_CHECK;
enum parlor_err journal_walk_open_at(struct journal *, uint64_t from,
				     struct store_walk *) PARLOR_MUST_CHECK;
enum parlor_err journal_walk_next(struct store_walk *, struct entry *) PARLOR_MUST_CHECK;
void journal_walk_close(struct store_walk *);

/* The value of an entry, without its checksum. */
void journal_encode(struct buf *, const struct entry *);

/* In the write transaction; failures go to env_fail. */
void journal_begin(struct journal *);
/* A value by journal_encode; its checksum is put in. */
void journal_append(struct journal *, uint64_t position, uint8_t *value, size_t len);
void journal_replace_event(struct journal *, uint64_t position, struct span event);
void journal_trim(struct journal *, uint64_t first, size_t max);
/* Once all is put: how large it is now. */
void journal_measure(struct journal *);
/* The transaction ended. */
void journal_settle(struct journal *, bool committed);

#endif
