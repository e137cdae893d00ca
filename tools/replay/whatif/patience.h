/* How long visitors wait before they leave, by the estimate of Kaplan and Meier: of those who
 * left it is known; those who were served would have waited longer, nobody knows how long. Owns
 * the times; draws by a hash, so that the same visitor draws the same. */
#ifndef WHATIF_PATIENCE_H
#define WHATIF_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATIENCE_ENDLESS UINT64_MAX

struct patience {
	struct patience_time {
		uint64_t us;
		bool left;    /* it went; else it was served then */
		double after; /* which part of all waits longer */
	} * list;
	size_t len, cap;
};

void patience_add(struct patience *, uint64_t us, bool left);
/* Once all are there. */
void patience_estimate(struct patience *);
/* The part of visitors who are still there after so long. */
double patience_after(const struct patience *, uint64_t us);
/* How long one waits who has waited so long already; ENDLESS: longer than anybody was seen
 * to. */
uint64_t patience_draw(const struct patience *, uint64_t waited_us, uint64_t hash);
void patience_fini(struct patience *);

#endif
