#include "verify_mysql_desk.h"

#include "db/db.h"
#include "desk_rows.h"
#include "nouns.h"
#include "verify_mysql_rooms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Cells before the columns: the numbers, and the room. */
#define FIRST (DESK_ROW_NUMBERS + 1)
#define VALUE_SHOWN 200

struct compare {
	struct verify_mysql *v;
	struct finding *finding;
	struct desk_rows rows;
	const char *table;
	struct upsert_column columns[ROW_VALUES_MAX];
	size_t len;
	bool surplus; /* the journal tells all of the table's rows */
	enum parlor_err err;
};

/* ---- differences ----------------------------------------------------------------------- */

static bool is_key(const struct table *table, const char *column)
{
	for (const char *const *key = table->key; *key; key++)
		if (strcmp(*key, column) == 0)
			return true;
	return false;
}

static const struct table *table_named(const char *name)
{
	const struct table *table;
	for (size_t i = 0; (table = table_at(i)); i++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* "desk_team.offer_ms (desk shop, team bills)" */
static void say_where(const struct compare *c, char *text, size_t size, const char *column,
		      const struct span *cells)
{
	const struct table *table = table_named(c->table);
	const char *before = " (";
	size_t at = (size_t)snprintf(text, size, "%s%s%s", c->table, column[0] ? "." : "", column);
	for (const char *const *key = table->key + 1; *key; key++)
		for (size_t i = 0; i < c->len; i++) {
			if (strcmp(c->columns[i].name, *key) != 0 || at >= size)
				continue;
			at += (size_t)snprintf(text + at, size - at, "%s%s %.*s", before, *key,
					       (int)cells[i].len, (const char *)cells[i].data);
			before = ", ";
		}
	if (at < size)
		snprintf(text + at, size - at, ")");
}

/* cells: of the row's columns; room: of its conversation, or empty. */
static bool differ(struct compare *c, const char *column, const struct span *cells,
		   struct span room)
{
	char what[FINDING_TEXT], tenant[ROW_ID_MAX + 1], room_id[ROW_ID_MAX + 1];
	audit_text(tenant, sizeof tenant, cells[0]);
	audit_text(room_id, sizeof room_id, room);
	if (verify_mysql_leaves_out(c->v, tenant, room_id))
		return false;
	if (c->finding->only && strcmp(c->finding->only, tenant) != 0)
		return false;
	if (c->v->differing++)
		return false;
	say_where(c, what, sizeof what, column, cells);
	finding_set(c->finding, AUDIT_MYSQL, what);
	snprintf(c->finding->tenant, sizeof c->finding->tenant, "%s", tenant);
	snprintf(c->finding->room, sizeof c->finding->room, "%s", room_id);
	return true;
}

static void say_value(char *to, size_t size, struct span value)
{
	if (value.data)
		snprintf(to, size, "%.*s", (int)(value.len < VALUE_SHOWN ? value.len : VALUE_SHOWN),
			 (const char *)value.data);
	else
		snprintf(to, size, "NULL");
}

/* Of the row that should be there; what is not known is empty. */
static void expected_cells(const struct compare *c, struct span *cells)
{
	struct reader in;
	reader_init(&in, c->rows.cells.data, c->rows.cells.len);
	for (size_t i = 0; i < c->len; i++)
		cells[i] = desk_cells_next(&in).text;
}

static void missing(struct compare *c)
{
	struct span cells[ROW_VALUES_MAX];
	expected_cells(c, cells);
	if (c->rows.ahead || !differ(c, "", cells, SPAN_TEXT(c->rows.room)))
		return;
	finding_expected(c->finding, "a row");
	finding_found(c->finding, "no row");
}

static void surplus(struct compare *c, const struct span *cells)
{
	if (!c->surplus || !differ(c, "", cells + FIRST, cells[DESK_ROW_NUMBERS]))
		return;
	finding_expected(c->finding, "no row");
	finding_found(c->finding, "a row");
}

static void check_row(struct compare *c, const struct span *cells)
{
	struct reader in;
	c->v->desk_rows++;
	c->v->desk_ahead += c->rows.ahead;
	reader_init(&in, c->rows.cells.data, c->rows.cells.len);
	for (size_t i = 0; i < c->len && !c->rows.ahead; i++) {
		struct cell cell = desk_cells_next(&in);
		struct span found = cells[FIRST + i];
		bool same = cell.state == CELL_UNKNOWN ||
			    (cell.state == CELL_NULL ? !found.data
						     : found.data && span_equal(cell.text, found));
		if (same || !differ(c, c->columns[i].name, cells + FIRST, SPAN_TEXT(c->rows.room)))
			continue;
		say_value(c->finding->expected, FINDING_TEXT,
			  cell.state == CELL_NULL ? (struct span){NULL, 0} : cell.text);
		say_value(c->finding->found, FINDING_TEXT, found);
	}
}

/* ---- both sides ------------------------------------------------------------------------- */

/* Below 0: the row that should be there is before the one that is. */
static int order(const struct compare *c, const struct span *cells)
{
	if (c->rows.ended)
		return 1;
	for (int i = 0; i < DESK_ROW_NUMBERS; i++) {
		uint64_t number = db_cell_number(cells[i]);
		if (c->rows.numbers[i] != number)
			return c->rows.numbers[i] < number ? -1 : 1;
	}
	return 0;
}

/* Another row may have the same numbers. */
static bool has_key(const struct compare *c, const struct span *cells)
{
	struct span expected[ROW_VALUES_MAX];
	const struct table *table = table_named(c->table);
	expected_cells(c, expected);
	for (size_t i = 0; i < c->len; i++)
		if (is_key(table, c->columns[i].name) && !span_equal(expected[i], cells[FIRST + i]))
			return false;
	return true;
}

static void next(struct compare *c)
{
	c->err = desk_rows_next(&c->rows);
	progress_step(&c->rows.engine->progress);
}

static void take_row(void *arg, const struct span *cells, unsigned n)
{
	struct compare *c = arg;
	(void)n;
	while (!c->err && !c->v->differing && order(c, cells) < 0) {
		missing(c);
		next(c);
	}
	if (c->err || c->v->differing)
		return;
	if (order(c, cells) > 0 || !has_key(c, cells)) {
		surplus(c, cells);
		return;
	}
	check_row(c, cells);
	next(c);
}

static void put_columns(const struct compare *c, struct sql *sql)
{
	for (size_t i = 0; i < c->len; i++) {
		struct sql_value name = sql_name(c->columns[i].name);
		if (desk_cells_is_time(c->columns[i].name))
			sql_put(sql, ", " MYSQL_US("t.?"), name);
		else
			sql_put(sql, ", t.?", name);
	}
}

static enum parlor_err select_rows(struct compare *c)
{
	const struct desk_table *table = c->rows.table;
	struct sql sql;
	sql_init(&sql, c->v->db);
	sql_put_text(&sql, "SELECT ");
	sql_put_text(&sql, table->numbers);
	sql_put_text(&sql, ", ");
	sql_put_text(&sql, table->room);
	put_columns(c, &sql);
	sql_put_text(&sql, " FROM ");
	if (table->from)
		sql_put_text(&sql, table->from);
	else
		sql_put(&sql, "? t", sql_name(c->table));
	sql_put_text(&sql, " ORDER BY 1, 2, 3");
	enum parlor_err err = db_select(c->v->db, &sql, take_row, c);
	sql_fini(&sql);
	return err;
}

static enum parlor_err compare_table(struct compare *c, struct engine *engine,
				     struct desk_told *told, const struct desk_table *table,
				     unsigned kind)
{
	if (kind) {
		c->table = desk_config_table(kind)->name;
		c->len = desk_config_columns(c->columns, kind, true);
	} else {
		c->table = table->name;
		c->len = table->columns->len;
		memcpy(c->columns, table->columns->list, c->len * sizeof *c->columns);
	}
	c->surplus = !table->told || !engine->base;
	desk_rows_begin(&c->rows, engine, told, table, kind);
	next(c);
	enum parlor_err err = c->err ? c->err : select_rows(c);
	while (!err && !c->err && !c->v->differing && !c->rows.ended) {
		missing(c);
		next(c);
	}
	desk_rows_fini(&c->rows);
	return err ? err : c->err;
}

enum parlor_err verify_mysql_desk(struct verify_mysql *v, struct engine *engine,
				  struct desk_told *told, struct finding *finding)
{
	struct compare c = {.v = v, .finding = finding};
	const struct desk_table *table;
	enum parlor_err err = PARLOR_E_OK;
	progress_begin(&engine->progress, "rows of the desk compared with the database", 0);
	for (unsigned kind = 1; !err && !v->differing && kind <= DESK_CONFIG_KINDS; kind++)
		err = compare_table(&c, engine, told, desk_table_of_config(), kind);
	for (size_t i = 0; !err && !v->differing && (table = desk_table_at(i)); i++)
		err = compare_table(&c, engine, told, table, 0);
	return err;
}
