/* Pages of old messages, read back for the broker. Owns the query; changes
 * nothing. */
#ifndef WORKER_ARCHIVE_H
#define WORKER_ARCHIVE_H

#include "db/db.h"

#include <parlor/worker.pb-c.h>

#define ARCHIVE_MESSAGES_MAX 1000
#define ARCHIVE_BYTES_MAX (4u << 20)

/* Fills a page (to be freed with archive_page_fini in any case). `more` also when
 * the page is full by bytes; a page has one message at least if there is any. */
enum parlor_err archive_read(struct db *, const Parlor__ArchiveQuery *,
			     Parlor__ArchivePage *) PARLOR_MUST_CHECK;
void archive_page_fini(Parlor__ArchivePage *);

#endif
