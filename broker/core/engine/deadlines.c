#include "engine.h"

#include <stdlib.h>

void deadlines_fini(struct deadlines *d)
{
	free(d->heap);
	*d = (struct deadlines){0};
}

static bool is_before(const struct deadline *a, const struct deadline *b)
{
	const struct row_at *x = &a->row->at, *y = &b->row->at;
	if (a->due_us != b->due_us)
		return a->due_us < b->due_us;
	if (x->kind != y->kind)
		return x->kind < y->kind;
	return x->number != y->number ? x->number < y->number : x->tail < y->tail;
}

static void put(struct deadlines *d, size_t at, struct deadline one)
{
	d->heap[at] = one;
	one.row->due_at = (uint32_t)at + 1;
}

static void rise(struct deadlines *d, size_t at, struct deadline one)
{
	for (; at > 0 && is_before(&one, &d->heap[(at - 1) / 2]); at = (at - 1) / 2)
		put(d, at, d->heap[(at - 1) / 2]);
	put(d, at, one);
}

static void sink(struct deadlines *d, size_t at, struct deadline one)
{
	size_t child;
	while ((child = 2 * at + 1) < d->len) {
		if (child + 1 < d->len && is_before(&d->heap[child + 1], &d->heap[child]))
			child++;
		if (!is_before(&d->heap[child], &one))
			break;
		put(d, at, d->heap[child]);
		at = child;
	}
	put(d, at, one);
}

/* Into the place of one that is gone or has changed. */
static void settle(struct deadlines *d, size_t at, struct deadline one)
{
	if (at > 0 && is_before(&one, &d->heap[(at - 1) / 2]))
		rise(d, at, one);
	else
		sink(d, at, one);
}

static void take_out(struct deadlines *d, struct row *row)
{
	size_t at = row->due_at - 1;
	struct deadline last = d->heap[--d->len];
	row->due_at = 0;
	if (at < d->len)
		settle(d, at, last);
}

void deadlines_set(struct deadlines *d, struct row *row, uint64_t due_us)
{
	struct deadline one = {due_us, row};
	if (row->due_at && due_us) {
		if (d->heap[row->due_at - 1].due_us != due_us)
			settle(d, row->due_at - 1, one);
		return;
	}
	if (row->due_at)
		take_out(d, row);
	if (!due_us)
		return;
	MEM_GROW(d->heap, d->len, d->cap, 64);
	rise(d, d->len++, one);
}

struct row *deadlines_first(const struct deadlines *d, uint64_t *due_us)
{
	*due_us = d->len ? d->heap[0].due_us : 0;
	return d->len ? d->heap[0].row : NULL;
}
