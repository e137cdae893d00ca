/* Segments ahead of the one in use: made, and old ones given the number of a new one or removed,
 * one at a time in a thread of its own, so that no acknowledgement waits for it. Owns which
 * segments there are ahead and behind; never touches the one in use. */
#ifndef STORE_WAL_MAKER_H
#define STORE_WAL_MAKER_H

#include "store/wal/segment.h"
#include "store/writer.h"

#define MAKER_RETRY_US 200000 /* behind a failure, as on a full disk */

enum maker_job { MAKER_MAKE, MAKER_RENAME, MAKER_REMOVE };

struct maker {
	const struct segment_dir *dir;
	struct writer writer;
	uint64_t first; /* lowest number there is, made + 1 when there is none */
	uint64_t used;  /* number in use, or used last; those above are ahead */
	uint64_t made;  /* highest number there is */
	uint64_t freed; /* those below are not needed any more */
	uint32_t ahead; /* so many are wanted; twice as many are kept */
	uint64_t retry_us;
	struct {
		bool busy;
		enum maker_job job;
		uint64_t from, to;
		int rc;
	} now; /* the thread's, while busy */
	struct {
		uint64_t made, renamed, removed, failed;
	} counts;
};

/* first, used, made: of a directory that was looked through. NO_MEMORY. */
enum parlor_err maker_open(struct maker *, const struct segment_dir *, uint32_t ahead,
			   uint64_t first, uint64_t used, uint64_t made) PARLOR_MUST_CHECK;
/* Waits for what is under way. Zeroed is fine. */
void maker_close(struct maker *);

/* Takes what has ended, and begins the next thing that is wanted. Cheap; may be called any time,
 * and is to be called when the descriptor is readable. */
void maker_work(struct maker *, uint64_t now_us);
int maker_fd(const struct maker *);
/* Waits until `n` are ahead. What the last try ended with, when none is: errno's number. */
int maker_wait(struct maker *, uint64_t n);

static inline uint64_t maker_ahead(const struct maker *m)
{
	return m->made - m->used;
}
/* The next one comes into use. There is one. */
uint64_t maker_use(struct maker *);
/* Those below are not needed any more. */
void maker_free(struct maker *, uint64_t below);

#endif
