#include "db/db_mysql.h"

#include "base/mem.h"
#include "base/text.h"
#include "db/db_error.h"
#include "db/rows.h"

#include <assert.h>
#include <errmsg.h>
#include <mysql.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

#define CONNECT_TIMEOUT_MAX_S 5
#define STATEMENT_MAX ((size_t)1 << 20)
#define STATEMENT_MIN ((size_t)16 << 10)
#define ERROR_MAX 512
#define CELLS_MAX (ROW_VALUES_MAX + 8)
/* Kept of one connection; beyond it all are forgotten. */
#define PREPARED_MAX 512
#define US_PER_S 1000000

/* Ways to log in of which who listens, or plays the server, learns no more than
 * a hash. One that the server asks for and that is not named here ends the
 * attempt: mysql_clear_password, dialog and sha256_password would hand over the
 * password itself. */
#define LOGIN_FIRST "mysql_native_password"
#define LOGINS LOGIN_FIRST ",client_ed25519,parsec"
/* This one sends the password over a Unix socket, and elsewhere encrypts it with
 * the server's key, which anybody could claim to be if it is not known before. */
#define LOGINS_OF_KNOWN_SERVERS LOGINS ",caching_sha2_password"

struct prepared {
	MYSQL_STMT *stmt;
	UT_hash_handle hh; /* by the text, which lies behind */
};

/* What a bound value needs to stand somewhere while the statement runs. */
struct param {
	unsigned long len;
	char is_null;
	MYSQL_TIME time;
};

struct db {
	MYSQL *mysql; /* NULL: closed */
	const struct url *url;
	unsigned timeout_s;
	size_t statement_cap; /* halved by what the server refused */
	size_t statement_max;
	bool refused;
	char error[ERROR_MAX];
	struct prepared *prepared;
	MYSQL_BIND *binds;
	struct param *params;
	size_t params_cap;
};

__attribute__((format(printf, 2, 3))) static void tell(struct db *db, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(db->error, sizeof db->error, format, args);
	va_end(args);
	/* The text goes to the broker, which takes nothing but UTF-8. */
	if (!text_valid(db->error, strlen(db->error)))
		for (char *c = db->error; *c; c++)
			*c = *c & 0x80 ? '?' : *c;
}

/* Takes the failure down, and the connection if it is of no more use. */
static enum parlor_err failed_with(struct db *db, unsigned number, const char *text)
{
	enum parlor_err err = db_error_class(number);
	tell(db, "%u %s", number, text);
	db->refused = number == 1044 || number == 1045 || number == 1698;
	/* The server hangs up on a packet that is too large. */
	if (err == PARLOR_E_DB_AWAY || number == 1153 || number == CR_NET_PACKET_TOO_LARGE)
		db_close(db);
	return err;
}

static enum parlor_err failed(struct db *db)
{
	return failed_with(db, mysql_errno(db->mysql), mysql_error(db->mysql));
}

static void forget_prepared(struct db *db)
{
	struct prepared *p, *next;
	HASH_ITER (hh, db->prepared, p, next) {
		HASH_DEL(db->prepared, p);
		mysql_stmt_close(p->stmt);
		free(p);
	}
}

struct db *db_new(const struct url *url, unsigned timeout_s)
{
	struct db *db = mem_new(sizeof *db);
	db->url = url;
	db->timeout_s = timeout_s;
	db->statement_cap = STATEMENT_MAX;
	return db;
}

void db_free(struct db *db)
{
	if (!db)
		return;
	db_close(db);
	free(db->binds);
	free(db->params);
	free(db);
}

void db_end(void)
{
	mysql_library_end();
}

void db_close(struct db *db)
{
	forget_prepared(db);
	if (db->mysql) {
		/* The library forgets to free this one. */
		mysql_options(db->mysql, MYSQL_SERVER_PUBLIC_KEY, NULL);
		mysql_close(db->mysql);
	}
	db->mysql = NULL;
}

bool db_is_open(const struct db *db)
{
	return db->mysql;
}

const char *db_error(const struct db *db)
{
	return db->error;
}

bool db_refused(const struct db *db)
{
	return db->refused;
}

const char *db_database(const struct db *db)
{
	return db->url->database;
}

size_t db_statement_max(const struct db *db)
{
	return db->statement_max;
}

bool db_statement_halve(struct db *db)
{
	if (db->statement_cap / 2 < STATEMENT_MIN)
		return false;
	db->statement_cap /= 2;
	if (db->statement_max > db->statement_cap)
		db->statement_max = db->statement_cap;
	return true;
}

unsigned db_timeout_s(const struct db *db)
{
	return db->timeout_s;
}

const char *db_charset(const struct db *db)
{
	return db->mysql ? mysql_character_set_name(db->mysql) : "";
}

void db_packet_max_is(struct db *db, uint64_t bytes)
{
	size_t half = (size_t)(bytes / 2);
	db->statement_max = half < db->statement_cap ? half : db->statement_cap;
}

enum parlor_err db_refuse_session(struct db *db, const char *why)
{
	tell(db, "%s", why);
	db_close(db);
	return PARLOR_E_DB_SESSION;
}

static void set_options(MYSQL *mysql, const struct url *url, unsigned timeout_s)
{
	unsigned connect_s = timeout_s < CONNECT_TIMEOUT_MAX_S ? timeout_s : CONNECT_TIMEOUT_MAX_S;
	unsigned protocol = url->socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	unsigned no_files = 0;
	char no_clear_text = 0;
	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &timeout_s);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &timeout_s);
	mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_files);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, DB_CHARSET);
	mysql_options(mysql, MYSQL_ENABLE_CLEARTEXT_PLUGIN, &no_clear_text);
	if (url->socket || url->server_key) {
		mysql_options(mysql, MARIADB_OPT_RESTRICTED_AUTH, LOGINS_OF_KNOWN_SERVERS);
		mysql_options(mysql, MYSQL_SERVER_PUBLIC_KEY, url->server_key);
	} else {
		/* The server's own first choice may be one that this user does not need. */
		mysql_options(mysql, MYSQL_DEFAULT_AUTH, LOGIN_FIRST);
		mysql_options(mysql, MARIADB_OPT_RESTRICTED_AUTH, LOGINS);
	}
}

/* The library would ask the server for the key that it cannot read. */
static bool key_readable(const char *path)
{
	FILE *file = fopen(path, "re");
	bool readable = file && fgetc(file) != EOF;
	if (file)
		fclose(file);
	return readable;
}

enum parlor_err db_connect(struct db *db, const char *database)
{
	const struct url *url = db->url;
	if (url->server_key && !key_readable(url->server_key)) {
		tell(db, "the server's key %s cannot be read", url->server_key);
		return PARLOR_E_DB;
	}
	db->mysql = mysql_init(NULL);
	if (!db->mysql) {
		tell(db, "out of memory");
		return PARLOR_E_DB_AWAY;
	}
	set_options(db->mysql, url, db->timeout_s);
	/* What was asked for in the handshake the server may have passed over. */
	if (!mysql_real_connect(db->mysql, url->host, url->user, url->password, database, url->port,
				url->socket, CLIENT_FOUND_ROWS) ||
	    mysql_set_character_set(db->mysql, DB_CHARSET) != 0) {
		bool login_refused = mysql_errno(db->mysql) == CR_PLUGIN_NOT_ALLOWED;
		enum parlor_err err = failed(db);
		/* The library's own words name a part of a name. */
		if (login_refused)
			tell(db,
			     "%d the server asks for the password in a way that is not "
			     "allowed here (see README.md, Logging in to the database)",
			     CR_PLUGIN_NOT_ALLOWED);
		db_close(db);
		return err;
	}
	return PARLOR_E_OK;
}

static enum parlor_err send_text(struct db *db, const void *text, size_t len)
{
	if (!db->mysql) {
		tell(db, "not connected");
		return PARLOR_E_DB_AWAY;
	}
	return mysql_real_query(db->mysql, text, len) == 0 ? PARLOR_E_OK : failed(db);
}

static enum parlor_err run(struct db *db, const void *text, size_t len, uint64_t *matched)
{
	enum parlor_err err = send_text(db, text, len);
	if (err)
		return err;
	/* A migration may well SELECT; the rows are of no interest. */
	MYSQL_RES *result = mysql_store_result(db->mysql);
	if (result)
		mysql_free_result(result);
	else if (mysql_field_count(db->mysql) > 0)
		return failed(db);
	if (matched)
		*matched = mysql_affected_rows(db->mysql);
	return PARLOR_E_OK;
}

enum parlor_err db_run(struct db *db, const struct sql *sql, uint64_t *matched)
{
	return run(db, sql->text.data, sql->text.len, matched);
}

enum parlor_err db_run_text(struct db *db, const char *text)
{
	return run(db, text, strlen(text), NULL);
}

/* Too many of them, not this kind of statement, too many values. */
static bool cannot_prepare(unsigned number)
{
	return number == 1461 || number == 1295 || number == 1390;
}

/* NULL: *err says why, OK that the server has no room for it. */
static struct prepared *prepare(struct db *db, const char *text, size_t len, enum parlor_err *err)
{
	*err = PARLOR_E_OK;
	if (HASH_COUNT(db->prepared) >= PREPARED_MAX)
		forget_prepared(db);
	MYSQL_STMT *stmt = mysql_stmt_init(db->mysql);
	if (!stmt) {
		*err = failed(db);
		return NULL;
	}
	if (mysql_stmt_prepare(stmt, text, len) != 0) {
		if (!cannot_prepare(mysql_stmt_errno(stmt)))
			*err = failed_with(db, mysql_stmt_errno(stmt), mysql_stmt_error(stmt));
		mysql_stmt_close(stmt);
		return NULL;
	}
	struct prepared *p = mem_new(sizeof *p + len);
	p->stmt = stmt;
	memcpy(p + 1, text, len);
	HASH_ADD_KEYPTR(hh, db->prepared, p + 1, len, p);
	return p;
}

static void set_time(MYSQL_TIME *to, uint64_t us)
{
	time_t seconds = (time_t)(us / US_PER_S);
	struct tm utc;
	gmtime_r(&seconds, &utc);
	*to = (MYSQL_TIME){.year = (unsigned)utc.tm_year + 1900,
			   .month = (unsigned)utc.tm_mon + 1,
			   .day = (unsigned)utc.tm_mday,
			   .hour = (unsigned)utc.tm_hour,
			   .minute = (unsigned)utc.tm_min,
			   .second = (unsigned)utc.tm_sec,
			   .second_part = (unsigned long)(us % US_PER_S),
			   .time_type = MYSQL_TIMESTAMP_DATETIME};
}

/* A NULL keeps the type of what else stands there, so that the server need not
 * look at the statement again. */
static void bind_value(MYSQL_BIND *bind, struct param *param, const struct sql_value *value)
{
	*bind = (MYSQL_BIND){0};
	switch (value->kind) {
	case SQL_NUMBER:
		/* As a number in a text would be: a difference of two may be below 0. */
		bind->is_unsigned = value->number > INT64_MAX;
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = (void *)(uintptr_t)&value->number;
		break;
	case SQL_TIME:
		bind->buffer_type = MYSQL_TYPE_DATETIME;
		bind->buffer = &param->time;
		set_time(&param->time, value->number);
		break;
	default:
		param->len = value->text ? strlen(value->text) : 0;
		param->is_null = !value->text;
		bind->buffer_type = MYSQL_TYPE_STRING;
		bind->buffer = (void *)(uintptr_t)value->text;
		bind->buffer_length = param->len;
		bind->length = &param->len;
		bind->is_null = (void *)&param->is_null;
		break;
	}
}

static void bind_values(struct db *db, const struct sql_value *values, size_t n)
{
	if (n > db->params_cap) {
		db->binds = mem_resize(db->binds, n, sizeof *db->binds);
		db->params = mem_resize(db->params, n, sizeof *db->params);
		db->params_cap = n;
	}
	for (size_t i = 0; i < n; i++)
		bind_value(&db->binds[i], &db->params[i], &values[i]);
}

static enum parlor_err run_with_values(struct db *db, const char *text,
				       const struct sql_value *values, size_t n, uint64_t *matched)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put_values(&sql, text, values, n);
	enum parlor_err err = db_run(db, &sql, matched);
	sql_fini(&sql);
	return err;
}

enum parlor_err db_run_prepared(struct db *db, const char *text, const struct sql_value *values,
				size_t n, uint64_t *matched)
{
	enum parlor_err err;
	struct prepared *p;
	size_t len = strlen(text);
	if (!db->mysql) {
		tell(db, "not connected");
		return PARLOR_E_DB_AWAY;
	}
	HASH_FIND(hh, db->prepared, text, len, p);
	if (!p)
		p = prepare(db, text, len, &err);
	if (!p)
		return err ? err : run_with_values(db, text, values, n, matched);
	assert(mysql_stmt_param_count(p->stmt) == n);
	bind_values(db, values, n);
	if (mysql_stmt_bind_param(p->stmt, db->binds) != 0 || mysql_stmt_execute(p->stmt) != 0)
		return failed_with(db, mysql_stmt_errno(p->stmt), mysql_stmt_error(p->stmt));
	if (matched)
		*matched = mysql_stmt_affected_rows(p->stmt);
	return PARLOR_E_OK;
}

enum parlor_err db_select(struct db *db, const struct sql *sql, db_row_fn *fn, void *arg)
{
	enum parlor_err err = send_text(db, sql->text.data, sql->text.len);
	if (err)
		return err;
	/* Row by row: a page of large bodies is never held here as a whole. */
	MYSQL_RES *result = mysql_use_result(db->mysql);
	if (!result)
		return failed(db);
	unsigned n = mysql_num_fields(result);
	assert(n <= CELLS_MAX);
	for (MYSQL_ROW row = mysql_fetch_row(result); row; row = mysql_fetch_row(result)) {
		struct span cells[CELLS_MAX];
		unsigned long *lengths = mysql_fetch_lengths(result);
		for (unsigned i = 0; i < n; i++)
			cells[i] = (struct span){row[i], row[i] ? lengths[i] : 0};
		fn(arg, cells, n);
	}
	unsigned wrong = mysql_errno(db->mysql);
	mysql_free_result(result);
	return wrong ? failed(db) : PARLOR_E_OK;
}

enum parlor_err db_begin(struct db *db)
{
	return db_run_text(db, "START TRANSACTION");
}

enum parlor_err db_commit(struct db *db)
{
	if (db->mysql && mysql_real_query(db->mysql, "COMMIT", 6) == 0)
		return PARLOR_E_OK;
	if (!db->mysql)
		return PARLOR_E_DB_AWAY;
	unsigned number = mysql_errno(db->mysql);
	enum parlor_err err = failed(db);
	if (err == PARLOR_E_DB_RETRY && number != 1317)
		return err;
	/* Read-only says that nothing was written; all else leaves it open. */
	if (number == 1290 || number == 1792 || number == 1836)
		return PARLOR_E_DB_AWAY;
	db_close(db);
	return PARLOR_E_DB_UNKNOWN;
}

void db_rollback(struct db *db)
{
	if (!db->mysql || mysql_real_query(db->mysql, "ROLLBACK", 8) == 0)
		return;
	db_close(db);
}

size_t db_escape(const struct db *db, char *to, const char *text, size_t len)
{
	if (!db->mysql)
		return 0;
	return mysql_real_escape_string(db->mysql, to, text, len);
}

uint64_t db_cell_number(struct span cell)
{
	return cell.data ? strtoull(cell.data, NULL, 10) : 0;
}
