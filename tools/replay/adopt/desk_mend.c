#include "adopt/desk_mend.h"

#include "mend.h"

#include <inttypes.h>

#define FIELDS_MAX 64 /* of a form */
#define SHOWN(key) (int)(key).len, (const char *)(key).data

bool desk_mend_id(struct findings *f, const struct old_row *row, struct span raw, char *id)
{
	struct mend_id found;
	mend_id(&found, raw);
	if (found.too_long)
		findings_add(f, FINDING_long_id, "%s %.*s: %s", row->table, SHOWN(row->key),
			     found.text);
	else if (found.invalid)
		findings_add(f, FINDING_invalid_id, "%s %.*s: %s", row->table, SHOWN(row->key),
			     found.text);
	memcpy(id, found.text, sizeof found.text);
	return !found.empty;
}

void desk_mend_text(struct findings *f, const struct old_row *row, struct span raw, size_t max,
		    struct buf *into)
{
	enum finding cut = row->kind == OLD_SAID ? FINDING_long_body : FINDING_long_text;
	struct mend_text found = mend_text(into, raw, max);
	if (found.invalid)
		findings_add(f, FINDING_invalid_text, "%s %.*s", row->table, SHOWN(row->key));
	if (found.cut)
		findings_add(f, cut, "%s %.*s", row->table, SHOWN(row->key));
}

/* A row is known by its first fields: so many of them. */
static const size_t key_fields[CONFIG_NOS] = {
	[CONFIG_DESK] = 1,          [CONFIG_TEAM] = 2,    [CONFIG_AGENT] = 1,
	[CONFIG_SEAT] = 2,          [CONFIG_VISITOR] = 1, [CONFIG_TEAM_SEAT] = 3,
	[CONFIG_GROUP] = 1,         [CONFIG_TYPE] = 1,    [CONFIG_ROUTE] = 3,
	[CONFIG_TEXT] = 3,          [CONFIG_HOURS] = 1,   [CONFIG_BUSINESS] = 2,
	[CONFIG_SEAT_BUSINESS] = 3,
};

static void mend_number(struct findings *f, const struct old_row *row, const struct field *field,
			uint64_t max, void *out)
{
	uint64_t *wide = (uint64_t *)((char *)out + field->at);
	uint8_t *narrow = (uint8_t *)out + field->at;
	uint64_t is = field->type == FIELD_VARINT ? *wide : *narrow;
	if (max == FORM_REF || is <= max || field->type == FIELD_BOOL)
		return;
	findings_add(f, FINDING_bad_number, "%s %.*s: %" PRIu64, row->table, SHOWN(row->key), is);
	if (field->type == FIELD_VARINT)
		*wide = max;
	else
		*narrow = (uint8_t)max;
}

/* Appends it; how long it is. */
static size_t put_text(struct findings *f, const struct old_row *row, struct span raw, bool key,
		       uint64_t max, struct buf *texts)
{
	char id[ROW_ID_MAX + 1];
	size_t before = texts->len;
	if (key && max == ROW_ID_MAX) {
		desk_mend_id(f, row, raw, id);
		buf_put(texts, id, strlen(id));
	} else {
		desk_mend_text(f, row, raw, (size_t)max, texts);
	}
	return texts->len - before;
}

void desk_mend(struct findings *f, const struct old_row *row, bool bare, struct buf *texts,
	       union row_any *out)
{
	const struct config_form *form = config_form(row->config);
	size_t lens[FIELDS_MAX] = {0}, at = 0;
	memset(out, 0, sizeof *out);
	buf_clear(texts);
	for (size_t i = 0; i < form->fields_len; i++) {
		const struct field *field = &form->fields[i];
		const char *from = (const char *)&row->row + field->at;
		bool key = i < key_fields[row->config];
		if (bare && !key)
			continue;
		if (field->type == FIELD_TEXT) {
			lens[i] = put_text(f, row, *(const struct span *)from, key, form->max[i],
					   texts);
			continue;
		}
		memcpy((char *)out + field->at, from,
		       field->type == FIELD_VARINT ? sizeof(uint64_t) : 1);
		mend_number(f, row, field, form->max[i], out);
	}
	/* The texts lie still from here on. */
	for (size_t i = 0; i < form->fields_len; i++) {
		if (form->fields[i].type != FIELD_TEXT)
			continue;
		*(struct span *)((char *)out + form->fields[i].at) =
			(struct span){texts->data + at, lens[i]};
		at += lens[i];
	}
}
