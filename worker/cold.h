/* Pages of old messages, read back for the broker. Owns the query; changes
 * nothing. */
#ifndef WORKER_COLD_H
#define WORKER_COLD_H

#include "db/db.h"

#include <parlor/worker.pb-c.h>

#define COLD_MESSAGES_MAX 1000
#define COLD_BYTES_MAX (4u << 20)

/* Fills a page (to be freed with cold_page_fini in any case). `more` also when
 * the page is full by bytes; a page has one message at least if there is any. */
enum parlor_err cold_read(struct db *, const Parlor__ColdQuery *,
			  Parlor__ColdPage *) PARLOR_MUST_CHECK;
void cold_page_fini(Parlor__ColdPage *);

#endif
