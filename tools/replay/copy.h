/* A copy of a data directory, consistent as of one moment, while its broker
 * runs: LMDB copies from a read transaction, which the broker need not know of.
 * Until it is done the broker cannot use again what it frees. Owns the new
 * directory: either there is a whole copy on disk in it, or nothing. The copy says
 * that it is one, so that no store takes it for the original. */
#ifndef COPY_H
#define COPY_H

#include "store/lineage.h"

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct copy_options {
	const char *dir;  /* of a broker, running or not */
	const char *dest; /* made, unless it is an empty directory */
	bool compact;     /* without free pages; takes longer */
	/* Called now and then; total is what there is to read, a compact copy ends
	 * below it. False gives up. */
	bool (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};
struct copy_result {
	uint64_t bytes;
	struct lineage lineage; /* of the source */
	uint64_t first, last;   /* positions */
};

/* why: of at least 256 bytes, one line for a person. CONFIG: dest is not
 * empty; STORE and its kin: one of the two cannot be read or written;
 * STORE_FULL: no room; TIMEOUT: progress gave up. No store of this process may
 * be open on either. */
enum parlor_err copy_dir(const struct copy_options *, struct copy_result *, char *why,
			 size_t why_size) PARLOR_MUST_CHECK;

#endif
