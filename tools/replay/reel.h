/* A recording read from its file, event by event, with one event of
 * look-ahead: what was not chosen is passed over. Owns the lines that it gives
 * out until the next call. Knows nothing of brokers. */
#ifndef REEL_H
#define REEL_H

#include "choice.h"
#include "lines.h"
#include "recording.h"

struct reel_item {
	json_t *line; /* NULL: the end */
	struct recording_event event;
};

struct reel {
	struct lines *lines;
	const struct choice *choice;
	const char *tenant; /* only this one's, of a recording of all; NULL: all */
	struct recording_header header;
	json_t *header_line;
	struct reel_item now, next;
	bool primed;
	enum parlor_err failed; /* behind `now` */
};

/* Takes over the lines, which stand at the first one, a header. On failure
 * lines_error says why. Finish with reel_fini in any case. */
enum parlor_err reel_init(struct reel *, struct lines *, const struct choice *,
			  const char *tenant) PARLOR_MUST_CHECK;
void reel_fini(struct reel *);

/* The next event, NULL at the end; valid until the next call. */
enum parlor_err reel_next(struct reel *, const struct reel_item **) PARLOR_MUST_CHECK;
/* The one behind it. */
const struct reel_item *reel_peek(const struct reel *);

#endif
