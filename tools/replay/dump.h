/* A room's transcript, read from the broker page by page and printed as it
 * comes: for a person, or in the format that play reads. */
#ifndef DUMP_H
#define DUMP_H

#include "base/keys.h"

#include <stdbool.h>

struct dump_options {
	const char *room;
	const char *broker; /* NULL: the library's default */
	const char *tenant;
	const struct keys *keys; /* NULL: none */
	const char *member;      /* as this member sees it; NULL: everything */
	bool ndjson;
};

/* Returns the exit status: 0, or 1 with a line on stderr. */
int dump_run(const struct dump_options *);

#endif
