#include "db/sql.h"

#include "db/db.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_S 1000000

void sql_init(struct sql *sql, const struct db *db)
{
	*sql = (struct sql){.db = db};
}

void sql_fini(struct sql *sql)
{
	buf_fini(&sql->text);
}

void sql_clear(struct sql *sql)
{
	buf_clear(&sql->text);
}

void sql_put_text(struct sql *sql, const char *text)
{
	buf_put(&sql->text, text, strlen(text));
}

static void put_number(struct buf *out, uint64_t number)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%" PRIu64, number);
	buf_put(out, digits, (size_t)n);
}

static void put_quoted(struct sql *sql, const char *text)
{
	size_t len = strlen(text);
	buf_put_u8(&sql->text, '\'');
	char *to = (char *)buf_reserve(&sql->text, 2 * len + 1);
	sql->text.len += db_escape(sql->db, to, text, len);
	buf_put_u8(&sql->text, '\'');
}

static void put_time(struct buf *out, uint64_t us)
{
	time_t seconds = (time_t)(us / US_PER_S);
	struct tm utc;
	char text[48];
	gmtime_r(&seconds, &utc);
	size_t n = strftime(text, sizeof text, "'%Y-%m-%d %H:%M:%S", &utc);
	int more = snprintf(text + n, sizeof text - n, ".%06u'", (unsigned)(us % US_PER_S));
	buf_put(out, text, n + (size_t)more);
}

static void put_name(struct buf *out, const char *name)
{
	buf_put_u8(out, '`');
	for (; *name; name++) {
		if (*name == '`')
			buf_put_u8(out, '`');
		buf_put_u8(out, (uint8_t)*name);
	}
	buf_put_u8(out, '`');
}

static void put_value(struct sql *sql, const struct sql_value *value)
{
	switch (value->kind) {
	case SQL_NUMBER:
		put_number(&sql->text, value->number);
		break;
	case SQL_TEXT:
		if (value->text)
			put_quoted(sql, value->text);
		else
			sql_put_text(sql, "NULL");
		break;
	case SQL_TIME:
		put_time(&sql->text, value->number);
		break;
	case SQL_NAME:
		put_name(&sql->text, value->text);
		break;
	}
}

void sql_put_values(struct sql *sql, const char *text, const struct sql_value *values, size_t n)
{
	size_t used = 0;
	for (;;) {
		size_t len = strcspn(text, "?");
		buf_put(&sql->text, text, len);
		if (!text[len])
			break;
		assert(used < n);
		put_value(sql, &values[used++]);
		text += len + 1;
	}
	assert(used == n);
}
