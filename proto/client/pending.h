/* The requests that have no answer yet: by id, and in the order in which they
 * were first sent. Owns their encoded bytes, so that they can be sent again
 * unchanged. Never sends anything, never calls back. */
#ifndef CLIENT_PENDING_H
#define CLIENT_PENDING_H

#include "base/buf.h"

#include <parlor/client.h>

#include <uthash.h>

struct pending_request {
	uint64_t id;
	Parlor__Request__OpCase op;
	parlor_reply_fn *fn; /* may be NULL */
	void *arg;
	UT_hash_handle hh;
	struct pending_request *prev, *next;
	size_t len;
	uint8_t bytes[]; /* a field of ToBroker, ready to be put into a frame */
};

/* Zeroed is empty. */
struct pending {
	struct pending_request *by_id;
	struct pending_request *first;
	struct pending_request *unsent; /* it and all behind it wait to be sent */
	size_t count;
};

void pending_fini(struct pending *); /* drops what is left */

/* At the end, unsent. id must be new. */
struct pending_request *pending_add(struct pending *, uint64_t id, struct span bytes);
/* Removes it; the caller frees it with free(). NULL when there is none. */
struct pending_request *pending_take(struct pending *, uint64_t id);

/* Everything before `until` has been sent; NULL: everything. */
void pending_sent(struct pending *, struct pending_request *until);
/* All of it is to be sent again. */
void pending_rewind(struct pending *);

#endif
