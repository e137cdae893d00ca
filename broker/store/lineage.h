/* Whose history a journal is: its own identity, and those of the journals it is
 * a copy of, with the position up to which each is the same. Whoever knew one of
 * those can tell from it whether what it knows is in this journal, too. Owns the
 * form it is kept in; never decides that something is a copy. */
#ifndef STORE_LINEAGE_H
#define STORE_LINEAGE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define LINEAGE_MAX 64 /* the oldest is forgotten, and then is a stranger */

struct lineage_ancestor {
	uint64_t id;
	uint64_t last; /* the same up to this position */
};

struct lineage {
	uint64_t id;
	size_t len;
	struct lineage_ancestor ancestors[LINEAGE_MAX]; /* the latest first */
};

/* The journal goes on as `id` behind `last`. */
void lineage_renew(struct lineage *, uint64_t id, uint64_t last);
/* Up to which position journal `id` is the same as this one: UINT64_MAX is itself,
 * 0 a stranger. */
uint64_t lineage_shared(const struct lineage *, uint64_t id);

/* The ancestors; false when the bytes are not of that form. */
void lineage_encode(struct buf *, const struct lineage *);
bool lineage_decode(struct lineage *, struct span ancestors);

/* Which file it is: another one when it was copied, also under the same name; the
 * same when it was renamed. Never 0, which is the mark of no file. */
uint64_t lineage_file_mark(int fd);

#endif
