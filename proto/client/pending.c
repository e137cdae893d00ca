#include "client/pending.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct pending_request *pending_add(struct pending *p, uint64_t id, struct span bytes)
{
	struct pending_request *r = mem_new(sizeof *r + bytes.len);
	struct pending_request *same;

	HASH_FIND(hh, p->by_id, &id, sizeof id, same);
	assert(!same);
	r->id = id;
	r->len = bytes.len;
	memcpy(r->bytes, bytes.data, bytes.len);
	HASH_ADD(hh, p->by_id, id, sizeof r->id, r);
	DL_APPEND(p->first, r);
	if (!p->unsent)
		p->unsent = r;
	p->count++;
	return r;
}

struct pending_request *pending_take(struct pending *p, uint64_t id)
{
	struct pending_request *r;

	HASH_FIND(hh, p->by_id, &id, sizeof id, r);
	if (!r)
		return NULL;
	if (p->unsent == r)
		p->unsent = r->next;
	HASH_DEL(p->by_id, r);
	DL_DELETE(p->first, r);
	p->count--;
	return r;
}

void pending_sent(struct pending *p, struct pending_request *until)
{
	p->unsent = until;
}

void pending_rewind(struct pending *p)
{
	p->unsent = p->first;
}

void pending_fini(struct pending *p)
{
	while (p->first)
		free(pending_take(p, p->first->id));
	*p = (struct pending){0};
}
