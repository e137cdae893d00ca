/* A data directory as its auditor reads it: opened read-only, beside a running
 * broker or as a copy. Owns the walk over the journal, and what is wrong with
 * an entry that cannot be read. Never writes there.
 *
 * A reader keeps pages that a running broker gave up from being used again, and
 * the file grows meanwhile. So the journal is walked in short turns, up to where
 * it ended when it was opened; only source_hold keeps one reader for longer. */
#ifndef AUDIT_SOURCE_H
#define AUDIT_SOURCE_H

#include "store/store.h"

struct source {
	struct store *store;
	const char *dir; /* borrowed */
	uint64_t first;  /* kept, when it was opened, or held */
	uint64_t last;   /* likewise */
	bool held;
	uint64_t bad_at; /* the entry that `why` is about, or 0 */
	char why[512];   /* one line, after a failure */
};

/* STORE_CORRUPT: the journal is damaged; others: it cannot be read. Close it
 * also after a failure. */
enum parlor_err source_open(struct source *, const char *dir) PARLOR_MUST_CHECK;
void source_close(struct source *);

/* Until source_release everything is as of one commit; `first` and `last` are brought
 * up to it. Every other call works inside as well. */
enum parlor_err source_hold(struct source *) PARLOR_MUST_CHECK;
void source_release(struct source *);

/* Entry and record borrow during the call; what it returns but OK ends the walk. */
typedef enum parlor_err source_fn(void *arg, const struct entry *, const struct record *);
/* Every entry from .. upto, in order: checksum, form and position are right.
 * STORE_CORRUPT where one is not, IO when it was trimmed meanwhile. */
enum parlor_err source_walk(struct source *, uint64_t from, uint64_t upto, source_fn *,
			    void *arg) PARLOR_MUST_CHECK;
/* Only the entry of that position; NOT_FOUND when it is not kept (any more). */
enum parlor_err source_read(struct source *, uint64_t position, source_fn *,
			    void *arg) PARLOR_MUST_CHECK;

/* The digest by which a snapshot is known to be of this journal; left as it is when
 * the entry is not kept (any more). */
enum parlor_err source_digest(struct source *, uint64_t position,
			      uint64_t *digest) PARLOR_MUST_CHECK;

/* The last position whose record is not of later than that; 0: there is none. */
enum parlor_err source_at_time(struct source *, uint64_t time_us,
			       uint64_t *position) PARLOR_MUST_CHECK;

/* Writes `why` and gives the error back. position: 0, or of what it is about. */
enum parlor_err source_fault(struct source *, enum parlor_err, uint64_t position,
			     const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
