#include "conf.h"

#include "mem.h"
#include "text.h"

#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A setting as read, kept aside until the whole file is known to be good. */
struct value {
	unsigned line; /* 0: not given */
	char *text;
	uint64_t number;
	bool on;
};

struct reading {
	const char *path;
	const struct conf_row *rows;
	struct value *values; /* one a row */
	FILE *file;
	char *line;
	size_t line_cap;
	unsigned line_no;
	unsigned bad_line; /* where `why` was written; 0: nowhere */
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3))) static void refuse(struct reading *r, const char *format, ...)
{
	char reason[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	(void)snprintf(r->why, r->why_size, "%s:%u: %s", r->path, r->line_no, reason);
	r->bad_line = r->line_no;
}

static const struct conf_row *find(const struct conf_row *rows, const char *name)
{
	for (const struct conf_row *row = rows; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

static bool parse_number(const char *text, uint64_t *number)
{
	if (*text < '0' || *text > '9')
		return false;
	char *end;
	errno = 0;
	uint64_t n = strtoull(text, &end, 10);
	if (errno)
		return false;
	static const char suffixes[] = "kMG";
	if (*end) {
		const char *suffix = strchr(suffixes, *end);
		if (!suffix || end[1])
			return false;
		uint64_t factor = UINT64_C(1) << (10 * (suffix - suffixes + 1));
		if (__builtin_mul_overflow(n, factor, &n))
			return false;
	}
	*number = n;
	return true;
}

static bool parse_switch(const char *text, bool *on)
{
	static const char *const names[2][3] = {{"off", "no", "false"}, {"on", "yes", "true"}};
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 3; j++)
			if (strcmp(text, names[i][j]) == 0) {
				*on = i;
				return true;
			}
	return false;
}

/* False with the reason when text is no value of that row. Values of texts are
 * not repeated in the reason: they may be secret. */
static bool parse(const struct conf_row *row, const char *text, struct value *value, char *reason,
		  size_t reason_size)
{
	switch (row->type) {
	case CONF_TEXT:
		if (!text_valid(text, strlen(text))) {
			(void)snprintf(reason, reason_size, "must be UTF-8 text");
			return false;
		}
		value->text = mem_text(text, strlen(text));
		return true;
	case CONF_NUMBER:
		if (parse_number(text, &value->number) && value->number >= row->min &&
		    value->number <= row->max)
			return true;
		(void)snprintf(reason, reason_size,
			       "must be a number from %" PRIu64 " to %" PRIu64 ", not '%.40s'",
			       row->min, row->max, text);
		return false;
	case CONF_SWITCH:
		if (parse_switch(text, &value->on))
			return true;
		(void)snprintf(reason, reason_size, "must be on or off, not '%.40s'", text);
		return false;
	case CONF_REPLACED:
		(void)snprintf(reason, reason_size, "no setting any more: %s", row->doc);
		return false;
	}
	return false;
}

/* Moves the value into the settings. */
static void apply(const struct conf_row *row, void *settings, struct value *value)
{
	void *at = (char *)settings + row->offset;
	switch (row->type) {
	case CONF_TEXT:
		free(*(char **)at);
		*(char **)at = value->text;
		value->text = NULL;
		return;
	case CONF_NUMBER:
		*(uint64_t *)at = value->number;
		return;
	case CONF_SWITCH:
		*(bool *)at = value->on;
		return;
	case CONF_REPLACED:
		return;
	}
}

/* Gives libinih one line, as fgets would; NULL ends the file, or the reading
 * after what is refused. Blanks in front go: to libinih an indented line
 * would be more of the value before. */
static char *next_line(char *to, int size, void *arg)
{
	struct reading *r = arg;
	if (r->bad_line)
		return NULL;
	ssize_t n = getline(&r->line, &r->line_cap, r->file);
	if (n < 0)
		return NULL;
	r->line_no++;
	if (!text_valid(r->line, (size_t)n)) {
		refuse(r, "line is not UTF-8 text");
		return NULL;
	}
	const char *start = r->line + strspn(r->line, " \t");
	size_t len = strlen(start);
	if (len >= (size_t)size) {
		refuse(r, "line is longer than %d bytes", size - 3);
		return NULL;
	}
	memcpy(to, start, len + 1);
	return to;
}

/* libinih's handler: 0 is an error. */
static int on_pair(void *arg, const char *section, const char *key, const char *text)
{
	struct reading *r = arg;
	char name[128];
	(void)snprintf(name, sizeof name, "%s%s%s", section, *section ? "." : "", key);
	const struct conf_row *row = find(r->rows, name);
	if (!row) {
		refuse(r, "%s: no such setting", name);
		return 0;
	}
	struct value *value = &r->values[row - r->rows];
	if (value->line) {
		refuse(r, "%s: already given in line %u", name, value->line);
		return 0;
	}
	char reason[160];
	if (!parse(row, text, value, reason, sizeof reason)) {
		refuse(r, "%s: %s", name, reason);
		return 0;
	}
	value->line = r->line_no;
	return 1;
}

static enum parlor_err read_file(struct reading *r)
{
	int bad = ini_parse_stream(next_line, r, on_pair, r);
	/* libinih goes on behind a line it cannot read: the first one counts. */
	if (bad > 0 && (!r->bad_line || (unsigned)bad < r->bad_line)) {
		r->line_no = (unsigned)bad;
		refuse(r, "neither 'key = value' nor '[section]'");
	}
	if (r->bad_line)
		return PARLOR_E_CONFIG;
	if (bad < 0 || ferror(r->file)) {
		(void)snprintf(r->why, r->why_size, "%s: cannot be read: %s", r->path,
			       strerror(errno));
		return PARLOR_E_CONFIG;
	}
	return PARLOR_E_OK;
}

enum parlor_err conf_read(const char *path, const struct conf_row *rows, void *settings, char *why,
			  size_t why_size)
{
	struct reading r = {.path = path, .rows = rows, .why = why, .why_size = why_size};
	r.file = fopen(path, "re");
	if (!r.file) {
		(void)snprintf(why, why_size, "%s: cannot be opened: %s", path, strerror(errno));
		return PARLOR_E_CONFIG;
	}
	size_t n = 0;
	while (rows[n].name)
		n++;
	r.values = mem_new(n * sizeof *r.values);
	enum parlor_err err = read_file(&r);
	for (size_t i = 0; i < n; i++) {
		if (!err && r.values[i].line)
			apply(&rows[i], settings, &r.values[i]);
		free(r.values[i].text);
	}
	free(r.values);
	free(r.line);
	(void)fclose(r.file);
	return err;
}

void conf_init(const struct conf_row *rows, void *settings)
{
	for (const struct conf_row *row = rows; row->name; row++) {
		struct value value = {.number = row->number};
		if (row->type == CONF_TEXT && row->text)
			value.text = mem_text(row->text, strlen(row->text));
		apply(row, settings, &value);
	}
}

enum parlor_err conf_set(const struct conf_row *rows, void *settings, const char *name,
			 const char *text, char *why, size_t why_size)
{
	const struct conf_row *row = find(rows, name);
	if (!row) {
		(void)snprintf(why, why_size, "%s: no such setting", name);
		return PARLOR_E_CONFIG;
	}
	struct value value = {0};
	char reason[160];
	if (!parse(row, text, &value, reason, sizeof reason)) {
		(void)snprintf(why, why_size, "%s: %s", name, reason);
		return PARLOR_E_CONFIG;
	}
	apply(row, settings, &value);
	return PARLOR_E_OK;
}

void conf_fini(const struct conf_row *rows, void *settings)
{
	for (const struct conf_row *row = rows; row->name; row++) {
		if (row->type != CONF_TEXT)
			continue;
		char **text = (char **)(void *)((char *)settings + row->offset);
		free(*text);
		*text = NULL;
	}
}
