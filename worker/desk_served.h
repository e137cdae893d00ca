/* What conversations have behind them: stints, offers, transfers and ratings, each in a
 * table of its own. A change tells all of the one that it began or ended. */
#ifndef WORKER_DESK_SERVED_H
#define WORKER_DESK_SERVED_H

#include "noun.h"

struct fold_served {
	struct served {
		const char *tenant;
		const Parlor__ConversationChanged *told;
		bool rated;
		uint64_t time_us;
	} * list; /* in order: what comes later stands */
	size_t len, cap;
};

extern const struct noun desk_served_noun;

#endif
