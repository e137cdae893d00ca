/* What a run of records comes to: the last state of each room and of whatever else
 * they touch, a noun a file (noun.h). Pure: knows the records, no database and no
 * clock. All values are absolute, so that writing a fold twice is writing it once;
 * within a fold records are taken in order (who leaves and joins again is in).
 * Owns the rooms, which all nouns refer to, and the memory of the nouns' states.
 *
 * Texts are borrowed from the records, which must outlive the fold. */
#ifndef WORKER_FOLD_H
#define WORKER_FOLD_H

#include "base/buf.h"

#include <parlor/worker.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

struct fold_membership;

struct fold_room {
	const char *tenant;
	const char *room;
	bool changed; /* name, state, history_open are known */
	bool created;
	bool renamed;
	bool dissolved; /* memberships of before are gone; memberships folded here came after */
	bool posted;    /* unread of every member may be another */
	const char *name;
	int state;
	bool history_open;
	uint64_t created_us;
	uint64_t counted;  /* 0: not told */
	uint64_t last_seq; /* 0: not told */
	uint32_t members;  /* about */
	uint64_t time_us;  /* of the last record */
	uint64_t position; /* of the last record */
	struct fold_membership *memberships;
	UT_hash_handle hh;
};

#define FOLD_NOUNS_MAX 16

/* Zeroed is an empty fold. The tables keep the order of first mention. */
struct fold {
	struct fold_room *rooms;
	void *states[FOLD_NOUNS_MAX]; /* of each noun; NULL: no record was of it */
	struct buf key;               /* scratch */
};

/* The room of a record, with what every record tells of it; once or again. */
struct fold_room *fold_room(struct fold *, const Parlor__SyncRecord *);
void fold_rooms_free(struct fold *);

/* Sets fold.key: up to three texts, each with its NUL, which no text holds. */
void fold_key(struct fold *, const char *a, const char *b, const char *c);
/* A zeroed entry of `size` bytes with that key behind it. */
void *fold_entry(const struct fold *, size_t size);

#endif
