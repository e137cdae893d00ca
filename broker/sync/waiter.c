#include "sync/waiter.h"

#include "base/mem.h"

#include <stdlib.h>
#include <utlist.h>

void waiter_list_init(struct waiter_list *l, struct owners *sessions)
{
	*l = (struct waiter_list){.sessions = sessions};
}

void waiter_list_fini(struct waiter_list *l)
{
	struct waiter out;
	while (waiter_take(l, UINT64_MAX, &out))
		;
}

void waiter_add(struct waiter_list *l, uint64_t position, struct topic topic,
		struct sync_cookie cookie)
{
	struct waiter *w = mem_new(sizeof *w);
	w->position = position;
	w->topic = topic;
	w->cookie = cookie;
	w->list = l;
	owners_add(l->sessions, cookie.session, &w->owned);
	/* Positions nearly always rise: looked for from the end. */
	struct waiter *before = l->head ? l->head->prev : NULL;
	while (before && before->position > position)
		before = before == l->head ? NULL : before->prev;
	if (before)
		DL_APPEND_ELEM(l->head, before, w);
	else
		DL_PREPEND(l->head, w);
}

static void drop(struct waiter *w)
{
	DL_DELETE(w->list->head, w);
	owners_remove(w->list->sessions, &w->owned);
	free(w);
}

bool waiter_take(struct waiter_list *l, uint64_t reached, struct waiter *out)
{
	struct waiter *w = l->head;
	if (!w || w->position > reached)
		return false;
	*out = *w;
	drop(w);
	return true;
}

size_t waiter_cancel(struct owners *sessions, uint64_t session)
{
	size_t n = 0;
	struct owned *first;
	for (; (first = owners_first(sessions, session)) != NULL; n++)
		drop(OWNED_IN(struct waiter, owned, first));
	return n;
}
