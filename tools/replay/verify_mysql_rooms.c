#include "verify_mysql_rooms.h"

#include "noun/noun.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void mysql_rooms_init(struct mysql_rooms *p, struct verify_mysql *v, struct engine *engine,
		      struct finding *finding, const char *tenant)
{
	*p = (struct mysql_rooms){.v = v, .engine = engine, .finding = finding, .tenant = tenant};
	record_text_init(&p->record_text);
}

void mysql_rooms_fini(struct mysql_rooms *p)
{
	record_text_fini(&p->record_text);
}

enum parlor_err mysql_row(struct mysql_rooms *p, const struct row_key *key, struct span *value)
{
	struct core_rows rows = engine_rows(p->engine);
	return rows.get(rows.ctx, key, value);
}

bool mysql_rooms_add(struct mysql_rooms *p, struct span id, uint64_t no)
{
	struct mysql_room *room = &p->rooms[p->len++];
	struct row_key key;
	struct span value;
	*room = (struct mysql_room){.no = no};
	audit_text(room->id, sizeof room->id, id);
	room->left_out = verify_mysql_leaves_out(p->v, p->tenant, room->id);
	p->v->left_out += room->left_out;
	row_key_room(&key, no);
	enum parlor_err err = mysql_row(p, &key, &value);
	if (!err && !row_get_room(value, &room->row))
		err = PARLOR_E_STORE_CORRUPT;
	if (err) {
		p->err = err;
		return true;
	}
	audit_text(room->name, sizeof room->name, room->row.name);
	p->tenant_no = room->row.tenant;
	return p->len == MYSQL_ROOMS_MAX;
}

/* ---- differences ----------------------------------------------------------------------- */

bool mysql_differ(struct mysql_rooms *p, const char *what)
{
	if (p->v->differing++)
		return false;
	finding_set(p->finding, AUDIT_MYSQL, what);
	p->finding->room_no = p->room->no;
	snprintf(p->finding->tenant, sizeof p->finding->tenant, "%s", p->tenant);
	snprintf(p->finding->room, sizeof p->finding->room, "%s", p->room->id);
	snprintf(p->finding->member, sizeof p->finding->member, "%s", p->member);
	return true;
}

void mysql_check_number(struct mysql_rooms *p, const char *what, uint64_t expected,
			struct span cell)
{
	if (db_cell_number(cell) == expected || !mysql_differ(p, what))
		return;
	finding_expected(p->finding, "%" PRIu64, expected);
	finding_found(p->finding, "%.*s", (int)cell.len, (const char *)cell.data);
}

void mysql_check_text(struct mysql_rooms *p, const char *what, struct span expected,
		      struct span cell)
{
	if (span_equal(expected, cell) || !mysql_differ(p, what))
		return;
	finding_expected(p->finding, "%.*s", (int)(expected.len < 200 ? expected.len : 200),
			 (const char *)expected.data);
	finding_found(p->finding, "%.*s", (int)(cell.len < 200 ? cell.len : 200),
		      (const char *)cell.data);
}

void mysql_check_words(struct mysql_rooms *p, const char *what, const char *expected,
		       const char *found)
{
	if (!mysql_differ(p, what))
		return;
	finding_expected(p->finding, "%s", expected);
	finding_found(p->finding, "%s", found);
}

void mysql_check_rows(struct mysql_rooms *p, const char *what, const char *prefix,
		      uint64_t expected)
{
	if (p->room->rows == expected || !mysql_differ(p, what))
		return;
	finding_expected(p->finding, "%s%" PRIu64, prefix, expected);
	finding_found(p->finding, "%s%" PRIu64, prefix, p->room->rows);
}

static int by_id(const void *id, const void *room)
{
	return strcmp(id, ((const struct mysql_room *)room)->id);
}

static struct mysql_room *room_of(struct mysql_rooms *p, struct span cell)
{
	char id[ROW_ID_MAX + 1];
	if (p->err || p->v->differing)
		return NULL;
	audit_text(id, sizeof id, cell);
	struct mysql_room *room = bsearch(id, p->rooms, p->len, sizeof p->rooms[0], by_id);
	return room && !room->left_out ? room : NULL;
}

/* ---- a page --------------------------------------------------------------------------------- */

static void take_row(void *arg, const struct span *cells, unsigned n)
{
	struct mysql_rooms *p = arg;
	(void)n;
	p->room = room_of(p, cells[0]);
	if (!p->room)
		return;
	p->room->rows++;
	p->table->check(p, cells);
}

static enum parlor_err select_rows(struct mysql_rooms *p)
{
	struct sql sql;
	sql_init(&sql, p->v->db);
	sql_put_text(&sql, p->table->select);
	for (size_t i = 0; i < p->len; i++)
		sql_put(&sql, i ? ", ?" : " IN (?", sql_t(p->rooms[i].id));
	sql_put(&sql, ") AND ent_id = ? ORDER BY 1, 2", sql_t(p->tenant));
	enum parlor_err err = db_select(p->v->db, &sql, take_row, p);
	sql_fini(&sql);
	return err ? err : p->err;
}

static enum parlor_err compare_table(struct mysql_rooms *p, const struct mysql_table *table)
{
	p->table = table;
	p->member[0] = 0;
	for (size_t i = 0; i < p->len; i++)
		p->rooms[i].rows = 0;
	enum parlor_err err = select_rows(p);
	p->member[0] = 0;
	for (size_t i = 0; !err && i < p->len && !p->v->differing; i++) {
		p->room = &p->rooms[i];
		if (!p->room->left_out)
			table->end(p);
	}
	return err ? err : p->err;
}

enum parlor_err mysql_rooms_compare(struct mysql_rooms *p)
{
	enum parlor_err err = p->err;
	for (const struct replay_noun *const *noun = replay_nouns; p->len && *noun; noun++)
		for (size_t i = 0; !err && !p->v->differing && i < (*noun)->tables_len; i++)
			err = compare_table(p, &(*noun)->tables[i]);
	for (size_t i = 0; !err && !p->v->differing && i < p->len; i++) {
		p->v->rooms += !p->rooms[i].left_out;
		progress_step(&p->engine->progress);
	}
	p->len = 0;
	return err;
}
