#include "project.h"

#include "base/mem.h"
#include "db/pick.h"

#include <stdlib.h>
#include <string.h>

/* Rooms of one statement. More make each row search a longer CASE. */
#define GROUP_MAX 8

void projection_add(struct projection *p, struct project_room room)
{
	MEM_GROW(p->list, p->len, p->cap, 32);
	p->list[p->len++] = room;
}

void projection_fini(struct projection *p)
{
	free(p->list);
	*p = (struct projection){0};
}

static int compare(const void *left, const void *right)
{
	const struct project_room *a = left;
	const struct project_room *b = right;
	int order = strcmp(a->tenant, b->tenant);
	return order ? order : strcmp(a->room, b->room);
}

static void put_text(struct buf *text, const char *piece)
{
	buf_put(text, piece, strlen(piece));
}

static void put_case(struct buf *text, size_t n)
{
	put_text(text, "CASE uuid");
	for (size_t i = 0; i < n; i++)
		put_text(text, " WHEN ? THEN ?");
	put_text(text, " END");
}

/* The counters stand in the statement: joining the rooms' own rows costs the
 * server three times as much. */
static void put_statement(struct buf *text, size_t n)
{
	put_text(text, "UPDATE chat_group SET unread = GREATEST(");
	put_case(text, n);
	put_text(text, " - seen, 0), unread_seq = ");
	put_case(text, n);
	put_text(text, " WHERE ent_id = ? AND uuid IN (");
	for (size_t i = 0; i < n; i++)
		put_text(text, i ? ", ?" : "?");
	put_text(text, ")");
	buf_put_u8(text, 0);
}

/* n rooms of one tenant. */
static enum parlor_err project_group(struct db *db, const struct project_room *rooms, size_t n)
{
	struct sql_value values[GROUP_MAX * 5 + 1];
	struct buf text = {0};
	for (size_t i = 0; i < n; i++) {
		values[2 * i] = values[2 * (n + i)] = values[4 * n + 1 + i] = sql_t(rooms[i].room);
		values[2 * i + 1] = sql_u(rooms[i].counted);
		values[2 * (n + i) + 1] = sql_u(rooms[i].last_seq);
	}
	values[4 * n] = sql_t(rooms[0].tenant);
	put_statement(&text, n);
	enum parlor_err err = db_run_prepared(db, (const char *)text.data, values, 5 * n + 1, NULL);
	buf_fini(&text);
	return err;
}

/* The first rooms of the list that make one statement: a power of two, so that
 * the server has each length prepared. */
static size_t group_of(const struct project_room *rooms, size_t left)
{
	size_t same = 1;
	size_t n = GROUP_MAX;
	while (same < GROUP_MAX && same < left && strcmp(rooms[same].tenant, rooms[0].tenant) == 0)
		same++;
	while (n > same)
		n /= 2;
	return n;
}

/* Found by the room, whose rows all change: the lookup begins there. */
static enum parlor_err project_names(struct db *db, struct picks *rooms)
{
	static const struct pick_columns columns = {"r.ent_id", "r.uuid", NULL};
	return picks_run(rooms, db,
			 "UPDATE room r JOIN chat_group g ON g.ent_id = r.ent_id AND "
			 "g.uuid = r.uuid SET g.group_name = r.group_name",
			 &columns);
}

enum parlor_err project_rooms(struct db *db, struct projection *p)
{
	struct picks renamed = {0};
	enum parlor_err err = PARLOR_E_OK;
	size_t posted = 0;
	for (size_t i = 0; i < p->len; i++) {
		if (p->list[i].renamed)
			picks_add(&renamed, (struct pick){.tenant = p->list[i].tenant,
							  .room = p->list[i].room});
		if (p->list[i].last_seq)
			p->list[posted++] = p->list[i];
	}
	if (posted)
		qsort(p->list, posted, sizeof *p->list, compare);
	for (size_t i = 0, n; !err && i < posted; i += n) {
		n = group_of(p->list + i, posted - i);
		err = project_group(db, p->list + i, n);
	}
	if (!err)
		err = project_names(db, &renamed);
	picks_fini(&renamed);
	return err;
}
