#include "progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define TTY_US 500000
#define LOG_US 5000000

void progress_tell(struct progress *p, uint64_t done, uint64_t total, const char *what)
{
	uint64_t now_us = clock_mono_us();
	bool tty = isatty(STDERR_FILENO) == 1;

	if (!p->start_us) {
		*p = (struct progress){.start_us = now_us, .printed_us = now_us};
		p->start = p->printed = done;
	}
	if (now_us - p->printed_us < (tty ? TTY_US : LOG_US))
		return;
	double rate = (double)(done - p->printed) * 1e6 / (double)(now_us - p->printed_us);
	fprintf(stderr, "%s%" PRIu64, tty ? "\r" : "", done);
	if (total)
		fprintf(stderr, " of %" PRIu64, total);
	fprintf(stderr, " %s, %.0f/s", what, rate);
	if (total > done && done > p->start)
		fprintf(stderr, ", about %.0f s left",
			(double)(now_us - p->start_us) / 1e6 * (double)(total - done) /
				(double)(done - p->start));
	fprintf(stderr, tty ? "\033[K" : "\n");
	p->printed_us = now_us;
	p->printed = done;
	p->any = true;
}

void progress_end(struct progress *p)
{
	if (p->any && isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\r\033[K");
}
