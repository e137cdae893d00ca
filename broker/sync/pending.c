#include "sync/pending.h"

#include <stdlib.h>

/* ---- in order ---------------------------------------------------------------- */

static bool is_before(const struct pending_place *a, const struct pending_place *b)
{
	return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void put(struct pending_heap *h, size_t i, struct pending_place one)
{
	h->list[i] = one;
	one.who->heap_at = i;
}

static void rise(struct pending_heap *h, size_t i, struct pending_place one)
{
	for (; i > 0 && is_before(&one, &h->list[(i - 1) / 2]); i = (i - 1) / 2)
		put(h, i, h->list[(i - 1) / 2]);
	put(h, i, one);
}

static void sink(struct pending_heap *h, size_t i, struct pending_place one)
{
	size_t child;
	while ((child = 2 * i + 1) < h->len) {
		child += child + 1 < h->len && is_before(&h->list[child + 1], &h->list[child]);
		if (!is_before(&h->list[child], &one))
			break;
		put(h, i, h->list[child]);
		i = child;
	}
	put(h, i, one);
}

static void heap_add(struct pending_heap *h, struct pending *p)
{
	if (h->len == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 64;
		h->list = mem_resize(h->list, h->cap, sizeof *h->list);
	}
	rise(h, h->len++, (struct pending_place){p->at, p->number, p});
}

static void heap_remove(struct pending_heap *h, size_t i)
{
	struct pending_place last = h->list[--h->len];
	if (i < h->len && i > 0 && is_before(&last, &h->list[(i - 1) / 2]))
		rise(h, i, last);
	else if (i < h->len)
		sink(h, i, last);
	if (h->len)
		return;
	free(h->list);
	*h = (struct pending_heap){0};
}

struct pending *pending_first(const struct pending_heap *h)
{
	return h->len ? h->list[0].who : NULL;
}

/* ---- the table --------------------------------------------------------------- */

static void *add(struct pending_table *t, enum pending_kind kind, size_t size, uint64_t at,
		 const struct pending_asker *asker)
{
	struct pending *p = mem_new(size);
	p->number = ++t->last;
	p->kind = kind;
	p->asker = *asker;
	p->at = at;
	DL_PREPEND2(asker->list->first, p, of_asker_prev, of_asker_next);
	asker->list->len++;
	asker->share->len[kind]++;
	HASH_ADD(hh, t->by_number, number, sizeof p->number, p);
	t->len[kind]++;
	return p;
}

void *pending_add(struct pending_table *t, enum pending_kind kind, size_t size,
		  struct pending **queue, uint64_t at, const struct pending_asker *asker)
{
	struct pending *p = add(t, kind, size, at, asker);
	p->queue = queue;
	DL_APPEND(*queue, p);
	return p;
}

struct pending *pending_add_in_order(struct pending_table *t, enum pending_kind kind,
				     struct pending_heap *heap, uint64_t at,
				     const struct pending_asker *asker)
{
	struct pending *p = add(t, kind, sizeof *p, at, asker);
	p->heap = heap;
	heap_add(heap, p);
	return p;
}

struct pending *pending_find(const struct pending_table *t, enum pending_kind kind, uint64_t number)
{
	struct pending *p;
	HASH_FIND(hh, t->by_number, &number, sizeof number, p);
	return p && p->kind == kind ? p : NULL;
}

void pending_orphan(struct pending *p)
{
	struct pending_list *list = p->asker.list;
	if (!list)
		return;
	DL_DELETE2(list->first, p, of_asker_prev, of_asker_next);
	list->len--;
	p->asker.list = NULL;
}

void pending_remove(struct pending_table *t, struct pending *p)
{
	pending_orphan(p);
	if (p->queue)
		DL_DELETE(*p->queue, p);
	else
		heap_remove(p->heap, p->heap_at);
	HASH_DEL(t->by_number, p);
	t->len[p->kind]--;
	p->asker.share->len[p->kind]--;
	free(p);
}

void pending_clear(struct pending_table *t)
{
	while (t->by_number)
		pending_remove(t, t->by_number);
}

uint32_t pending_shared(const struct pending_share *share)
{
	uint32_t n = 0;
	for (unsigned kind = 0; kind < PENDING_KINDS; kind++)
		n += share->len[kind];
	return n;
}
