#include "api/waiting.h"

#include "fanout/session.h"

#include <stdlib.h>

struct waiting {
	struct waiting_request *rows;
	struct owners sessions;
	uint64_t last;
};

struct waiting *waiting_new(void)
{
	return mem_new(sizeof(struct waiting));
}

void waiting_free(struct waiting *w)
{
	if (!w)
		return;
	struct waiting_request *row, *next;
	HASH_ITER (hh, w->rows, row, next) {
		owners_remove(&w->sessions, &row->owned);
		HASH_DEL(w->rows, row);
		free(row);
	}
	free(w);
}

struct waiting_request *waiting_add(struct waiting *w, struct session *s, uint64_t request_id)
{
	struct waiting_request *row = mem_new(sizeof *row);
	row->number = ++w->last;
	row->request_id = request_id;
	row->session = s;
	HASH_ADD(hh, w->rows, number, sizeof row->number, row);
	owners_add(&w->sessions, s->number, &row->owned);
	s->waiting++;
	s->tenant->waiting++;
	return row;
}

struct waiting_request *waiting_find(struct waiting *w, uint64_t number)
{
	struct waiting_request *row;
	HASH_FIND(hh, w->rows, &number, sizeof number, row);
	return row;
}

void waiting_remove(struct waiting *w, struct waiting_request *row)
{
	row->session->waiting--;
	row->session->tenant->waiting--;
	row->session->tenant->queries -= row->query;
	owners_remove(&w->sessions, &row->owned);
	HASH_DEL(w->rows, row);
	free(row);
}

void waiting_remove_session(struct waiting *w, struct session *s)
{
	struct owned *first;
	while ((first = owners_first(&w->sessions, s->number)) != NULL)
		waiting_remove(w, OWNED_IN(struct waiting_request, owned, first));
}

size_t waiting_len(const struct waiting *w)
{
	return HASH_COUNT(w->rows);
}
