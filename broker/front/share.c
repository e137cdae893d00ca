#include "front/share.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static void free_if_done(struct outbox_share *share)
{
	if (share->peers || share->queued)
		return;
	*share->whose = NULL;
	free(share);
}

struct outbox_share *share_open(struct shares *all, struct outbox_share **share, size_t held)
{
	if (!*share) {
		*share = mem_new(sizeof **share);
		(*share)->all = all;
		(*share)->whose = share;
	}
	all->open += (*share)->peers++ == 0;
	(*share)->held += held;
	return *share;
}

void share_close(struct outbox_share *share, size_t held)
{
	if (!share)
		return;
	share->held -= held;
	share->all->open -= --share->peers == 0;
	free_if_done(share);
}

void share_queue(struct outbox_share *share, size_t bytes)
{
	size_t half = share->all->bytes_max / 2;
	share->all->full += half && share->queued <= half && share->queued + bytes > half;
	share->queued += bytes;
}

void share_unqueue(struct outbox_share *share, size_t bytes)
{
	assert(share->queued >= bytes);
	share->queued -= bytes;
	free_if_done(share);
}

size_t shares_among(const struct shares *all, const struct outbox_share *share, size_t peers)
{
	size_t among = share ? all->open * share->peers : peers;
	return among ? among : 1;
}

bool share_is_full(const struct outbox_share *share)
{
	return share && share->all->bytes_max && share->queued > share->all->bytes_max;
}
