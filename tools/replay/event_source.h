/* A recording read from its file, event by event, with one event of
 * look-ahead: what was not chosen is passed over. Owns the lines that it gives
 * out until the next call. Knows nothing of brokers. */
#ifndef EVENT_SOURCE_H
#define EVENT_SOURCE_H

#include "choice.h"
#include "lines.h"
#include "recording.h"

struct event_source_item {
	json_t *line; /* NULL: the end */
	struct recording_event event;
};

struct event_source {
	struct lines *lines;
	const struct choice *choice;
	const char *tenant; /* only this one's, of a recording of all; NULL: all */
	struct recording_header header;
	json_t *header_line;
	struct event_source_item now, next;
	bool primed;
	enum parlor_err failed; /* behind `now` */
};

/* Takes over the lines, which stand at the first one, a header. On failure
 * lines_error says why. Finish with event_source_fini in any case. */
enum parlor_err event_source_init(struct event_source *, struct lines *, const struct choice *,
				  const char *tenant) PARLOR_MUST_CHECK;
void event_source_fini(struct event_source *);

/* The next event, NULL at the end; valid until the next call. */
enum parlor_err event_source_next(struct event_source *,
				  const struct event_source_item **) PARLOR_MUST_CHECK;
/* The one behind it. */
const struct event_source_item *event_source_peek(const struct event_source *);

#endif
