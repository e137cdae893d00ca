#include "whatif/patience.h"

#include "base/mem.h"

#include <stdlib.h>

void patience_add(struct patience *p, uint64_t us, bool left)
{
	MEM_GROW(p->list, p->len, p->cap, 64);
	p->list[p->len++] = (struct patience_time){.us = us, .left = left};
}

/* Of one time those who left come first: whoever was served then was still there. */
static int order(const void *x, const void *y)
{
	const struct patience_time *a = x, *b = y;
	if (a->us != b->us)
		return a->us < b->us ? -1 : 1;
	return b->left - a->left;
}

void patience_estimate(struct patience *p)
{
	double after = 1;
	if (p->len)
		qsort(p->list, p->len, sizeof *p->list, order);
	for (size_t i = 0; i < p->len; i++) {
		if (p->list[i].left)
			after *= 1 - 1 / (double)(p->len - i);
		p->list[i].after = after;
	}
}

double patience_after(const struct patience *p, uint64_t us)
{
	double after = 1;
	for (size_t i = 0; i < p->len && p->list[i].us <= us; i++)
		after = p->list[i].after;
	return after;
}

uint64_t patience_draw(const struct patience *p, uint64_t waited_us, uint64_t hash)
{
	double part = (double)(hash >> 11) / (double)(UINT64_C(1) << 53);
	double upto = part * patience_after(p, waited_us);
	for (size_t i = 0; i < p->len; i++)
		if (p->list[i].us > waited_us && p->list[i].left && p->list[i].after <= upto)
			return p->list[i].us;
	return PATIENCE_ENDLESS;
}

void patience_fini(struct patience *p)
{
	free(p->list);
	*p = (struct patience){0};
}
