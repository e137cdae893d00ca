#include "audit/record_text.h"

#include "core/kinds.h"
#include "noun/noun.h"
#include "wire.h"

#include "base/mem.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An event is a little larger than the largest body; decoding adds structs. */
#define ARENA_BYTES ((size_t)32 << 20)

const char *record_text_time(uint64_t us, char text[RECORD_TEXT_TIME_BYTES])
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm utc;
	if (!us || !gmtime_r(&seconds, &utc) ||
	    !strftime(text, RECORD_TEXT_TIME_BYTES, "%Y-%m-%d %H:%M:%S", &utc))
		snprintf(text, RECORD_TEXT_TIME_BYTES, "-");
	return text;
}

/* U+0080..U+009F, and the marks and overrides of direction. */
static size_t unsafe_sequence(const unsigned char *at)
{
	if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
		return 2;
	if (at[0] == 0xe2 && at[1] == 0x80 &&
	    (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae)))
		return 3;
	return at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9 ? 3 : 0;
}

void record_text_put(FILE *out, const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t unsafe = unsafe_sequence(at);
		if (*at < 0x20 || *at == 0x7f)
			unsafe = 1;
		if (!unsafe)
			putc(*at++, out);
		else if (*at == '\n' || *at == '\t')
			fputs(*at++ == '\n' ? "\\n" : "\\t", out);
		else
			for (; unsafe; unsafe--)
				fprintf(out, "\\x%02x", *at++);
	}
}

/* ---- events --------------------------------------------------------------------- */

void record_text_init(struct record_text *s)
{
	arena_init(&s->arena, ARENA_BYTES);
}

void record_text_fini(struct record_text *s)
{
	arena_fini(&s->arena);
}

const Parlor__Event *record_text_event(struct record_text *s, const struct entry *e)
{
	ProtobufCMessage *decoded;
	arena_clear(&s->arena);
	if (!e->event.len || wire_decode(&parlor__event__descriptor, &s->arena, e->event.data,
					 e->event.len, &decoded))
		return NULL;
	return (const Parlor__Event *)decoded;
}

void record_text_what(struct record_text *s, const struct entry *entry, const struct record *r,
		      char *text, size_t size)
{
	const struct kind *kind = kind_of_record(r->kind);
	const Parlor__Event *event = record_text_event(s, entry);
	if (kind->event == (event ? event->kind_case : PARLOR__EVENT__KIND__NOT_SET))
		kind->what(text, size, event, r);
	else
		snprintf(text, size, "%s", record_kind(r->kind)->name);
}

void record_text_print(struct record_text *s, FILE *out, const struct entry *entry,
		       const struct record *r)
{
	char when[RECORD_TEXT_TIME_BYTES], what[1024];
	record_text_what(s, entry, r, what, sizeof what);
	fprintf(out, "%10" PRIu64 "  %s  ", entry->position, record_text_time(r->time_us, when));
	record_text_put(out, what);
	const struct record_counts *counts = record_counts(r);
	if (counts)
		fprintf(out, "  (counted %" PRIu64 ", seen %" PRIu64 ")", counts->counted,
			counts->seen);
	putc('\n', out);
}

/* ---- JSON ----------------------------------------------------------------------- */

json_t *record_text_json_text(const char *text, size_t len)
{
	json_t *string = json_stringn(text, len);
	if (string)
		return string;
	char *copy = mem_text(text, len);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	string = json_stringn(copy, len);
	free(copy);
	return string;
}

json_t *record_text_json(struct record_text *s, const struct entry *entry, const struct record *r)
{
	char what[1024];
	record_text_what(s, entry, r, what, sizeof what);
	json_t *line =
		json_pack("{s:I, s:I, s:s, s:o}", "position", (json_int_t)entry->position,
			  "time_us", (json_int_t)r->time_us, "kind", record_kind(r->kind)->name,
			  "what", record_text_json_text(what, strlen(what)));
	const struct record_counts *counts = record_counts(r);
	if (!line || !counts)
		return line;
	json_object_set_new(line, "counted", json_integer((json_int_t)counts->counted));
	json_object_set_new(line, "seen", json_integer((json_int_t)counts->seen));
	return line;
}

const char *record_text_list(const json_t *list, char *text, size_t size)
{
	size_t len = 0;
	text[0] = 0;
	for (size_t i = 0; i < json_array_size(list) && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "",
					json_string_value(json_array_get(list, i)));
	return text;
}

bool record_text_json_line(FILE *out, json_t *line)
{
	bool written = line && json_dumpf(line, out, JSON_COMPACT) == 0 && putc('\n', out) != EOF;
	json_decref(line);
	return written;
}
