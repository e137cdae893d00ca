/* What a recording asks of a broker: its events become deeds, one after the
 * other, in order. Owns the file, the tenants' sessions, the rooms met, who is
 * online, and the deeds not yet taken; sends none of them. */
#ifndef PLOT_H
#define PLOT_H

#include "deed.h"
#include "places.h"
#include "play.h"
#include "reel.h"
#include "tenants.h"

enum plot_failure { PLOT_OK, PLOT_INPUT, PLOT_BROKER };

struct present;

struct plot {
	const struct play_options *options;
	struct reel reel;
	unsigned loop; /* from 1 */
	struct tenants tenants;
	struct places places;
	struct present *online;
	struct deed *deeds; /* to be done next; whoever does one takes it out */
	bool ended;         /* the file is at its end */
	enum plot_failure failed;
	uint64_t events;
	int64_t first_ms; /* time of the first event that is played */
	bool begun;
};

void plot_init(struct plot *, const struct play_options *, struct lines *);
/* Every deed that was taken must be gone. */
void plot_fini(struct plot *);

/* Reads the next event; what it comes to is in `deeds`, which may be nothing.
 * False when it failed. */
bool plot_next(struct plot *);
/* The same file again, from its beginning, in rooms of other names. False when
 * it failed. */
bool plot_rewind(struct plot *);
/* Requests that may wait for MySQL, by what the brokers' welcomes say. */
size_t plot_waiting_max(const struct plot *);
const char *plot_error(const struct plot *);

#endif
