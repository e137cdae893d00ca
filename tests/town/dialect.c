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
