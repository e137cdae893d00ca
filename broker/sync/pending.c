#include "sync/pending.h"

#include <stdlib.h>

/* `at` nearly always rises: looked for from the end. */
static void queue_up(struct pending **queue, struct pending *p)
{
	struct pending *before = *queue ? (*queue)->prev : NULL;
	while (before && before->at > p->at)
		before = before == *queue ? NULL : before->prev;
	if (before)
		DL_APPEND_ELEM(*queue, before, p);
	else
		DL_PREPEND(*queue, p);
}

void *pending_add(struct pending_table *t, enum pending_kind kind, size_t size,
		  struct pending **queue, uint64_t at, const struct pending_asker *asker)
{
	struct pending *p = mem_new(size);
	p->number = ++t->last;
	p->kind = kind;
	p->asker = *asker;
	p->at = at;
	p->queue = queue;
	queue_up(queue, p);
	DL_PREPEND2(*asker->list, p, of_asker_prev, of_asker_next);
	HASH_ADD(hh, t->by_number, number, sizeof p->number, p);
	t->len[kind]++;
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
	if (p->asker.list)
		DL_DELETE2(*p->asker.list, p, of_asker_prev, of_asker_next);
	p->asker.list = NULL;
}

void pending_remove(struct pending_table *t, struct pending *p)
{
	pending_orphan(p);
	DL_DELETE(*p->queue, p);
	HASH_DEL(t->by_number, p);
	t->len[p->kind]--;
	free(p);
}

void pending_clear(struct pending_table *t)
{
	while (t->by_number)
		pending_remove(t, t->by_number);
}
