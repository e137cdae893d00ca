#include "tables.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY_COLUMNS_MAX 4
/* Those that compare byte by byte, trailing blanks included: MariaDB's, MySQL's. */
#define COLLATIONS "'utf8mb4_nopad_bin', 'utf8mb4_0900_bin'"

static const struct key {
	const char *table;
	const char *columns[KEY_COLUMNS_MAX + 1];
} keys[] = {
	{"room", {"ent_id", "uuid"}},
	{"chat_group", {"ent_id", "uuid", "member_id"}},
	{"group_member", {"ent_id", "group_id", "member_id"}},
	{"group_message", {"ent_id", "group_id", "seq"}},
	{"member", {"ent_id", "uuid"}},
	{"sync_mark", {"broker_id", "part"}},
	{"sync_quarantine", {"broker_id", "part", "ent_id", "group_id"}},
};
#define KEYS (sizeof keys / sizeof keys[0])

/* Columns of all unique keys, with whether their text is compared in another
 * way than byte by byte. */
static const char query[] =
	"SELECT s.table_name, s.index_name, s.column_name, s.sub_part IS NOT NULL, "
	"c.collation_name NOT IN (" COLLATIONS "), c.collation_name "
	"FROM information_schema.statistics s LEFT JOIN information_schema.columns c "
	"ON c.table_schema = s.table_schema AND c.table_name = s.table_name "
	"AND c.column_name = s.column_name "
	"WHERE s.table_schema = DATABASE() AND s.non_unique = 0 AND s.table_name IN "
	"('room', 'chat_group', 'group_member', 'group_message', 'member', 'sync_mark', "
	"'sync_quarantine') ORDER BY s.table_name, s.index_name, s.seq_in_index";

struct look {
	char *why;
	size_t columns[KEYS]; /* of its primary key that were found */
};

static const char *text(struct span cell)
{
	return cell.data ? cell.data : "(an expression)";
}

static void key_row(void *arg, const struct span *cells, unsigned n)
{
	struct look *look = arg;
	const char *table = text(cells[0]), *index = text(cells[1]), *column = text(cells[2]);
	size_t i = 0;
	(void)n;
	while (i < KEYS && strcasecmp(keys[i].table, table) != 0)
		i++;
	if (*look->why || i == KEYS)
		return;
	const char *wanted = keys[i].columns[look->columns[i]];
	if (strcasecmp(index, "PRIMARY") != 0)
		snprintf(look->why, TABLES_WHY_MAX,
			 "table %s has a unique key %.64s (column %.64s) that Parlor did not make: "
			 "rows would be written over one another; drop it",
			 table, index, column);
	else if (!wanted || strcasecmp(wanted, column) != 0 || db_cell_number(cells[3]))
		snprintf(look->why, TABLES_WHY_MAX,
			 "the primary key of table %s has the column %.64s%s where %s is needed",
			 table, column, db_cell_number(cells[3]) ? " in part" : "",
			 wanted ? wanted : "none");
	else if (db_cell_number(cells[4]))
		snprintf(look->why, TABLES_WHY_MAX,
			 "column %.64s of table %s has the collation %.64s, which takes some ids "
			 "for the same: utf8mb4_nopad_bin (MariaDB) or utf8mb4_0900_bin (MySQL) is "
			 "needed",
			 column, table, text(cells[5]));
	else
		look->columns[i]++;
}

/* What no row spoke of. */
static void judge_missing(struct look *look)
{
	for (size_t i = 0; i < KEYS && !*look->why; i++) {
		const char *wanted = keys[i].columns[look->columns[i]];
		if (wanted)
			snprintf(look->why, TABLES_WHY_MAX,
				 "table %s is missing, or its primary key lacks the column %s",
				 keys[i].table, wanted);
	}
}

static enum parlor_err select_text(struct db *db, const char *statement, db_row_fn *fn, void *arg)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put_text(&sql, statement);
	enum parlor_err err = db_select(db, &sql, fn, arg);
	sql_fini(&sql);
	return err;
}

enum parlor_err tables_check(struct db *db, char *why)
{
	struct look look = {.why = why};
	*why = '\0';
	enum parlor_err err = select_text(db, query, key_row, &look);
	if (!err)
		judge_missing(&look);
	return !err && *why ? PARLOR_E_DB_SCHEMA : err;
}

static void number_row(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	*(uint64_t *)arg = db_cell_number(cells[0]);
}

enum parlor_err tables_possible(struct db *db, char *why)
{
	uint64_t collations = 0;
	*why = '\0';
	enum parlor_err err = select_text(
		db,
		"SELECT COUNT(*) FROM information_schema.collations WHERE collation_name IN "
		"(" COLLATIONS ")",
		number_row, &collations);
	if (err || collations)
		return err;
	snprintf(why, TABLES_WHY_MAX,
		 "this server cannot compare texts byte by byte, and would take some ids for the "
		 "same: MariaDB 10.3 or later, or MySQL 8.0.17 or later, is needed");
	return PARLOR_E_DB_SCHEMA;
}
