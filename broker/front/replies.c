#include "front/replies.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* Of the buffer and of the list, between turns: what a full turn takes, lest each one pays
 * for its memory again. */
#define KEPT_BYTES_MAX (16u << 20)

static void add(struct replies *r, struct outbox_peer *peer, size_t at, size_t len)
{
	MEM_GROW(r->list, r->len, r->cap, 256);
	r->list[r->len++] = (struct reply_for){.peer = peer, .at = at, .len = len};
	outbox_hold(peer, len);
}

struct buf *replies_begin(struct replies *r)
{
	r->begun = r->bytes.len;
	return &r->bytes;
}

void replies_end(struct replies *r, struct outbox_peer *peer)
{
	assert(r->bytes.len > r->begun);
	add(r, peer, r->begun, r->bytes.len - r->begun);
}

void replies_also(struct replies *r, struct outbox_peer *peer)
{
	assert(r->len > 0);
	struct reply_for last = r->list[r->len - 1];
	add(r, peer, last.at, last.len);
}

size_t replies_bytes(const struct replies *r)
{
	return r->bytes.len + r->len * sizeof *r->list;
}

void replies_put_down(struct replies *r, struct outbox *outbox)
{
	struct outbox_part part = {0};
	for (size_t i = 0; i < r->len; i++) {
		const struct reply_for *f = &r->list[i];
		/* The same bytes are one part, which peers share. */
		if (i == 0 || f->at != r->list[i - 1].at)
			part = outbox_refer(outbox, (struct span){r->bytes.data + f->at, f->len});
		outbox_add(outbox, f->peer, part);
		outbox_let_go(f->peer, f->len);
	}
	r->len = 0;
}

void replies_clear(struct replies *r)
{
	assert(!r->len);
	if (r->bytes.cap > KEPT_BYTES_MAX)
		buf_fini(&r->bytes);
	buf_clear(&r->bytes);
	if (r->cap * sizeof *r->list > KEPT_BYTES_MAX) {
		free(r->list);
		r->list = NULL;
		r->cap = 0;
	}
}

void replies_fini(struct replies *r)
{
	for (size_t i = 0; i < r->len; i++)
		outbox_let_go(r->list[i].peer, r->list[i].len);
	buf_fini(&r->bytes);
	free(r->list);
	*r = (struct replies){0};
}
