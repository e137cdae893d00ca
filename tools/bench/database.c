#include "database.h"

#include "fail.h"

#include "base/clock.h"

#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define START_US 60000000
#define NAME "parlor"

static void install(struct rig *r, const char *data, const char *tmp)
{
	char datadir[RIG_PATH_MAX + 16], tmpdir[RIG_PATH_MAX + 16];
	snprintf(datadir, sizeof datadir, "--datadir=%s", data);
	snprintf(tmpdir, sizeof tmpdir, "--tmpdir=%s", tmp);
	check(mkdir(tmp, 0700) == 0, "cannot make %s", tmp);
	const char *argv[] = {"mariadb-install-db",
			      "--no-defaults",
			      datadir,
			      tmpdir,
			      "--auth-root-authentication-method=normal",
			      "--skip-test-db",
			      "--skip-name-resolve",
			      "--force", /* also where the machine's own name is unknown */
			      "--skip-log-bin",
			      geteuid() == 0 ? "--user=root" : NULL,
			      NULL};
	rig_run(r, "mariadb-install-db", argv);
}

static void start(struct database *d, struct rig *r, const char *data, const char *tmp,
		  uint16_t port)
{
	char datadir[RIG_PATH_MAX + 16], tmpdir[RIG_PATH_MAX + 16], socket[RIG_PATH_MAX + 16];
	char pid[RIG_PATH_MAX + 32], listen[32];
	snprintf(datadir, sizeof datadir, "--datadir=%s", data);
	snprintf(tmpdir, sizeof tmpdir, "--tmpdir=%s", tmp);
	snprintf(socket, sizeof socket, "--socket=%s", d->socket);
	snprintf(pid, sizeof pid, "--pid-file=%s/db.pid", r->dir);
	snprintf(listen, sizeof listen, "--port=%u", port);
	const char *argv[] = {"mariadbd",
			      "--no-defaults",
			      datadir,
			      tmpdir,
			      socket,
			      pid,
			      "--character-set-server=utf8mb4",
			      "--innodb-flush-log-at-trx-commit=1",
			      "--innodb-buffer-pool-size=1G",
			      "--bind-address=127.0.0.1",
			      port ? listen : "--skip-networking",
			      geteuid() == 0 ? "--user=root" : NULL,
			      NULL};
	d->server = rig_start(r, "mariadbd", argv, true, NULL, NULL);
}

static bool connected(struct database *d)
{
	d->connection = mysql_init(NULL);
	check(d->connection, "out of memory");
	if (mysql_real_connect(d->connection, NULL, "root", NULL, NULL, 0, d->socket, 0))
		return true;
	mysql_close(d->connection);
	d->connection = NULL;
	return false;
}

/* Nothing announces readiness but a connection that works. */
static void await_ready(struct database *d)
{
	uint64_t until = clock_mono_us() + START_US;
	while (!connected(d)) {
		fail_if_interrupted();
		rig_check(d->server);
		check(clock_mono_us() < until, "mariadbd does not answer");
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

/* A path in a URL's query: what is not plain is written %XX. */
static void make_url(struct database *d)
{
	char *out = d->url;
	out += sprintf(out, "mysql://root@localhost/" NAME "?socket=");
	for (const char *at = d->socket; *at && out < d->url + sizeof d->url - 4; at++) {
		if (strchr("%/?&#+ ", *at))
			out += sprintf(out, "%%%02X", (unsigned char)*at);
		else
			*out++ = *at;
	}
	*out = 0;
}

void database_open(struct database *d, struct rig *r, uint16_t port)
{
	char data[RIG_PATH_MAX], tmp[RIG_PATH_MAX];
	*d = (struct database){0};
	rig_path(r, data, "db");
	rig_path(r, tmp, "db-tmp");
	rig_path(r, d->socket, "db.sock");
	make_url(d);
	install(r, data, tmp);
	start(d, r, data, tmp, port);
	await_ready(d);
	database_run(d, "CREATE DATABASE IF NOT EXISTS " NAME);
	database_run(d, "USE " NAME);
}

void database_close(struct database *d)
{
	if (d->connection)
		mysql_close(d->connection);
	d->connection = NULL;
	mysql_library_end();
}

MYSQL *database_connect(const struct database *d)
{
	MYSQL *c = mysql_init(NULL);
	check(c, "out of memory");
	mysql_options(c, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	check(mysql_real_connect(c, NULL, "root", NULL, NAME, 0, d->socket, CLIENT_MULTI_RESULTS),
	      "mysql: %s", mysql_error(c));
	return c;
}

int database_descriptor(MYSQL *c)
{
#ifdef MARIADB_BASE_VERSION
	return (int)mysql_get_socket(c);
#else
	return (int)c->net.fd;
#endif
}

void database_migrate(struct database *d, struct rig *r)
{
	char program[RIG_PATH_MAX];
	rig_beside(program, "parlor-worker");
	const char *argv[] = {program, "--mysql", d->url, "--log", "warn", "--migrate", NULL};
	rig_run(r, "parlor-worker-migrate", argv);
}

void database_run(struct database *d, const char *sql)
{
	check(mysql_query(d->connection, sql) == 0, "%s: %s", sql, mysql_error(d->connection));
}

void database_each(struct database *d, const char *sql, database_row_fn *fn, void *ctx)
{
	database_run(d, sql);
	MYSQL_RES *result = mysql_use_result(d->connection);
	check(result, "%s: %s", sql, mysql_error(d->connection));
	for (MYSQL_ROW row; (row = mysql_fetch_row(result));)
		fn(ctx, row);
	check(mysql_errno(d->connection) == 0, "%s: %s", sql, mysql_error(d->connection));
	mysql_free_result(result);
}

static void take_number(void *ctx, char **cells)
{
	*(uint64_t *)ctx = cells[0] ? strtoull(cells[0], NULL, 10) : 0;
}

uint64_t database_number(struct database *d, const char *sql)
{
	uint64_t value = 0;
	database_each(d, sql, take_number, &value);
	return value;
}
