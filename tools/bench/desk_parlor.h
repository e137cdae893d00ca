/* The desk's work on a broker of Parlor: its links' requests over a few
 * connections, and a session that watches the teams and so learns who was given
 * to whom, as a desk's service would. */
#ifndef BENCH_DESK_PARLOR_H
#define BENCH_DESK_PARLOR_H

#include "desk_book.h"
#include "options.h"
#include "report.h"

#include <stddef.h>

/* One run on a broker of its own, with so many links. */
void desk_parlor_run(const struct options *, const struct desk_shape *, size_t links,
		     struct report *);

#endif
