/* What is queued for the peers of one tenant, or held for them, against its part of all. A
 * frame that goes to many of them is one frame. Owns the account, which lives until nothing of it
 * is queued any more; knows no frame and no peer. */
#ifndef FRONT_SHARE_H
#define FRONT_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shares {
	size_t bytes_max; /* queued for one; 0: no limit */
	size_t open;      /* that have a peer */
	uint64_t full;    /* times that one came to have more than half of it queued */
};

struct outbox_share {
	struct shares *all;
	struct outbox_share **whose;
	size_t peers;
	size_t queued;
	size_t held; /* parts that are still to come */
};

/* One peer more, of *share, which is made when it is NULL, and NULL again once nothing is left
 * of it; one less. So much is held for the peer. NULL: of none. */
struct outbox_share *share_open(struct shares *, struct outbox_share **share, size_t held);
void share_close(struct outbox_share *, size_t held);

void share_queue(struct outbox_share *, size_t bytes);
void share_unqueue(struct outbox_share *, size_t bytes);

/* Among how many a peer's part of all is: tenants have the same, and the peers of each of
 * that. Without a share it is one of so many. */
size_t shares_among(const struct shares *, const struct outbox_share *, size_t peers);
/* Nothing is left of it. */
bool share_is_full(const struct outbox_share *);

static inline size_t share_less(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What may be queued for each of its peers: beyond half of the share a fair part of the
 * other half, the same for each. */
static inline size_t share_part(const struct outbox_share *share)
{
	size_t half = share && share->peers ? share->all->bytes_max / 2 : 0;
	return half && share->queued + share->held > half ? half / share->peers : SIZE_MAX;
}

static inline void share_hold(struct outbox_share *share, size_t bytes)
{
	if (share)
		share->held += bytes;
}

static inline void share_let_go(struct outbox_share *share, size_t bytes)
{
	if (share)
		share->held -= bytes;
}

#endif
