#include "adopt/dump_table.h"

#include "base/mem.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct dump_table {
	FILE *file;
	bool csv;
	const char *const *columns;
	int at[DUMP_COLUMNS_MAX]; /* csv: where each column stands; -1: nowhere */
	uint64_t line;            /* of what is read next */
	struct buf text;          /* ndjson: the line */
	struct buf bytes;         /* of the cells, NUL behind each */
	struct {
		size_t at, len;
		bool is;
	} cells[DUMP_COLUMNS_MAX];
};

/* ---- one object a line ----------------------------------------------------------- */

static void put_cell(struct dump_table *t, size_t i, const char *text, size_t len)
{
	t->cells[i].at = t->bytes.len;
	t->cells[i].len = len;
	t->cells[i].is = true;
	buf_put(&t->bytes, text, len);
	buf_put(&t->bytes, "", 1);
}

static void put_value(struct dump_table *t, size_t i, const json_t *value)
{
	char number[64];
	if (json_is_string(value)) {
		put_cell(t, i, json_string_value(value), json_string_length(value));
		return;
	}
	if (json_is_integer(value))
		snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(number, sizeof number, "%.17g", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(number, sizeof number, "%d", json_is_true(value));
	else
		return;
	put_cell(t, i, number, strlen(number));
}

/* A line, as far as it may be long; NOT_FOUND: there is none. */
static enum parlor_err next_line(struct dump_table *t, bool *too_long)
{
	int c;
	buf_clear(&t->text);
	*too_long = false;
	while ((c = getc(t->file)) != EOF && c != '\n') {
		*too_long = t->text.len >= DUMP_ROW_BYTES_MAX;
		if (!*too_long)
			buf_put(&t->text, &(char){(char)c}, 1);
	}
	if (c == EOF && !t->text.len)
		return ferror(t->file) ? PARLOR_E_IO : PARLOR_E_NOT_FOUND;
	t->line++;
	return PARLOR_E_OK;
}

static enum parlor_err next_object(struct dump_table *t, bool *bad)
{
	bool too_long;
	enum parlor_err err = next_line(t, &too_long);
	if (err)
		return err;
	json_t *object = too_long ? NULL
				  : json_loadb((const char *)t->text.data, t->text.len,
					       JSON_ALLOW_NUL, NULL);
	*bad = !json_is_object(object);
	for (size_t i = 0; !*bad && t->columns[i]; i++)
		put_value(t, i, json_object_get(object, t->columns[i]));
	json_decref(object);
	return PARLOR_E_OK;
}

/* ---- csv ------------------------------------------------------------------------- */

enum field_end { END_FIELD, END_ROW, END_FILE };

/* One field behind the bytes there are; *quoted tells NULL from an empty text. */
static enum field_end next_field(struct dump_table *t, bool *quoted)
{
	bool inside = false;
	*quoted = false;
	for (;;) {
		int c = getc(t->file);
		if (c == '\n')
			t->line++;
		if (c == EOF)
			return END_FILE;
		if (inside && c == '"') {
			int next = getc(t->file);
			inside = next == '"';
			if (!inside)
				ungetc(next, t->file);
		} else if (!inside && c == '"' && !*quoted) {
			inside = *quoted = true;
			continue;
		} else if (!inside && c == ',') {
			return END_FIELD;
		} else if (!inside && c == '\n') {
			return END_ROW;
		} else if (!inside && c == '\r') {
			continue;
		}
		if (c == '"' && !inside)
			continue;
		if (t->bytes.len < 2 * DUMP_ROW_BYTES_MAX)
			buf_put(&t->bytes, &(char){(char)c}, 1);
	}
}

typedef void field_fn(struct dump_table *, int column, size_t at, size_t len, bool quoted);

/* NOT_FOUND: there is none. */
static enum parlor_err next_record(struct dump_table *t, field_fn *fn, bool *bad)
{
	enum field_end end;
	int column = 0;
	bool quoted;
	do {
		size_t at = t->bytes.len;
		end = next_field(t, &quoted);
		if (end == END_FILE && ferror(t->file))
			return PARLOR_E_IO;
		if (end == END_FILE && column == 0 && t->bytes.len == at && !quoted)
			return PARLOR_E_NOT_FOUND;
		size_t len = t->bytes.len - at;
		if (t->bytes.len < 2 * DUMP_ROW_BYTES_MAX)
			buf_put(&t->bytes, "", 1);
		fn(t, column++, at, len, quoted);
	} while (end == END_FIELD);
	*bad = t->bytes.len > DUMP_ROW_BYTES_MAX;
	return PARLOR_E_OK;
}

static void name_field(struct dump_table *t, int column, size_t at, size_t len, bool quoted)
{
	(void)quoted;
	for (size_t i = 0; t->columns[i]; i++)
		if (len == strlen(t->columns[i]) &&
		    memcmp(t->bytes.data + at, t->columns[i], len) == 0)
			t->at[i] = column;
}

static void value_field(struct dump_table *t, int column, size_t at, size_t len, bool quoted)
{
	for (size_t i = 0; t->columns[i]; i++) {
		if (t->at[i] != column)
			continue;
		t->cells[i].at = at;
		t->cells[i].len = len;
		t->cells[i].is = len || quoted;
	}
}

/* ---- rows ------------------------------------------------------------------------ */

enum parlor_err dump_table_next(struct dump_table *t, struct dump_row *row)
{
	memset(t->cells, 0, sizeof t->cells);
	buf_clear(&t->bytes);
	*row = (struct dump_row){.offset = (uint64_t)ftello(t->file), .line = t->line};
	enum parlor_err err =
		t->csv ? next_record(t, value_field, &row->bad) : next_object(t, &row->bad);
	for (size_t i = 0; !err && !row->bad && t->columns[i]; i++)
		if (t->cells[i].is)
			row->cells[i] =
				(struct span){t->bytes.data + t->cells[i].at, t->cells[i].len};
	return err;
}

enum parlor_err dump_table_seek(struct dump_table *t, uint64_t offset, uint64_t line)
{
	t->line = line;
	return fseeko(t->file, (off_t)offset, SEEK_SET) == 0 ? PARLOR_E_OK : PARLOR_E_IO;
}

static enum parlor_err open_file(struct dump_table *t, const char *dir, const char *name, char *why)
{
	static const char *const endings[] = {"ndjson", "csv"};
	char path[PATH_MAX];
	for (size_t i = 0; i < 2 && !t->file; i++) {
		snprintf(path, sizeof path, "%s/%s.%s", dir, name, endings[i]);
		t->csv = i == 1;
		t->file = fopen(path, "re");
		if (!t->file && errno != ENOENT) {
			snprintf(why, DUMP_WHY_MAX, "%.300s: %s", path, strerror(errno));
			return PARLOR_E_IO;
		}
	}
	if (t->file)
		return PARLOR_E_OK;
	snprintf(why, DUMP_WHY_MAX, "%.300s holds no %s.ndjson and no %s.csv", dir, name, name);
	return PARLOR_E_NOT_FOUND;
}

enum parlor_err dump_table_open(struct dump_table **out, const char *dir, const char *name,
				const char *const *columns, char *why)
{
	bool bad = false;
	struct dump_table *t = mem_new(sizeof *t);
	t->columns = columns;
	t->line = 1;
	for (size_t i = 0; i < DUMP_COLUMNS_MAX; i++)
		t->at[i] = -1;
	enum parlor_err err = open_file(t, dir, name, why);
	if (!err && t->csv)
		err = next_record(t, name_field, &bad);
	if (err == PARLOR_E_NOT_FOUND && t->file)
		err = PARLOR_E_OK; /* an empty file has no rows */
	if (err) {
		dump_table_close(t);
		t = NULL;
	}
	*out = t;
	return err;
}

void dump_table_close(struct dump_table *t)
{
	if (!t)
		return;
	if (t->file)
		fclose(t->file);
	buf_fini(&t->text);
	buf_fini(&t->bytes);
	free(t);
}

/* ---- times ----------------------------------------------------------------------- */

/* .123456, of any length; microseconds. */
static const char *take_fraction(const char *at, uint64_t *us)
{
	uint64_t unit = 100000;
	*us = 0;
	if (*at != '.')
		return at;
	for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
		*us += (uint64_t)(*at - '0') * unit;
	return at;
}

/* +08, +08:00, +0800, Z; minutes. False: something else. */
static bool take_offset(const char *at, long *minutes)
{
	int hours = 0, more = 0, n = 0;
	*minutes = 0;
	if (!*at || strcmp(at, "Z") == 0)
		return true;
	if (*at != '+' && *at != '-')
		return false;
	if (sscanf(at + 1, "%2d%n:%2d%n", &hours, &n, &more, &n) < 1)
		return false;
	if (n == 2 && at[3])
		(void)sscanf(at + 3, "%2d", &more);
	*minutes = (*at == '-' ? -1 : 1) * (hours * 60L + more);
	return true;
}

uint64_t dump_time(struct span cell)
{
	struct tm tm = {0};
	uint64_t us;
	long minutes;
	char between;
	int n = 0;
	if (!cell.data ||
	    sscanf(cell.data, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &between, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) != 7 ||
	    (between != ' ' && between != 'T'))
		return 0;
	if (!take_offset(take_fraction((const char *)cell.data + n, &us), &minutes))
		return 0;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	int64_t seconds = (int64_t)timegm(&tm) - minutes * 60;
	return seconds > 0 ? (uint64_t)seconds * 1000000 + us : 0;
}
