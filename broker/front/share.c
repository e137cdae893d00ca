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

struct outbox_share *share_open(struct shares *all, struct outbox_share **share)
{
	if (!*share) {
		*share = mem_new(sizeof **share);
		(*share)->all = all;
		(*share)->whose = share;
	}
	all->open += (*share)->peers++ == 0;
	return *share;
}

void share_close(struct outbox_share *share)
{
	if (!share)
		return;
	share->all->open -= --share->peers == 0;
	free_if_done(share);
}

static void set_over(struct outbox_share *share)
{
	struct shares *all = share->all;
	bool over = all->bytes_max && share->queued > all->bytes_max / 2;
	if (over == share->over)
		return;
	share->over = over;
	all->over = over ? all->over + 1 : all->over - 1;
	all->full += over;
}

void share_queue(struct outbox_share *share, size_t bytes)
{
	share->queued += bytes;
	set_over(share);
}

void share_unqueue(struct outbox_share *share, size_t bytes)
{
	assert(share->queued >= bytes);
	share->queued -= bytes;
	set_over(share);
	free_if_done(share);
}

size_t shares_among(const struct shares *all, const struct outbox_share *share, size_t peers)
{
	size_t among = share ? all->open * share->peers : peers;
	return among ? among : 1;
}

bool share_is_full(const struct outbox_share *share)
{
	return share && share->over && share->queued > share->all->bytes_max;
}
