#include "database.h"

#include "base/mem.h"
#include "dialect.h"
#include "migrate.h"
#include "migrations.h"
#include "want.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* Of SQLite's memory. */
#define PIECE_BYTES 1200
#define PIECES 1000

static const char tables[] =
	"CREATE TABLE room (ent_id TEXT, uuid TEXT, group_name TEXT DEFAULT '', state INT DEFAULT "
	"1,"
	" history_open INT DEFAULT 0, members INT DEFAULT 0, last_seq INT DEFAULT 0,"
	" counted INT DEFAULT 0, broker_id INT DEFAULT 0, part INT DEFAULT 0,"
	" position INT DEFAULT 0, created_at TEXT, updated_at TEXT, PRIMARY KEY (ent_id, uuid))"
	" WITHOUT ROWID;"
	"CREATE TABLE chat_group (ent_id TEXT, uuid TEXT, member_id TEXT, group_name TEXT DEFAULT "
	"'',"
	" member_type INT DEFAULT 2, unread INT DEFAULT 0, unread_seq INT DEFAULT 0,"
	" seen INT DEFAULT 0, read_seq INT DEFAULT 0, joined_seq INT DEFAULT 0, created_at TEXT,"
	" PRIMARY KEY (ent_id, uuid, member_id)) WITHOUT ROWID;"
	"CREATE TABLE group_member (ent_id TEXT, group_id TEXT, member_id TEXT,"
	" member_name TEXT DEFAULT '', member_avatar TEXT DEFAULT '', member_type INT DEFAULT 2,"
	" created_at TEXT, PRIMARY KEY (ent_id, group_id, member_id)) WITHOUT ROWID;"
	"CREATE TABLE group_message (ent_id TEXT, group_id TEXT, seq INT, sender TEXT,"
	" sender_name TEXT, sender_avatar TEXT, message_type INT, content_type INT,"
	" message_content TEXT, client_id TEXT, mentions TEXT, recalled INT DEFAULT 0,"
	" position INT, created_at TEXT, PRIMARY KEY (ent_id, group_id, seq)) WITHOUT ROWID;"
	"CREATE TABLE member (ent_id TEXT, uuid TEXT, name TEXT DEFAULT '', avator TEXT DEFAULT '',"
	" online_status TEXT DEFAULT 'offline', last_seen TEXT, profile_broker INT DEFAULT 0,"
	" profile_position INT DEFAULT 0, presence_broker INT DEFAULT 0,"
	" presence_position INT DEFAULT 0, PRIMARY KEY (ent_id, uuid)) WITHOUT ROWID;"
	"CREATE TABLE sync_mark (broker_id INT, part INT, epoch INT DEFAULT 0,"
	" position INT DEFAULT 0, digest INT DEFAULT 0, projected INT DEFAULT 0,"
	" PRIMARY KEY (broker_id, part)) WITHOUT ROWID;"
	"CREATE TABLE sync_quarantine (broker_id INT, part INT, ent_id TEXT, topic_kind INT,"
	" group_id TEXT, position INT, error TEXT, created_at TEXT,"
	" PRIMARY KEY (broker_id, part, ent_id, topic_kind, group_id)) WITHOUT ROWID;"
	"CREATE TABLE room_label (ent_id TEXT, group_id TEXT, label TEXT,"
	" PRIMARY KEY (ent_id, group_id, label)) WITHOUT ROWID;"
	"CREATE TABLE schema_version (version INT PRIMARY KEY);"
	"INSERT INTO schema_version VALUES (3);";

/* Behind them, all of the desk as it stands in schema/. */
#define DESK_MIGRATION 4
static const char *const desk_tables[] = {
	"desk",         "desk_team",     "desk_agent",         "desk_seat",   "desk_team_seat",
	"desk_visitor", "desk_group",    "desk_type",          "desk_route",  "desk_text",
	"desk_hours",   "desk_business", "desk_seat_business", "desk_party",  "desk_conversation",
	"desk_stint",   "desk_offer",    "desk_transfer",      "desk_rating",
};

static const char clear[] = "DELETE FROM room; DELETE FROM chat_group; DELETE FROM group_member;"
			    "DELETE FROM group_message; DELETE FROM member; DELETE FROM sync_mark;"
			    "DELETE FROM sync_quarantine; DELETE FROM room_label;";

struct known {
	char *text;
	sqlite3_stmt *statement;
	UT_hash_handle hh;
};

struct db {
	struct database *of;
	bool open, in;
	char error[160];
};

/* ---- SQLite ------------------------------------------------------------------------ */

/* Not a failure that the town makes: it ends the test. */
static void must(struct database *d, int rc, const char *text)
{
	WANT(d->chance, rc == SQLITE_OK, "%s: %s", sqlite3_errmsg(d->sqlite), text);
}

static void run_plain(struct database *d, const char *text)
{
	must(d, sqlite3_exec(d->sqlite, text, NULL, NULL, NULL), text);
}

/* Numbers, or times, which are texts. */
static bool is_more(sqlite3_value *a, sqlite3_value *b)
{
	if (sqlite3_value_type(a) == SQLITE_TEXT && sqlite3_value_type(b) == SQLITE_TEXT)
		return strcmp((const char *)sqlite3_value_text(a),
			      (const char *)sqlite3_value_text(b)) > 0;
	return sqlite3_value_int64(a) > sqlite3_value_int64(b);
}

static void greatest(sqlite3_context *context, int n, sqlite3_value **values)
{
	int best = 0;
	for (int i = 1; i < n; i++)
		if (is_more(values[i], values[best]))
			best = i;
	sqlite3_result_value(context, values[best]);
}

static void least(sqlite3_context *context, int n, sqlite3_value **values)
{
	int best = 0;
	for (int i = 1; i < n; i++)
		if (is_more(values[best], values[i]))
			best = i;
	sqlite3_result_value(context, values[best]);
}

static void add_function(struct database *d, const char *name,
			 void (*fn)(sqlite3_context *, int, sqlite3_value **))
{
	must(d,
	     sqlite3_create_function(d->sqlite, name, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				     fn, NULL, NULL),
	     name);
}

static void make_desk_tables(struct database *d)
{
	struct buf text = {0};
	dialect_tables(&text, migrations[DESK_MIGRATION - 1].sql);
	run_plain(d, (const char *)text.data);
	buf_fini(&text);
}

void database_init(struct database *d, struct chance *chance)
{
	*d = (struct database){.chance = chance};
	/* Most statements are parsed once each: their pieces come out of one block, not from
	 * malloc one by one. */
	must(d, sqlite3_config(SQLITE_CONFIG_SINGLETHREAD), "one thread");
	must(d, sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0), "uncounted memory");
	must(d, sqlite3_config(SQLITE_CONFIG_LOOKASIDE, PIECE_BYTES, PIECES), "pieces");
	must(d, sqlite3_open(":memory:", &d->sqlite), "open");
	add_function(d, "GREATEST", greatest);
	add_function(d, "LEAST", least);
	run_plain(d, tables);
	make_desk_tables(d);
}

void database_fini(struct database *d)
{
	struct known *known, *next;
	HASH_ITER (hh, d->known, known, next) {
		HASH_DEL(d->known, known);
		sqlite3_finalize(known->statement);
		free(known->text);
		free(known);
	}
	sqlite3_free(d->dump);
	must(d, sqlite3_close(d->sqlite), "close");
}

void database_clear(struct database *d)
{
	struct database cleared = {.chance = d->chance, .sqlite = d->sqlite, .known = d->known};
	sqlite3_free(d->dump);
	*d = cleared;
	run_plain(d, clear);
	for (size_t i = 0; i < sizeof desk_tables / sizeof *desk_tables; i++) {
		char text[64];
		snprintf(text, sizeof text, "DELETE FROM %s", desk_tables[i]);
		run_plain(d, text);
	}
}

void database_dump(struct database *d)
{
	sqlite3_free(d->dump);
	d->dump = sqlite3_serialize(d->sqlite, "main", &d->dump_len, 0);
	WANT(d->chance, d->dump, "no dump");
}

void database_restore(struct database *d)
{
	if (!d->dump)
		return;
	must(d,
	     sqlite3_deserialize(d->sqlite, "main", d->dump, d->dump_len, d->dump_len,
				 SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE),
	     "restore");
	d->dump = NULL;
	d->counts.restores++;
	d->changes++;
}

/* ---- what goes wrong --------------------------------------------------------------------- */

static enum parlor_err say_error(struct db *db, enum parlor_err err, const char *words)
{
	snprintf(db->error, sizeof db->error, "%s", words);
	say(db->of->chance, "database: %s", words);
	return err;
}

static void roll_back(struct db *db)
{
	if (db->in)
		run_plain(db->of, "ROLLBACK");
	db->in = false;
}

static enum parlor_err cut(struct db *db, enum parlor_err err, const char *words)
{
	roll_back(db);
	db->open = false;
	db->of->counts.cuts++;
	return say_error(db, err, words);
}

static enum parlor_err trouble(struct db *db)
{
	struct database *d = db->of;
	if (!db->open)
		return say_error(db, PARLOR_E_DB_AWAY, "2006 gone away");
	if (d->down)
		return cut(db, PARLOR_E_DB_AWAY, "2013 the server is stopped");
	if (d->calm)
		return PARLOR_E_OK;
	if (chance_of(d->chance, d->trouble.retry)) {
		d->counts.retries++;
		return say_error(db, PARLOR_E_DB_RETRY, "1213 deadlock");
	}
	if (chance_of(d->chance, d->trouble.away))
		return cut(db, PARLOR_E_DB_AWAY, "2013 connection lost");
	if (chance_of(d->chance, d->trouble.large)) {
		d->counts.large++;
		return say_error(db, PARLOR_E_DB_TOO_LARGE, "1153 too large");
	}
	return PARLOR_E_OK;
}

/* ---- worker/db.h --------------------------------------------------------------------------- */

struct db *db_to(struct database *of)
{
	struct db *db = mem_new(sizeof *db);
	db->of = of;
	return db;
}

void db_free(struct db *db)
{
	roll_back(db);
	free(db);
}

enum parlor_err db_open(struct db *db)
{
	if (db->of->down)
		return say_error(db, PARLOR_E_DB_AWAY, "2002 the server is stopped");
	db->open = true;
	return PARLOR_E_OK;
}

void db_close(struct db *db)
{
	roll_back(db);
	db->open = false;
}

bool db_is_open(const struct db *db)
{
	return db->open;
}

const char *db_error(const struct db *db)
{
	return db->error;
}

const char *db_database(const struct db *db)
{
	(void)db;
	return "town";
}

size_t db_statement_max(const struct db *db)
{
	(void)db;
	return 4096;
}

bool db_statement_halve(struct db *db)
{
	return !chance_of(db->of->chance, 500);
}

size_t db_escape(const struct db *db, char *to, const char *text, size_t len)
{
	size_t n = 0;
	(void)db;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'')
			to[n++] = '\'';
		to[n++] = text[i];
	}
	return n;
}

uint64_t db_cell_number(struct span cell)
{
	const char *text = cell.data ? (const char *)cell.data : "0";
	return *text == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10);
}

static sqlite3_stmt *prepare(struct database *d, const char *text, size_t len)
{
	struct buf whole = {0}, words = {0};
	sqlite3_stmt *statement;
	buf_put(&whole, text, len);
	buf_put_u8(&whole, 0);
	dialect_translate(&words, (const char *)whole.data, len);
	buf_fini(&whole);
	must(d, sqlite3_prepare_v2(d->sqlite, (const char *)words.data, -1, &statement, NULL),
	     (const char *)words.data);
	buf_fini(&words);
	return statement;
}

#define CELLS 64 /* a team has many settings */

static void rows_of(struct database *d, sqlite3_stmt *statement, db_row_fn *fn, void *arg)
{
	struct span cells[CELLS];
	int n = sqlite3_column_count(statement), rc;
	assert(n <= CELLS);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < n; i++) {
			cells[i].data = sqlite3_column_text(statement, i);
			cells[i].len = (size_t)sqlite3_column_bytes(statement, i);
		}
		if (fn)
			fn(arg, cells, (unsigned)n);
	}
	must(d, rc == SQLITE_DONE ? SQLITE_OK : rc, "step");
}

static void run_once(struct database *d, struct span text, db_row_fn *fn, void *arg)
{
	sqlite3_stmt *statement = prepare(d, text.data, text.len);
	rows_of(d, statement, fn, arg);
	must(d, sqlite3_finalize(statement), "finalize");
}

static sqlite3_stmt *known(struct database *d, const char *text)
{
	struct known *k;
	HASH_FIND_STR(d->known, text, k);
	if (!k) {
		k = mem_new(sizeof *k);
		k->text = mem_text(text, strlen(text));
		k->statement = prepare(d, text, strlen(text));
		HASH_ADD_KEYPTR(hh, d->known, k->text, strlen(text), k);
	}
	return k->statement;
}

void database_ask(struct database *d, const char *text, db_row_fn *fn, void *arg)
{
	sqlite3_stmt *statement = known(d, text);
	rows_of(d, statement, fn, arg);
	must(d, sqlite3_reset(statement), text);
}

static struct span text_of(const struct sql *sql)
{
	return (struct span){sql->text.data, sql->text.len};
}

enum parlor_err db_run(struct db *db, const struct sql *sql, uint64_t *matched)
{
	enum parlor_err err = trouble(db);
	if (err)
		return err;
	run_once(db->of, text_of(sql), NULL, NULL);
	if (matched)
		*matched = (uint64_t)sqlite3_changes64(db->of->sqlite);
	return PARLOR_E_OK;
}

enum parlor_err db_run_text(struct db *db, const char *text)
{
	enum parlor_err err = trouble(db);
	if (!err)
		run_plain(db->of, text);
	return err;
}

/* What the server will not take: a message with that text in it. */
static bool is_poison(const struct database *d, const struct sql_value *values, size_t n)
{
	for (size_t i = 0; d->poison && i < n; i++)
		if (values[i].text && strcmp(values[i].text, d->poison) == 0)
			return true;
	return false;
}

static void bind(sqlite3_stmt *statement, int at, const struct sql_value *value)
{
	if (value->kind != SQL_TEXT)
		sqlite3_bind_int64(statement, at, (sqlite3_int64)value->number);
	else if (value->text)
		sqlite3_bind_text(statement, at, value->text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, at);
}

enum parlor_err db_run_prepared(struct db *db, const char *text, const struct sql_value *values,
				size_t n, uint64_t *matched)
{
	enum parlor_err err = trouble(db);
	if (err)
		return err;
	if (is_poison(db->of, values, n)) {
		db->of->counts.refused++;
		return say_error(db, PARLOR_E_DB_DATA, "1366 not a value of this column");
	}
	sqlite3_stmt *statement = known(db->of, text);
	for (size_t i = 0; i < n; i++)
		bind(statement, (int)i + 1, &values[i]);
	rows_of(db->of, statement, NULL, NULL);
	must(db->of, sqlite3_reset(statement), text);
	if (matched)
		*matched = (uint64_t)sqlite3_changes64(db->of->sqlite);
	return PARLOR_E_OK;
}

enum parlor_err db_select(struct db *db, const struct sql *sql, db_row_fn *fn, void *arg)
{
	enum parlor_err err = trouble(db);
	if (!err)
		run_once(db->of, text_of(sql), fn, arg);
	return err;
}

enum parlor_err db_begin(struct db *db)
{
	enum parlor_err err = trouble(db);
	if (err)
		return err;
	run_plain(db->of, "BEGIN");
	db->in = true;
	return PARLOR_E_OK;
}

enum parlor_err db_commit(struct db *db)
{
	struct database *d = db->of;
	bool lost = d->lose_commit;
	bool uncertain = !d->calm && chance_of(d->chance, d->trouble.uncertain);
	enum parlor_err err = trouble(db);
	if (err)
		return err;
	if (!d->calm && chance_of(d->chance, d->trouble.commit))
		return say_error(db, PARLOR_E_DB_RETRY, "1213 deadlock at COMMIT");
	if (lost || (uncertain && chance_of(d->chance, 500))) {
		d->lose_commit = false;
		d->counts.uncertain++;
		return cut(db, PARLOR_E_DB_UNKNOWN, "2013 lost at COMMIT, not done");
	}
	run_plain(d, "COMMIT");
	db->in = false;
	d->counts.commits++;
	d->changes++;
	if (!uncertain)
		return PARLOR_E_OK;
	d->counts.uncertain++;
	return cut(db, PARLOR_E_DB_UNKNOWN, "2013 lost at COMMIT, but done");
}

void db_rollback(struct db *db)
{
	roll_back(db);
}

/* The tables are there. */
enum parlor_err migrate_check(struct db *db, char *why)
{
	(void)why;
	return trouble(db);
}
