#include "db.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <errmsg.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

#define CONNECT_TIMEOUT_MAX_S 5
#define STATEMENT_MAX ((size_t)1 << 20)
#define STATEMENT_MIN ((size_t)16 << 10)
#define ERROR_MAX 512
#define CELLS_MAX 32
/* Kept of one connection; beyond it all are forgotten. */
#define PREPARED_MAX 512
#define US_PER_S 1000000

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

struct error_class {
	unsigned number;
	enum parlor_err err;
};

/* Errors of servers that speak the protocol: MySQL, MariaDB, TiDB, Vitess. What
 * is not named is PARLOR_E_DB. */
static const struct error_class classes[] = {
	/* the client's own: no connection, or it was lost */
	{CR_CONNECTION_ERROR, PARLOR_E_DB_AWAY},
	{CR_CONN_HOST_ERROR, PARLOR_E_DB_AWAY},
	{CR_UNKNOWN_HOST, PARLOR_E_DB_AWAY},
	{CR_SERVER_GONE_ERROR, PARLOR_E_DB_AWAY},
	{CR_SERVER_LOST, PARLOR_E_DB_AWAY},
	{2012 /* handshake */, PARLOR_E_DB_AWAY},
	{2014 /* commands out of sync */, PARLOR_E_DB_AWAY},
	{2026 /* TLS */, PARLOR_E_DB_AWAY},
	{2027 /* malformed packet */, PARLOR_E_DB_AWAY},
	{2055 /* lost, with the system's reason */, PARLOR_E_DB_AWAY},
	{5014 /* MariaDB's client: lost while it was idle */, PARLOR_E_DB_AWAY},
	/* the server will not serve this connection any more, or not now */
	{1040 /* too many connections */, PARLOR_E_DB_AWAY},
	{1044 /* no right to the database */, PARLOR_E_DB_AWAY},
	{1045 /* wrong password */, PARLOR_E_DB_AWAY},
	{1047 /* node not ready */, PARLOR_E_DB_AWAY},
	{1053 /* shutdown in progress */, PARLOR_E_DB_AWAY},
	{1079 /* shutdown */, PARLOR_E_DB_AWAY},
	{1129 /* host blocked */, PARLOR_E_DB_AWAY},
	{1130 /* host not allowed */, PARLOR_E_DB_AWAY},
	{1158, PARLOR_E_DB_AWAY},
	{1159, PARLOR_E_DB_AWAY},
	{1160, PARLOR_E_DB_AWAY},
	{1161 /* network trouble */, PARLOR_E_DB_AWAY},
	{1203 /* too many connections of this user */, PARLOR_E_DB_AWAY},
	{1243 /* it knows nothing of a statement that it prepared */, PARLOR_E_DB_AWAY},
	{1290 /* read-only */, PARLOR_E_DB_AWAY},
	{1698 /* no such login */, PARLOR_E_DB_AWAY},
	{1792 /* read-only transaction */, PARLOR_E_DB_AWAY},
	{1836 /* read-only mode */, PARLOR_E_DB_AWAY},
	{1927 /* connection killed */, PARLOR_E_DB_AWAY},
	{4031 /* disconnected by the server */, PARLOR_E_DB_AWAY},
	/* the same transaction may pass next time */
	{1020 /* row changed since it was read */, PARLOR_E_DB_RETRY},
	{1205 /* lock wait timeout */, PARLOR_E_DB_RETRY},
	{1213 /* deadlock */, PARLOR_E_DB_RETRY},
	{1317 /* interrupted */, PARLOR_E_DB_RETRY},
	{1614 /* XA or group rollback */, PARLOR_E_DB_RETRY},
	{1615 /* a table changed under a prepared statement */, PARLOR_E_DB_RETRY},
	{1969 /* statement time */, PARLOR_E_DB_RETRY},
	{3024 /* statement time */, PARLOR_E_DB_RETRY},
	{3101 /* group replication rolled back */, PARLOR_E_DB_RETRY},
	{3572 /* lock not available */, PARLOR_E_DB_RETRY},
	{8002, PARLOR_E_DB_RETRY},
	{8022, PARLOR_E_DB_RETRY},
	{8028, PARLOR_E_DB_RETRY},
	{9007 /* TiDB: write conflict, schema just changed */, PARLOR_E_DB_RETRY},
	/* too much at once */
	{1153 /* packet */, PARLOR_E_DB_TOO_LARGE},
	{CR_NET_PACKET_TOO_LARGE, PARLOR_E_DB_TOO_LARGE},
	{1197 /* binary log cache */, PARLOR_E_DB_TOO_LARGE},
	{1206 /* lock table */, PARLOR_E_DB_TOO_LARGE},
	{8004, PARLOR_E_DB_TOO_LARGE},
	{8025 /* TiDB: transaction, entry */, PARLOR_E_DB_TOO_LARGE},
	/* this row, whenever */
	{1048 /* NULL */, PARLOR_E_DB_DATA},
	{1062 /* duplicate of a key we do not know */, PARLOR_E_DB_DATA},
	{1118 /* row size */, PARLOR_E_DB_DATA},
	{1264 /* number out of range */, PARLOR_E_DB_DATA},
	{1265 /* truncated */, PARLOR_E_DB_DATA},
	{1292 /* value of the wrong kind */, PARLOR_E_DB_DATA},
	{1300 /* invalid characters */, PARLOR_E_DB_DATA},
	{1364 /* no default */, PARLOR_E_DB_DATA},
	{1366 /* incorrect value, character set */, PARLOR_E_DB_DATA},
	{1406 /* too long */, PARLOR_E_DB_DATA},
	{1451, PARLOR_E_DB_DATA},
	{1452 /* foreign key */, PARLOR_E_DB_DATA},
	{1526 /* no partition for the value */, PARLOR_E_DB_DATA},
	{1644 /* a trigger says no */, PARLOR_E_DB_DATA},
	{1690 /* out of range in an expression */, PARLOR_E_DB_DATA},
	{3819 /* CHECK */, PARLOR_E_DB_DATA},
	{3988 /* characters the column cannot hold */, PARLOR_E_DB_DATA},
	{4025 /* CHECK */, PARLOR_E_DB_DATA},
	/* tables, columns, rights */
	{1049, PARLOR_E_DB_SCHEMA},
	{1054, PARLOR_E_DB_SCHEMA},
	{1109, PARLOR_E_DB_SCHEMA},
	{1136, PARLOR_E_DB_SCHEMA},
	{1142, PARLOR_E_DB_SCHEMA},
	{1143, PARLOR_E_DB_SCHEMA},
	{1146, PARLOR_E_DB_SCHEMA},
	{1356, PARLOR_E_DB_SCHEMA},
	{1370, PARLOR_E_DB_SCHEMA},
};

static const char *const session_texts[] = {
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
	"NO_ENGINE_SUBSTITUTION'",
	"SET SESSION time_zone = '+00:00'",
	"SET SESSION autocommit = 1",
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

static enum parlor_err class_of(unsigned number)
{
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (classes[i].number == number)
			return classes[i].err;
	return PARLOR_E_DB;
}

/* Takes the failure down, and the connection if it is of no more use. */
static enum parlor_err failed_with(struct db *db, unsigned number, const char *text)
{
	enum parlor_err err = class_of(number);
	snprintf(db->error, sizeof db->error, "%u %s", number, text);
	/* The text goes to the broker, which takes nothing but UTF-8. */
	if (!text_valid(db->error, strlen(db->error)))
		for (char *c = db->error; *c; c++)
			*c = *c & 0x80 ? '?' : *c;
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
	if (db->mysql)
		mysql_close(db->mysql);
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

static void packet_row(void *arg, const struct span *cells, unsigned n)
{
	struct db *db = arg;
	assert(n == 1);
	size_t half = (size_t)(db_cell_number(cells[0]) / 2);
	db->statement_max = half < db->statement_cap ? half : db->statement_cap;
}

static enum parlor_err set_session(struct db *db)
{
	struct sql ask;
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && i < sizeof session_texts / sizeof session_texts[0]; i++)
		err = db_run_text(db, session_texts[i]);
	if (err)
		return err;
	sql_init(&ask, db);
	/* Who waits for a lock hears of it before the connection is given up. */
	sql_put(&ask, "SET SESSION innodb_lock_wait_timeout = ?",
		sql_u(db->timeout_s > 1 ? db->timeout_s / 2 : 1));
	err = db_run(db, &ask, NULL);
	sql_clear(&ask);
	sql_put_text(&ask, "SELECT @@max_allowed_packet");
	if (!err)
		err = db_select(db, &ask, packet_row, db);
	sql_fini(&ask);
	return err;
}

static enum parlor_err open_database(struct db *db, const char *database)
{
	if (db->mysql)
		return PARLOR_E_OK;
	const struct url *url = db->url;
	unsigned connect_s =
		db->timeout_s < CONNECT_TIMEOUT_MAX_S ? db->timeout_s : CONNECT_TIMEOUT_MAX_S;
	unsigned protocol = url->socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	unsigned no_files = 0;
	db->mysql = mysql_init(NULL);
	if (!db->mysql) {
		snprintf(db->error, sizeof db->error, "out of memory");
		return PARLOR_E_DB_AWAY;
	}
	mysql_options(db->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(db->mysql, MYSQL_OPT_READ_TIMEOUT, &db->timeout_s);
	mysql_options(db->mysql, MYSQL_OPT_WRITE_TIMEOUT, &db->timeout_s);
	mysql_options(db->mysql, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(db->mysql, MYSQL_OPT_LOCAL_INFILE, &no_files);
	mysql_options(db->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (!mysql_real_connect(db->mysql, url->host, url->user, url->password, database, url->port,
				url->socket, CLIENT_FOUND_ROWS)) {
		enum parlor_err err = failed(db);
		db_close(db);
		return err;
	}
	enum parlor_err err = set_session(db);
	if (err)
		db_close(db);
	return err;
}

enum parlor_err db_open(struct db *db)
{
	return open_database(db, db->url->database);
}

enum parlor_err db_open_server(struct db *db)
{
	return open_database(db, NULL);
}

static enum parlor_err send_text(struct db *db, const void *text, size_t len)
{
	if (!db->mysql) {
		snprintf(db->error, sizeof db->error, "not connected");
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
		snprintf(db->error, sizeof db->error, "not connected");
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
