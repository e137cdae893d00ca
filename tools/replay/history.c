#include "history.h"

#include "noun/noun.h"

#include <assert.h>

/* A row's order and its source in one number. */
#define SOURCES_MAX 64

static const struct {
	const char *name, *none;
} columns[HISTORY_COLUMNS] = {
	{"at", "NULL"}, {"tenant", "''"},    {"room", "''"},       {"seq", "0"},   {"member", "''"},
	{"a", "0"},     {"b", "0"},          {"c", "0"},           {"name", "''"}, {"avatar", "''"},
	{"body", "''"}, {"client_id", "''"}, {"mentions", "NULL"},
};

static const struct history_source *source_at(size_t n)
{
	for (const struct replay_noun *const *noun = replay_nouns; *noun; noun++) {
		if (n < (*noun)->history_len)
			return &(*noun)->history[n];
		n -= (*noun)->history_len;
	}
	return NULL;
}

static void put_source(struct sql *sql, const struct history_source *source, size_t at)
{
	sql_put(sql, at ? " UNION ALL SELECT ? AS kind" : "SELECT ? AS kind",
		sql_u(source->order * SOURCES_MAX + at));
	for (size_t i = 0; i < HISTORY_COLUMNS; i++) {
		sql_put_text(sql, ", ");
		sql_put_text(sql, source->columns[i] ? source->columns[i] : columns[i].none);
		sql_put_text(sql, " AS ");
		sql_put_text(sql, columns[i].name);
	}
	sql_put_text(sql, " FROM ");
	sql_put_text(sql, source->from);
}

static void put_query(struct sql *sql)
{
	const struct history_source *source;
	sql_put_text(sql, "SELECT h.kind, TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', h.at)");
	for (size_t i = HISTORY_TIME + 1; i < HISTORY_COLUMNS; i++) {
		sql_put_text(sql, ", h.");
		sql_put_text(sql, columns[i].name);
	}
	sql_put_text(sql, " FROM (");
	for (size_t at = 0; (source = source_at(at)) != NULL; at++) {
		assert(at < SOURCES_MAX);
		put_source(sql, source, at);
	}
	sql_put_text(sql, ") AS h ORDER BY h.at, h.tenant, h.room, h.seq, h.kind, h.member, h.a");
}

struct reading {
	history_fn *fn;
	void *arg;
};

static void take_row(void *arg, const struct span *all, unsigned n)
{
	const struct reading *reading = arg;
	const struct span *cells = all + 1;
	(void)n;
	struct history_row row = {
		.source = source_at(db_cell_number(all[0]) % SOURCES_MAX),
		.time_us = db_cell_number(cells[HISTORY_TIME]),
		.tenant = cells[HISTORY_TENANT],
		.room = cells[HISTORY_ROOM],
		.seq = db_cell_number(cells[HISTORY_SEQ]),
		.member = cells[HISTORY_MEMBER],
		.name = cells[HISTORY_NAME],
		.avatar = cells[HISTORY_AVATAR],
		.body = cells[HISTORY_BODY],
		.client_id = cells[HISTORY_CLIENT_ID],
		.mentions = cells[HISTORY_MENTIONS],
	};
	for (size_t i = HISTORY_NUMBERS; i < HISTORY_NAME; i++)
		row.numbers[i - HISTORY_NUMBERS] = db_cell_number(cells[i]);
	reading->fn(reading->arg, &row);
}

enum parlor_err history_read(struct db *db, history_fn *fn, void *arg)
{
	struct reading reading = {fn, arg};
	struct sql sql;
	sql_init(&sql, db);
	put_query(&sql);
	enum parlor_err err = db_select(db, &sql, take_row, &reading);
	sql_fini(&sql);
	return err;
}
