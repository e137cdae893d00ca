/* Readers of the journal: peers that ask for its entries page by page, to
 * record or to copy them. Owns who asks for what and until when, and the account of
 * pages that ZeroMQ holds for each; keeps nothing else between a page and the next
 * question, and no lease: a reader that is gone is forgotten with its question.
 * Reads only what is committed, at most one page a call, so that neither workers
 * nor clients wait for a reader; who does not read its pages is sent no more. */
#ifndef FEED_FEED_H
#define FEED_FEED_H

#include "front/peer.h"
#include "store/store.h"

#include <parlor/worker.pb-c.h>

#define FEED_RECORDS_MAX 4000      /* of one page */
#define FEED_BYTES_MAX (512 << 10) /* of one page, about; one entry always goes */
#define FEED_WAIT_MS_MAX 5000
#define FEED_PAGES_MAX 2 /* of one reader, that ZeroMQ holds */

/* A reader: who asks, or has not read yet what it was sent. */
struct feed_reader {
	bool asks;
	struct peer peer;
	struct peer_account *pages;
	uint64_t query;
	uint64_t from;
	uint32_t max;
	uint64_t until_us;
};

struct feed {
	struct feed_reader *slots;
	size_t max;
	size_t len;  /* that ask */
	size_t next; /* who is looked at first */
	uint64_t asked, pages, refused;
	struct buf body, entry; /* scratch */
};

void feed_init(struct feed *, size_t max);
void feed_fini(struct feed *);

/* Takes a question, in place of one that the peer left open. False: too many
 * readers wait, or have pages unread. */
bool feed_request(struct feed *, const struct peer *, const Parlor__JournalRead *, uint64_t now_us);

/* Answers one of those who can be answered: there is something to read, or the
 * time is up. head: last committed position; the read transaction may be older.
 * Returns the microseconds until it wants to be called again. */
uint64_t feed_send(struct feed *, void *socket, struct store *, struct core *, uint64_t head,
		   uint64_t now_us);

#endif
