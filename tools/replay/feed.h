/* A broker's journal as it grows, read page by page from its worker endpoint.
 * Owns the connection; comes back after the broker was away, and notices when
 * another journal answers. Keeps no position: its user says from where. */
#ifndef FEED_H
#define FEED_H

#include "base/keys.h"

#include <parlor/worker.pb-c.h>

#define FEED_ENDPOINT_DEFAULT "tcp://127.0.0.1:5571"

struct feed;

/* keys NULL: the broker wants none. ADDRESS when it cannot be connected to at
 * all; *out is to be closed in any case. */
enum parlor_err feed_open(struct feed **out, const char *endpoint,
			  const struct keys *) PARLOR_MUST_CHECK;
void feed_close(struct feed *);

/* Asks for what begins at `from` and waits, up to timeout_ms or until a signal
 * comes. OK with *page NULL: no answer yet, call again. A page without entries:
 * there is nothing behind. It is valid until the next call. Not OK is for good:
 * the broker does not serve its journal, cannot read it, or is another one. */
enum parlor_err feed_next(struct feed *, uint64_t from, int timeout_ms,
			  const Parlor__JournalPage **page) PARLOR_MUST_CHECK;
/* In words, after a failure; never NULL. */
const char *feed_error(const struct feed *);

#endif
