#include "api/waiting.h"

#include "base/table.h"
#include "fanout/session.h"
#include "sync/owner.h"

#include <stdlib.h>

struct waiting_row {
	struct waiting_request request; /* first: a request is its row */
	UT_hash_handle hh;
	struct owned owned; /* by its session */
};

struct waiting {
	struct waiting_row *rows;
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
	struct waiting_row *row, *next;
	HASH_ITER (hh, w->rows, row, next) {
		owners_remove(&w->sessions, &row->owned);
		HASH_DEL(w->rows, row);
		free(row);
	}
	free(w);
}

struct waiting_request *waiting_add(struct waiting *w, struct session *s, uint64_t request_id)
{
	struct waiting_row *row = mem_new(sizeof *row);
	row->request.number = ++w->last;
	row->request.request_id = request_id;
	row->request.session = s;
	HASH_ADD(hh, w->rows, request.number, sizeof row->request.number, row);
	owners_add(&w->sessions, s->number, &row->owned);
	s->waiting++;
	s->tenant->waiting++;
	return &row->request;
}

struct waiting_request *waiting_find(struct waiting *w, uint64_t number)
{
	struct waiting_row *row;
	HASH_FIND(hh, w->rows, &number, sizeof number, row);
	return row ? &row->request : NULL;
}

void waiting_remove(struct waiting *w, struct waiting_request *request)
{
	struct waiting_row *row = (struct waiting_row *)request;
	request->session->waiting--;
	request->session->tenant->waiting--;
	request->session->tenant->queries -= request->query;
	owners_remove(&w->sessions, &row->owned);
	HASH_DEL(w->rows, row);
	free(row);
}

void waiting_remove_session(struct waiting *w, struct session *s)
{
	struct owned *first;
	while ((first = owners_first(&w->sessions, s->number)) != NULL)
		waiting_remove(w, &OWNED_IN(struct waiting_row, owned, first)->request);
}

size_t waiting_len(const struct waiting *w)
{
	return HASH_COUNT(w->rows);
}
