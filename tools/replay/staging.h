/* A directory in the making, beside the place where it will stand: whoever looks
 * there finds nothing, or all of it. Owns names and the move; never what is in the
 * directory. Takes no place that holds something. */
#ifndef STAGING_H
#define STAGING_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct staging {
	char place[PATH_MAX]; /* where it is to stand */
	char path[PATH_MAX];  /* where it stands; empty: it does not */
};

/* Makes an empty directory for place, which is missing or empty; else CONFIG, or IO, with a
 * line in why. */
enum parlor_err staging_begin(struct staging *, const char *place, char *why,
			      size_t why_size) PARLOR_MUST_CHECK;
/* Moves it to its place, which is on disk when this returns. After a failure it
 * stays where it is, whole. */
enum parlor_err staging_publish(struct staging *, char *why, size_t why_size) PARLOR_MUST_CHECK;
/* Removes what was not published. Zeroed: nothing. */
void staging_abort(struct staging *);

#endif
