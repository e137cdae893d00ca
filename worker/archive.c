#include "archive.h"

#include "base/mem.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the SELECT. */
enum cell {
	CELL_SEQ,
	CELL_SENDER,
	CELL_NAME,
	CELL_AVATAR,
	CELL_TYPE,
	CELL_CONTENT,
	CELL_BODY,
	CELL_CLIENT,
	CELL_MENTIONS,
	CELL_RECALLED,
	CELL_TIME
};

struct reading {
	Parlor__ArchivePage *page;
	size_t messages_max;
	size_t bytes_max;
	size_t bytes;
};

static char *cell_text(struct span cell)
{
	return mem_text(cell.data ? cell.data : "", cell.len);
}

/* A JSON array of texts; whatever else somebody put there is no mention. */
static void read_mentions(Parlor__Message *m, struct span cell)
{
	if (!cell.data)
		return;
	json_t *list = json_loadb(cell.data, cell.len, 0, NULL);
	size_t n = json_array_size(list);
	m->mentions = mem_new((n + 1) * sizeof *m->mentions);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));
		if (text)
			m->mentions[m->n_mentions++] = mem_text(text, strlen(text));
	}
	json_decref(list);
}

static void archive_row(void *arg, const struct span *cells, unsigned n)
{
	struct reading *r = arg;
	Parlor__ArchivePage *page = r->page;
	(void)n;
	r->bytes += cells[CELL_BODY].len;
	if (page->more || page->n_messages == r->messages_max ||
	    (page->n_messages > 0 && r->bytes > r->bytes_max)) {
		page->more = true;
		return;
	}
	Parlor__Message *m = mem_new(sizeof *m);
	parlor__message__init(m);
	page->messages[page->n_messages++] = m;
	m->seq = db_cell_number(cells[CELL_SEQ]);
	m->sender = cell_text(cells[CELL_SENDER]);
	m->sender_name = cell_text(cells[CELL_NAME]);
	m->sender_avatar = cell_text(cells[CELL_AVATAR]);
	m->type = (Parlor__MessageType)db_cell_number(cells[CELL_TYPE]);
	m->content_type = (Parlor__ContentType)db_cell_number(cells[CELL_CONTENT]);
	m->body = cell_text(cells[CELL_BODY]);
	m->client_id = cell_text(cells[CELL_CLIENT]);
	read_mentions(m, cells[CELL_MENTIONS]);
	m->recalled = db_cell_number(cells[CELL_RECALLED]) != 0;
	m->time_us = db_cell_number(cells[CELL_TIME]);
}

static void put_query(struct sql *sql, const Parlor__ArchiveQuery *q, size_t limit)
{
	sql_put(sql,
		"SELECT seq, sender, sender_name, sender_avatar, message_type, content_type, "
		"message_content, client_id, mentions, recalled, "
		"TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', created_at) "
		"FROM group_message WHERE ent_id = ? AND group_id = ? AND seq >= ?",
		sql_t(q->tenant), sql_t(q->room),
		sql_u(!q->backwards && q->from > q->floor ? q->from : q->floor));
	if (q->backwards)
		sql_put(sql, " AND seq <= ? ORDER BY seq DESC", sql_u(q->from));
	else
		sql_put_text(sql, " ORDER BY seq");
	/* One more than asked for tells whether there is more. */
	sql_put(sql, " LIMIT ?", sql_u(limit + 1));
}

enum parlor_err archive_read(struct db *db, const Parlor__ArchiveQuery *q,
			     Parlor__ArchivePage *page)
{
	struct reading r = {.page = page};
	struct sql sql;
	parlor__archive_page__init(page);
	page->query = q->query;
	r.messages_max =
		q->limit && q->limit < ARCHIVE_MESSAGES_MAX ? q->limit : ARCHIVE_MESSAGES_MAX;
	r.bytes_max = q->bytes && q->bytes < ARCHIVE_BYTES_MAX ? q->bytes : ARCHIVE_BYTES_MAX;
	page->messages = mem_new(r.messages_max * sizeof *page->messages);
	sql_init(&sql, db);
	put_query(&sql, q, r.messages_max);
	enum parlor_err err = db_select(db, &sql, archive_row, &r);
	sql_fini(&sql);
	return err;
}

static void message_free(Parlor__Message *m)
{
	for (size_t i = 0; i < m->n_mentions; i++)
		free(m->mentions[i]);
	free(m->mentions);
	free(m->sender);
	free(m->sender_name);
	free(m->sender_avatar);
	free(m->body);
	free(m->client_id);
	free(m);
}

void archive_page_fini(Parlor__ArchivePage *page)
{
	for (size_t i = 0; i < page->n_messages; i++)
		message_free(page->messages[i]);
	free(page->messages);
	page->messages = NULL;
	page->n_messages = 0;
}
