/* A broker's journal as it grows, read page by page from its worker endpoint.
 * Owns the connection; comes back after the broker was away, and notices when
 * another journal answers. Keeps no position: its user says from where. */
#ifndef JOURNAL_READER_H
#define JOURNAL_READER_H

#include "base/keys.h"

#include <parlor/worker.pb-c.h>

#define JOURNAL_READER_ENDPOINT_DEFAULT "tcp://127.0.0.1:5571"

struct journal_reader;

/* keys NULL: the broker wants none. ADDRESS when it cannot be connected to at
 * all; *out is to be closed in any case. */
enum parlor_err journal_reader_open(struct journal_reader **out, const char *endpoint,
				    const struct keys *) PARLOR_MUST_CHECK;
void journal_reader_close(struct journal_reader *);

/* Asks for what begins at `from` and waits, up to timeout_ms or until a signal
 * comes. OK with *page NULL: no answer yet, call again. A page without entries:
 * there is nothing behind. It is valid until the next call. Not OK is for good:
 * the broker does not serve its journal, cannot read it, or is another one. */
enum parlor_err journal_reader_next(struct journal_reader *, uint64_t from, int timeout_ms,
				    const Parlor__JournalPage **page) PARLOR_MUST_CHECK;
/* In words, after a failure; never NULL. */
const char *journal_reader_error(const struct journal_reader *);

#endif
