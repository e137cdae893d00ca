/* Requests about messages: posting, recalling, pages of history. Owns how a page is put
 * together from stored bytes; the handlers are in request.h's list. */
#ifndef API_MESSAGE_H
#define API_MESSAGE_H

#include "sync/pending.h"

#include <parlor/worker.pb-c.h>

struct broker;

/* Answers a request that waited for a page of old history. */
void history_put_archive(struct broker *, const struct pending_asker *,
			 const Parlor__ArchivePage *);

#endif
