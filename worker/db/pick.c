#include "db/pick.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define STATEMENT_PICKS_MAX 500

void picks_add(struct picks *picks, struct pick pick)
{
	MEM_GROW(picks->list, picks->len, picks->cap, 32);
	picks->list[picks->len++] = pick;
}

void picks_fini(struct picks *picks)
{
	free(picks->list);
	*picks = (struct picks){0};
}

static int compare(const void *left, const void *right)
{
	const struct pick *a = left;
	const struct pick *b = right;
	int order = strcmp(a->tenant, b->tenant);
	if (!order)
		order = strcmp(a->room, b->room);
	if (!order && a->member && b->member)
		order = strcmp(a->member, b->member);
	if (!order)
		order = (a->seq > b->seq) - (a->seq < b->seq);
	return order;
}

static void put_item(struct sql *sql, const struct pick *pick)
{
	if (pick->member)
		sql_put(sql, "?", sql_t(pick->member));
	else
		sql_put(sql, "?", sql_u(pick->seq));
}

/* (room = r AND item IN (a, b)); how many picks it took. */
static size_t put_room(struct sql *sql, const struct pick *list, size_t n,
		       const struct pick_columns *columns)
{
	size_t i = 0;
	sql_put_text(sql, "(");
	sql_put_text(sql, columns->room);
	sql_put(sql, " = ?", sql_t(list[0].room));
	if (list[0].member || list[0].seq) {
		sql_put_text(sql, " AND ");
		sql_put_text(sql, columns->item);
		sql_put_text(sql, " IN (");
	}
	for (; i < n && strcmp(list[i].room, list[0].room) == 0; i++) {
		if (!list[i].member && !list[i].seq)
			continue;
		if (i > 0)
			sql_put_text(sql, ", ");
		put_item(sql, &list[i]);
	}
	sql_put_text(sql, list[0].member || list[0].seq ? "))" : ")");
	return i;
}

/* One statement over the first picks of the list; how many it took. */
static size_t put_statement(struct sql *sql, const struct pick *list, size_t n, const char *head,
			    const struct pick_columns *columns, size_t bytes_max)
{
	size_t same = 1;
	size_t done = 0;
	while (same < n && same < STATEMENT_PICKS_MAX &&
	       strcmp(list[same].tenant, list[0].tenant) == 0)
		same++;
	sql_put_text(sql, head);
	sql_put_text(sql, " WHERE ");
	sql_put_text(sql, columns->tenant);
	sql_put(sql, " = ? AND (", sql_t(list[0].tenant));
	while (done < same && (done == 0 || sql->text.len < bytes_max)) {
		if (done > 0)
			sql_put_text(sql, " OR ");
		done += put_room(sql, list + done, same - done, columns);
	}
	sql_put_text(sql, ")");
	return done;
}

enum parlor_err picks_run(struct picks *picks, struct db *db, const char *head,
			  const struct pick_columns *columns)
{
	struct sql sql;
	enum parlor_err err = PARLOR_E_OK;
	if (picks->len == 0)
		return PARLOR_E_OK;
	qsort(picks->list, picks->len, sizeof *picks->list, compare);
	sql_init(&sql, db);
	for (size_t i = 0; !err && i < picks->len;) {
		sql_clear(&sql);
		i += put_statement(&sql, picks->list + i, picks->len - i, head, columns,
				   db_statement_max(db) / 2);
		err = db_run(db, &sql, NULL);
	}
	sql_fini(&sql);
	return err;
}
