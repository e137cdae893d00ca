#include "tables.h"

#include "nouns.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TABLES_MAX 64
/* Those that compare byte by byte, trailing blanks included: MariaDB's, MySQL's. */
#define COLLATIONS "'utf8mb4_nopad_bin', 'utf8mb4_0900_bin'"

/* Columns of all unique keys, with whether their text is compared in another
 * way than byte by byte. */
static const char query[] =
	"SELECT s.table_name, s.index_name, s.column_name, s.sub_part IS NOT NULL, "
	"c.collation_name NOT IN (" COLLATIONS "), c.collation_name "
	"FROM information_schema.statistics s LEFT JOIN information_schema.columns c "
	"ON c.table_schema = s.table_schema AND c.table_name = s.table_name "
	"AND c.column_name = s.column_name "
	"WHERE s.table_schema = DATABASE() AND s.non_unique = 0 AND s.table_name IN ";
static const char query_order[] = " ORDER BY s.table_name, s.index_name, s.seq_in_index";

struct look {
	char *why;
	size_t columns[TABLES_MAX]; /* of its primary key that were found */
};

static const char *text(struct span cell)
{
	return cell.data ? cell.data : "(an expression)";
}

static void key_row(void *arg, const struct span *cells, unsigned n)
{
	struct look *look = arg;
	const char *table = text(cells[0]), *index = text(cells[1]), *column = text(cells[2]);
	const struct table *known;
	size_t i = 0;
	(void)n;
	while ((known = table_at(i)) && strcasecmp(known->name, table) != 0)
		i++;
	assert(i < TABLES_MAX);
	if (*look->why || !known)
		return;
	const char *wanted = known->key[look->columns[i]];
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
	const struct table *table;
	for (size_t i = 0; (table = table_at(i)) && !*look->why; i++) {
		const char *wanted = table->key[look->columns[i]];
		if (wanted)
			snprintf(look->why, TABLES_WHY_MAX,
				 "table %s is missing, or its primary key lacks the column %s",
				 table->name, wanted);
	}
}

static bool put_name(struct sql *sql, const struct table *table, bool first)
{
	sql_put(sql, first ? "(?" : ", ?", sql_t(table->name));
	return false;
}

void tables_put_names(struct sql *sql, uint64_t version)
{
	const struct table *table;
	bool first = true;
	for (size_t i = 0; (table = table_at(i)); i++)
		if (table->migration > version && !table->yields)
			first = put_name(sql, table, first);
	sql_put_text(sql, first ? "('')" : ")");
}

bool tables_put_yielding(struct sql *sql, uint64_t version)
{
	const struct table *table;
	bool first = true;
	for (size_t i = 0; (table = table_at(i)); i++)
		if (table->migration == version && table->yields)
			first = put_name(sql, table, first);
	sql_put_text(sql, first ? "('')" : ")");
	return !first;
}

enum parlor_err tables_check(struct db *db, char *why)
{
	struct look look = {.why = why};
	struct sql sql;
	*why = '\0';
	sql_init(&sql, db);
	sql_put_text(&sql, query);
	tables_put_names(&sql, 0);
	sql_put_text(&sql, query_order);
	enum parlor_err err = db_select(db, &sql, key_row, &look);
	sql_fini(&sql);
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
	struct sql sql;
	sql_init(&sql, db);
	sql_put_text(&sql,
		     "SELECT COUNT(*) FROM information_schema.collations WHERE collation_name IN "
		     "(" COLLATIONS ")");
	enum parlor_err err = db_select(db, &sql, number_row, &collations);
	sql_fini(&sql);
	if (err || collations)
		return err;
	snprintf(why, TABLES_WHY_MAX,
		 "this server cannot compare texts byte by byte, and would take some ids for the "
		 "same: MariaDB 10.3 or later, or MySQL 8.0.17 or later, is needed");
	return PARLOR_E_DB_SCHEMA;
}
