#include "audit/finding.h"

#include "audit/record_text.h"
#include "core/kinds.h"
#include "core/room.h"
#include "core/tenant.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Records shown before (the one itself included) and behind. */
#define BEFORE 6
#define BEHIND 3

enum audit_exit audit_exit_of(enum parlor_err err)
{
	if (err == PARLOR_E_STORE_CORRUPT)
		return AUDIT_JOURNAL;
	return err == PARLOR_E_NOT_FOUND ? AUDIT_TRIMMED : AUDIT_UNREADABLE;
}

void audit_text(char *to, size_t size, struct span text)
{
	size_t len = text.len < size ? text.len : size - 1;
	if (len)
		memcpy(to, text.data, len);
	to[len] = 0;
}

static void name_tenant(struct finding *f, struct engine *e, uint32_t no)
{
	struct span tenant;
	if (!core_tenant_id(e->core, no, &tenant))
		audit_text(f->tenant, sizeof f->tenant, tenant);
}

static void name_member(struct finding *f, struct engine *e, uint64_t no)
{
	struct row_key key;
	struct span value;
	struct row_member row;
	struct core_rows rows = engine_rows(e);
	row_key_member(&key, no);
	snprintf(f->member, sizeof f->member, "#%" PRIu64, no);
	if (rows.get(rows.ctx, &key, &value) || !row_get_member(value, &row))
		return;
	audit_text(f->member, sizeof f->member, row.id);
	name_tenant(f, e, row.tenant);
}

static void name_room(struct finding *f, struct engine *e, uint64_t no)
{
	struct core_room_view view;
	struct row_key key;
	struct span value;
	struct row_room row;
	struct core_rows rows = engine_rows(e);
	f->room_no = no;
	snprintf(f->room, sizeof f->room, "#%" PRIu64, no);
	if (core_room_names(e->core, no, &view))
		return;
	audit_text(f->room, sizeof f->room, view.id);
	row_key_room(&key, no);
	if (!rows.get(rows.ctx, &key, &value) && row_get_room(value, &row))
		name_tenant(f, e, row.tenant);
}

void finding_name(struct finding *f, struct engine *e, uint64_t room, uint64_t member)
{
	if (room)
		name_room(f, e, room);
	if (member)
		name_member(f, e, member);
}

bool finding_wanted(const struct finding *f)
{
	return !f->only || !f->tenant[0] || strcmp(f->only, f->tenant) == 0;
}

void finding_set(struct finding *f, enum audit_exit code, const char *what)
{
	f->code = code;
	snprintf(f->what, sizeof f->what, "%s", what);
}

void finding_expected(struct finding *f, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(f->expected, sizeof f->expected, format, args);
	va_end(args);
}

void finding_found(struct finding *f, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(f->found, sizeof f->found, format, args);
	va_end(args);
}

/* ---- the records around it ------------------------------------------------------- */

/* Copies of the last few entries that the walk came by. */
struct around {
	uint64_t room_no; /* 0: all */
	uint64_t position;
	struct kept {
		struct buf head, event;
		struct entry entry;
	} kept[BEFORE + BEHIND];
	size_t len, behind;
};

static void keep(struct around *a, const struct entry *entry)
{
	size_t max = entry->position <= a->position ? BEFORE : BEFORE + BEHIND;
	if (a->len >= max) {
		struct kept first = a->kept[0];
		memmove(a->kept, a->kept + 1, (a->len - 1) * sizeof first);
		a->kept[--a->len] = first;
	}
	struct kept *k = &a->kept[a->len++];
	buf_clear(&k->head);
	buf_clear(&k->event);
	buf_put(&k->head, entry->head.data, entry->head.len);
	buf_put(&k->event, entry->event.data, entry->event.len);
	k->entry = *entry;
	k->entry.head = buf_span(&k->head);
	k->entry.event = buf_span(&k->event);
}

static enum parlor_err come_by(void *arg, const struct entry *entry, const struct record *r)
{
	struct around *a = arg;
	if (a->room_no && r->room != a->room_no)
		return PARLOR_E_OK;
	if (entry->position > a->position && ++a->behind > BEHIND)
		return PARLOR_E_NOT_FOUND; /* enough */
	keep(a, entry);
	return PARLOR_E_OK;
}

/* What can be read of it: an entry that is damaged ends a walk, the next begins
 * behind it. */
static void collect(struct around *a, struct source *s, uint64_t upto)
{
	uint64_t from = s->first;
	if (!a->room_no && a->position > from + 2 * BEFORE)
		from = a->position - 2 * BEFORE;
	while (from <= upto) {
		s->bad_at = 0;
		if (source_walk(s, from, upto, come_by, a) != PARLOR_E_STORE_CORRUPT ||
		    !s->bad_at || s->bad_at < from)
			return;
		from = s->bad_at + 1;
	}
}

static void print_around(const struct around *a, struct record_text *record_text)
{
	struct record r;
	puts("records around it:");
	for (size_t i = 0; i < a->len; i++)
		if (!record_decode(&r, a->kept[i].entry.head.data, a->kept[i].entry.head.len))
			record_text_print(record_text, stdout, &a->kept[i].entry, &r);
}

static json_t *json_around(const struct around *a, struct record_text *record_text)
{
	struct record r;
	json_t *list = json_array();
	for (size_t i = 0; i < a->len; i++)
		if (!record_decode(&r, a->kept[i].entry.head.data, a->kept[i].entry.head.len))
			json_array_append_new(list,
					      record_text_json(record_text, &a->kept[i].entry, &r));
	return list;
}

/* ---- printing -------------------------------------------------------------------- */

static const char *kind_of(enum audit_exit code)
{
	static const char *const kinds[] = {
		[AUDIT_EQUAL] = "equal",     [AUDIT_DIFFERENT] = "different",
		[AUDIT_USAGE] = "usage",     [AUDIT_JOURNAL] = "journal",
		[AUDIT_ROWS] = "rows",       [AUDIT_UNREAD] = "unread",
		[AUDIT_MYSQL] = "mysql",     [AUDIT_UNREADABLE] = "unreadable",
		[AUDIT_TRIMMED] = "trimmed", [AUDIT_DESK] = "desk",
	};
	return kinds[code];
}

static void print_field(const char *name, const char *text)
{
	if (!text[0])
		return;
	printf("%-10s", name);
	record_text_put(stdout, text);
	putchar('\n');
}

static void print_text(const struct finding *f, const struct around *a,
		       struct record_text *record_text)
{
	char position[32] = "";
	if (f->position)
		snprintf(position, sizeof position, "%" PRIu64, f->position);
	printf("DIFFERENT: %s: ", kind_of(f->code));
	record_text_put(stdout, f->what);
	putchar('\n');
	print_field("tenant", f->tenant);
	print_field("room", f->room);
	print_field("member", f->member);
	print_field("position", position);
	print_field("expected", f->expected);
	print_field("found", f->found);
	if (a->len)
		print_around(a, record_text);
}

static void json_field(json_t *line, const char *name, const char *text)
{
	if (text[0])
		json_object_set_new(line, name, record_text_json_text(text, strlen(text)));
}

static void print_json(const struct finding *f, const struct around *a,
		       struct record_text *record_text)
{
	json_t *line = json_pack("{s:s, s:i}", "result", kind_of(f->code), "code", (int)f->code);
	json_field(line, "what", f->what);
	json_field(line, "tenant", f->tenant);
	json_field(line, "room", f->room);
	json_field(line, "member", f->member);
	if (f->position)
		json_object_set_new(line, "position", json_integer((json_int_t)f->position));
	json_field(line, "expected", f->expected);
	json_field(line, "found", f->found);
	json_object_set_new(line, "records", json_around(a, record_text));
	if (!record_text_json_line(stdout, line))
		fprintf(stderr, "parlor-replay: the result cannot be written\n");
}

void finding_print(const struct finding *f, struct source *source, uint64_t upto, bool json)
{
	struct around a = {.room_no = f->room_no, .position = f->position ? f->position : upto};
	struct record_text record_text;
	record_text_init(&record_text);
	if (source && source->store && (f->room_no || f->position))
		collect(&a, source, upto);
	if (json)
		print_json(f, &a, &record_text);
	else
		print_text(f, &a, &record_text);
	record_text_fini(&record_text);
	for (size_t i = 0; i < BEFORE + BEHIND; i++) {
		buf_fini(&a.kept[i].head);
		buf_fini(&a.kept[i].event);
	}
}
