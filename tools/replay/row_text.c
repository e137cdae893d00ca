#include "row_text.h"

#include "core/desk/form.h"
#include "core/desk/row.h"

#include <inttypes.h>
#include <parlor/desk.pb-c.h>
#include <stdio.h>
#include <string.h>

const char *row_text_name(enum row_table table, struct span key)
{
	const uint8_t *bytes = key.data;
	if (key.len < ROW_PREFIX)
		return NULL;
	if (table == ROW_DESK)
		return "a row of a desk's configuration";
	if (table == ROW_VISITS)
		return bytes[8] == ROW_STINT ? "a stint of a conversation" : "the conversation";
	if (table == ROW_MEMBERS && bytes[8] == ROW_VISITOR)
		return "the visitor's profile";
	if (table == ROW_MEMBERS && bytes[8] == ROW_GUEST)
		return "the visitor at a desk";
	return NULL;
}

struct words {
	char *text;
	size_t size, len;
};

static void put_number(struct words *w, const char *name, uint64_t number)
{
	if (number && w->len < w->size)
		w->len += (size_t)snprintf(w->text + w->len, w->size - w->len, ", %s %" PRIu64,
					   name, number);
}

static void put_text(struct words *w, const char *name, struct span text)
{
	if (text.len && w->len < w->size)
		w->len += (size_t)snprintf(w->text + w->len, w->size - w->len, ", %s \"%.*s\"",
					   name, (int)(text.len < 60 ? text.len : 60),
					   (const char *)text.data);
}

static void put_field(struct words *w, const char *name, const struct field *f, const void *is)
{
	const char *at = (const char *)is + f->at;
	if (f->type == FIELD_TEXT)
		put_text(w, name, *(const struct span *)(const void *)at);
	else if (f->type == FIELD_VARINT)
		put_number(w, name, *(const uint64_t *)(const void *)at);
	else
		put_number(w, name, *(const uint8_t *)at);
}

/* The fields of a kind of row have the names of its message. */
static bool put_config(struct words *w, enum config_no kind, struct reader *in)
{
	union row_any is = {0};
	const struct config_form *form = config_form(kind);
	const ProtobufCMessageDescriptor *names =
		parlor__desk_set__descriptor.fields[kind - 1].descriptor;
	fields_decode(in, form->fields, &is);
	for (size_t i = 0; i < form->fields_len && i < names->n_fields; i++)
		put_field(w, names->fields[i].name, &form->fields[i], &is);
	return !in->bad;
}

static bool say_config(struct words *w, struct span value)
{
	struct reader in;
	reader_init(&in, value.data, value.len);
	uint64_t as_of = reader_varint(&in);
	(void)reader_varint(&in); /* the tenant */
	bool removed = reader_u8(&in) != 0;
	uint8_t kind = reader_u8(&in);
	if (in.bad || kind == 0 || kind >= CONFIG_NOS)
		return false;
	w->len = (size_t)snprintf(w->text, w->size, "%s%s, as of position %" PRIu64,
				  config_form((enum config_no)kind)->name,
				  removed ? ", removed" : "", as_of);
	return put_config(w, (enum config_no)kind, &in);
}

static bool say_visitor(struct words *w, struct span value)
{
	struct reader in;
	reader_init(&in, value.data, value.len);
	uint64_t as_of = reader_varint(&in);
	bool removed = reader_u8(&in) != 0;
	w->len = (size_t)snprintf(w->text, w->size, "visitor%s, as of position %" PRIu64,
				  removed ? ", removed" : "", as_of);
	return !in.bad && put_config(w, CONFIG_VISITOR, &in);
}

static bool say_conversation(struct words *w, struct span value)
{
	struct reader in;
	struct row_conversation row;
	reader_init(&in, value.data, value.len);
	uint64_t as_of = reader_varint(&in);
	(void)reader_varint(&in);
	if (in.bad || !conversation_get_row((struct span){in.at, reader_left(&in)}, &row))
		return false;
	w->len = (size_t)snprintf(w->text, w->size, "state %u, as of position %" PRIu64, row.state,
				  as_of);
	put_text(w, "conversation", row.id);
	put_text(w, "visitor", row.visitor_id);
	put_number(w, "team", row.team);
	put_number(w, "seat", row.seat);
	put_number(w, "offer", row.offer);
	put_number(w, "stints", row.stints);
	put_number(w, "transfer", row.transfer);
	put_number(w, "key", row.key);
	put_number(w, "visitor spoke", row.visitor_spoke_desk_us);
	put_number(w, "seat spoke", row.seat_spoke_desk_us);
	put_number(w, "message", row.spoke_seq);
	return true;
}

static bool say_stint(struct words *w, struct span value)
{
	struct reader in;
	struct row_stint row;
	reader_init(&in, value.data, value.len);
	uint64_t as_of = reader_varint(&in);
	if (in.bad || !stint_get_row((struct span){in.at, reader_left(&in)}, &row))
		return false;
	w->len = (size_t)snprintf(w->text, w->size, "stint %" PRIu64 ", as of position %" PRIu64,
				  row.no, as_of);
	put_number(w, "seat", row.seat);
	put_number(w, "from message", row.from_seq);
	put_number(w, "to message", row.to_seq);
	put_number(w, "began", row.started_us);
	put_number(w, "ended", row.ended_us);
	put_number(w, "why", row.end_why);
	return true;
}

bool row_text_desk(char *text, size_t size, enum row_table table, struct span key,
		   struct span value)
{
	struct words w = {.text = text, .size = size};
	const uint8_t *bytes = key.data;
	if (key.len < ROW_PREFIX)
		return false;
	if (table == ROW_DESK)
		return say_config(&w, value);
	if (table == ROW_VISITS)
		return bytes[8] == ROW_STINT ? say_stint(&w, value) : say_conversation(&w, value);
	return table == ROW_MEMBERS && bytes[8] == ROW_VISITOR && say_visitor(&w, value);
}
