#include "feed/feed.h"

#include "core/kinds.h"
#include "core/tenant.h"

#include "base/mem.h"
#include "wire.h"

#include <parlor/fields.h>
#include <stdlib.h>

/* When the read transaction does not show the entry yet: the next one will. */
#define UNSEEN_US 1000
/* Until it is looked again whether a reader has read its pages. */
#define UNREAD_US 10000

void feed_init(struct feed *t, size_t max)
{
	*t = (struct feed){.slots = mem_new(max * sizeof *t->slots), .max = max};
	for (size_t i = 0; i < max; i++)
		t->slots[i].pages = peer_account_new();
}

void feed_fini(struct feed *t)
{
	for (size_t i = 0; i < t->max; i++)
		peer_account_free(t->slots[i].pages);
	free(t->slots);
	buf_fini(&t->body);
	buf_fini(&t->entry);
	*t = (struct feed){0};
}

static struct feed_reader *slot_for(struct feed *t, const struct peer *peer)
{
	struct feed_reader *unused = NULL;
	for (size_t i = 0; i < t->max; i++) {
		struct feed_reader *q = &t->slots[i];
		bool used = q->asks || peer_account_frames(q->pages);
		if (used && peer_equal(&q->peer, peer))
			return q;
		if (!used && !unused)
			unused = q;
	}
	return unused;
}

bool feed_request(struct feed *t, const struct peer *peer, const Parlor__JournalRead *read,
		  uint64_t now_us)
{
	struct feed_reader *q = slot_for(t, peer);
	t->asked++;
	if (!q) {
		t->refused++;
		return false;
	}
	uint64_t wait_ms = read->wait_ms < FEED_WAIT_MS_MAX ? read->wait_ms : FEED_WAIT_MS_MAX;
	t->len += !q->asks;
	*q = (struct feed_reader){
		.asks = true,
		.peer = *peer,
		.pages = q->pages,
		.query = read->query,
		.from = read->from ? read->from : 1,
		.max = read->max && read->max < FEED_RECORDS_MAX ? read->max : FEED_RECORDS_MAX,
		.until_us = now_us + wait_ms * 1000,
	};
	return true;
}

/* ---- a page ------------------------------------------------------------------- */

static enum parlor_err put_entry(struct feed *t, struct core *core, const struct entry *e)
{
	struct record r;
	struct span tenant = {NULL, 0};
	enum parlor_err err = record_decode(&r, e->head.data, e->head.len);
	if (!err && r.tenant)
		err = core_tenant_id(core, r.tenant, &tenant);
	if (err)
		return err;
	buf_clear(&t->entry);
	wire_put_varint_field(&t->entry, PB_JOURNAL_ENTRY_POSITION, e->position);
	wire_put_varint_field(&t->entry, PB_JOURNAL_ENTRY_PARTITION, e->partition);
	if (tenant.len)
		wire_put_bytes_field(&t->entry, PB_JOURNAL_ENTRY_TENANT, tenant);
	wire_put_bytes_field(&t->entry, PB_JOURNAL_ENTRY_HEAD, e->head);
	if (e->event.len)
		wire_put_bytes_field(&t->entry, PB_JOURNAL_ENTRY_EVENT, e->event);
	wire_put_bytes_field(&t->body, PB_JOURNAL_PAGE_ENTRIES, buf_span(&t->entry));
	return PARLOR_E_OK;
}

/* What the turn shows of the entries from the first wanted on; *n: how many. */
static enum parlor_err gather(struct feed *t, const struct feed_reader *q, struct store *store,
			      struct core *core, uint32_t *n)
{
	struct store_walk walk;
	uint64_t from = q->from < store_first(store) ? store_first(store) : q->from;
	enum parlor_err err = store_walk_open_at(store, from, &walk);
	*n = 0;
	buf_clear(&t->body);
	if (err)
		return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
	while (!err && *n < q->max && t->body.len < FEED_BYTES_MAX) {
		struct entry e;
		err = store_walk_next(store, &walk, &e);
		if (!err)
			err = put_entry(t, core, &e);
		*n += !err;
	}
	store_walk_close(store, &walk);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

static void answer(struct feed *t, struct feed_reader *q, void *socket, struct store *store,
		   uint64_t head, enum parlor_err err)
{
	struct buf page = {0}, frame = {0};
	wire_put_varint_field(&page, PB_JOURNAL_PAGE_QUERY, q->query);
	wire_put_varint_field(&page, PB_JOURNAL_PAGE_CODE, (uint64_t)err);
	if (err)
		wire_put_bytes_field(&page, PB_JOURNAL_PAGE_TEXT,
				     SPAN_TEXT(parlor_err_text((int)err)));
	wire_put_varint_field(&page, PB_JOURNAL_PAGE_JOURNAL, store_journal_id(store));
	wire_put_varint_field(&page, PB_JOURNAL_PAGE_FIRST, store_first(store));
	wire_put_varint_field(&page, PB_JOURNAL_PAGE_LAST, head);
	buf_put(&page, t->body.data, t->body.len);
	wire_put_bytes_field(&frame, PB_TO_WORKER_JOURNAL_PAGE, buf_span(&page));
	buf_fini(&page);
	q->asks = false;
	t->len--;
	t->pages++;
	/* Whether it reaches the reader does not matter: it asks again, or is gone. */
	peer_send(socket, &q->peer, &frame, q->pages);
}

/* True when it was answered, or could have been but for the turn (*unseen). */
static bool serve(struct feed *t, struct feed_reader *q, void *socket, struct store *store,
		  struct core *core, uint64_t head, uint64_t now_us, bool *unseen)
{
	bool late = now_us >= q->until_us;
	enum parlor_err err = PARLOR_E_OK;
	uint32_t n = 0;
	buf_clear(&t->body);
	if (q->from <= head)
		err = gather(t, q, store, core, &n);
	*unseen = q->from <= head && !n && !err;
	if (!n && !err && !late)
		return false;
	/* What was read before the damage is told first; the damage comes again. */
	answer(t, q, socket, store, head, n ? PARLOR_E_OK : err);
	return true;
}

uint64_t feed_send(struct feed *t, void *socket, struct store *store, struct core *core,
		   uint64_t head, uint64_t now_us)
{
	uint64_t wait = UINT64_MAX;
	for (size_t i = 0; i < t->max && t->len; i++) {
		size_t at = (t->next + i) % t->max;
		struct feed_reader *q = &t->slots[at];
		bool unseen;
		if (!q->asks)
			continue;
		if (peer_account_frames(q->pages) >= FEED_PAGES_MAX) {
			wait = UNREAD_US < wait ? UNREAD_US : wait;
			continue;
		}
		if (serve(t, q, socket, store, core, head, now_us, &unseen)) {
			t->next = at + 1;
			return t->len ? 0 : UINT64_MAX;
		}
		uint64_t until = q->until_us - now_us;
		if (unseen && until > UNSEEN_US)
			until = UNSEEN_US;
		wait = until < wait ? until : wait;
	}
	return wait;
}
