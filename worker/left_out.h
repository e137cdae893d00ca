/* Views that a migration leaves out because something else has their name: finds them
 * when it begins, and keeps them in schema_version, so that one that was cut short and
 * runs again does not take its own views for somebody else's, nor the other way round. */
#ifndef WORKER_LEFT_OUT_H
#define WORKER_LEFT_OUT_H

#include "db/db.h"

#include <stdbool.h>

#define LEFT_OUT_MAX 2048 /* of the column */

/* Zeroed: none. */
struct left_out {
	char names[LEFT_OUT_MAX]; /* each with a blank before and behind it */
	size_t len;
};

/* began: the migration was begun before, and has made what is there. */
enum parlor_err left_out_find(struct db *, unsigned version, bool began,
			      struct left_out *) PARLOR_MUST_CHECK;
/* Into the row of the migration, which is to be written before anything is made. */
enum parlor_err left_out_write(struct db *, unsigned version,
			       const struct left_out *) PARLOR_MUST_CHECK;
/* Whether the statement makes one of them. */
bool left_out_has(const struct left_out *, const char *statement);

#endif
