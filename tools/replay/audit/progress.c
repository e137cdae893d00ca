#include "audit/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

#define SAY_US 2000000
/* The clock is asked once in so many steps. */
#define STRIDE 256

void progress_begin(struct progress *p, const char *what, uint64_t total)
{
	*p = (struct progress){.what = what, .total = total, .said_us = clock_mono_us()};
}

void progress_step(struct progress *p)
{
	if (++p->done % STRIDE)
		return;
	uint64_t now_us = clock_mono_us();
	if (now_us - p->said_us < SAY_US)
		return;
	p->said_us = now_us;
	if (p->total)
		fprintf(stderr, "parlor-replay: %" PRIu64 " of %" PRIu64 " %s\n", p->done, p->total,
			p->what);
	else
		fprintf(stderr, "parlor-replay: %" PRIu64 " %s\n", p->done, p->what);
}
