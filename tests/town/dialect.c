#include "dialect.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
	const char *from, *to;
};
static const struct words plain_words[] = {
	{"ON DUPLICATE KEY UPDATE", "ON CONFLICT DO UPDATE SET"},
	{" FOR UPDATE", ""},
	{"IF(", "iif("},
};
/* SQLite's UPDATE takes its second table behind SET. */
static const char join[] =
	"UPDATE room r JOIN chat_group g ON g.ent_id = r.ent_id AND g.uuid = r.uuid "
	"SET g.group_name = r.group_name WHERE ";
static const char from[] = "UPDATE chat_group AS g SET group_name = r.group_name FROM room r "
			   "WHERE g.ent_id = r.ent_id AND g.uuid = r.uuid AND ";

static void put(struct buf *out, const char *text)
{
	buf_put(out, text, strlen(text));
}

/* A number that is larger than SQLite's largest is its negative twin. */
static const char *put_digits(struct buf *out, const char *text)
{
	char digits[24], *end;
	uint64_t number = strtoull(text, &end, 10);
	snprintf(digits, sizeof digits, "%lld", (long long)number);
	put(out, digits);
	return end;
}

static const char *put_literal(struct buf *out, const char *text)
{
	const char *end = text;
	do
		end = strchr(end + 1, '\'');
	while (end[1] == '\'' && end++);
	buf_put(out, text, (size_t)(end + 1 - text));
	return end + 1;
}

static const char *put_word(struct buf *out, const char *text, bool *update)
{
	for (size_t i = 0; i < sizeof plain_words / sizeof plain_words[0]; i++) {
		size_t len = strlen(plain_words[i].from);
		if (strncmp(text, plain_words[i].from, len) != 0)
			continue;
		*update |= i == 0;
		put(out, plain_words[i].to);
		return text + len;
	}
	if (*update && strncmp(text, "VALUES(", 7) == 0) {
		size_t len = strcspn(text + 7, ")");
		put(out, "excluded.");
		buf_put(out, text + 7, len);
		return text + 7 + len + 1;
	}
	size_t len =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.");
	len += len == 0;
	buf_put(out, text, len);
	return text + len;
}

void dialect_translate(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;
	bool update = false;
	buf_clear(out);
	if (len > sizeof join && strncmp(text, join, sizeof join - 1) == 0) {
		put(out, from);
		text += sizeof join - 1;
	}
	while (text < end) {
		if (*text == '\'')
			text = put_literal(out, text);
		else if (*text >= '0' && *text <= '9')
			text = put_digits(out, text);
		else
			text = put_word(out, text, &update);
	}
	buf_put_u8(out, 0);
}

/* ---- tables ---------------------------------------------------------------------------- */

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* A line of a table; true: it is one of its lines. */
static bool put_column(struct buf *out, const char *line, size_t len)
{
	static const char comment[] = " COMMENT '";
	if (begins(line, "  KEY ") || begins(line, "--"))
		return false;
	if (begins(line, ") ENGINE")) {
		put(out, ");\n");
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (begins(line + i, comment)) {
			const char *end = strchr(line + i + sizeof comment - 1, '\'');
			i = (size_t)(end - line);
			continue;
		}
		buf_put(out, line + i, 1);
	}
	return true;
}

/* The comma behind the last column that stays goes. */
static void drop_comma(struct buf *out, size_t at)
{
	if (at && out->data[at - 1] == ',')
		out->data[at - 1] = ' ';
}

void dialect_tables(struct buf *out, const char *text)
{
	size_t last = 0;
	buf_clear(out);
	while (*text) {
		size_t len = strcspn(text, "\n");
		if (begins(text, ") ENGINE"))
			drop_comma(out, last);
		if (put_column(out, text, len)) {
			last = out->len;
			buf_put_u8(out, '\n');
		}
		text += len + (text[len] == '\n');
	}
	buf_put_u8(out, 0);
}
