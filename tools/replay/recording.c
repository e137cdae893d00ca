#include "recording.h"

#include "core/kinds.h"
#include "core/record.h"
#include "message_json.h"
#include "noun/noun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_BYTES 160
#define HEADER_KEY "recording"

const char *const recording_contents[] = {"text", "image", "file", "custom", NULL};

/* ---- from the journal --------------------------------------------------------- */

json_t *recording_header_put(const struct recording_header *h)
{
	json_t *object = json_pack("{s:I, s:I, s:I}", HEADER_KEY, (json_int_t)h->version, "journal",
				   (json_int_t)h->journal, "from", (json_int_t)h->from);

	if (object && h->tenant)
		json_object_set_new(object, "tenant", json_string(h->tenant));
	return object;
}

enum parlor_err recording_event_put(json_t **out, const Parlor__JournalEntry *entry, bool tenant)
{
	struct record r;
	const Parlor__Event *event = entry->event;
	struct draft d = {.from = "", .role = "member", .body = ""};

	*out = NULL;
	if (record_decode(&r, entry->head.data, entry->head.len) != PARLOR_E_OK)
		return PARLOR_E_VALUE;
	if (record_kind(r.kind)->partition == PARTITION_NO)
		return PARLOR_E_OK;
	const struct kind *kind = kind_of_record(r.kind);
	if (!event || event->kind_case != kind->event)
		return PARLOR_E_VALUE;
	d.type = kind->type;
	d.more = json_object();
	if (kind->draft)
		kind->draft(&d, event);
	*out = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:I}", "room", event->room, "seq",
			 (json_int_t)d.seq, "t", (json_int_t)(event->time_us / 1000), "from",
			 d.from, "role", d.role, "type", d.type, "body", d.body, "position",
			 (json_int_t)entry->position);
	if (*out && tenant)
		json_object_set_new(*out, "tenant", json_string(entry->tenant));
	if (*out)
		json_object_update(*out, d.more);
	json_decref(d.more);
	return *out ? PARLOR_E_OK : PARLOR_E_VALUE;
}

/* ---- from lines ------------------------------------------------------------------ */

bool recording_is_header(const json_t *object)
{
	return json_object_get(object, HEADER_KEY) != NULL;
}

enum parlor_err recording_header_get(struct recording_header *h, json_t *object, char *why)
{
	json_error_t error;
	json_int_t version, journal, from;

	*h = (struct recording_header){0};
	if (json_unpack_ex(object, &error, 0, "{s:I, s:I, s:I, s?s}", HEADER_KEY, &version,
			   "journal", &journal, "from", &from, "tenant", &h->tenant) != 0) {
		snprintf(why, WHY_BYTES, "%s", error.text);
		return PARLOR_E_VALUE;
	}
	h->version = version;
	h->journal = journal;
	h->from = from;
	if (version == RECORDING_VERSION)
		return PARLOR_E_OK;
	snprintf(why, WHY_BYTES, "a recording of version %lld; this program knows %d",
		 (long long)version, RECORDING_VERSION);
	return PARLOR_E_VERSION;
}

static bool find_word(const char *const *words, const char *text, int *which)
{
	for (*which = 0; words[*which]; ++*which)
		if (strcmp(words[*which], text) == 0)
			return true;
	return false;
}

static enum parlor_err wrong(char *why, const char *what)
{
	snprintf(why, WHY_BYTES, "%s", what);
	return PARLOR_E_VALUE;
}

static bool is_texts(const json_t *list)
{
	const json_t *text;
	size_t i;

	if (list && !json_is_array(list))
		return false;
	json_array_foreach(list, i, text) if (!json_is_string(text)) return false;
	return true;
}

static enum parlor_err check_body(const struct recording_event *e, char *why)
{
	const struct kind *kind = e->kind;
	int unused;

	if (!kind->bodies || (e->body[0] && find_word(kind->bodies, e->body, &unused)))
		return PARLOR_E_OK;
	size_t len = (size_t)snprintf(why, WHY_BYTES, "body is none of ");
	for (const char *const *word = kind->bodies + 1; *word && len < WHY_BYTES; word++)
		len += (size_t)snprintf(why + len, WHY_BYTES - len, "%s%s", *word,
					word[1] ? ", " : "");
	return PARLOR_E_VALUE;
}

static enum parlor_err check_lists(const struct recording_event *e, char *why)
{
	if (!is_texts(e->mentions))
		return wrong(why, "mentions must be a list of texts");
	if (is_texts(e->texts))
		return PARLOR_E_OK;
	snprintf(why, WHY_BYTES, "%s must be a list of texts", e->kind->texts);
	return PARLOR_E_VALUE;
}

static enum parlor_err check_row(const struct recording_event *e, char *why)
{
	if (!(e->kind->needs & LINE_NEEDS_ROW))
		return PARLOR_E_OK;
	if (!json_is_object(e->row))
		return wrong(why, "row must be an object");
	ProtobufCMessage *row = message_of_json(e->kind->row(e->kind, e->row)->descriptor, e->row);
	bool good = row != NULL;
	free(row);
	return good ? PARLOR_E_OK : wrong(why, "row has a key that is none of its kind's");
}

static enum parlor_err check(const struct recording_event *e, const char *role, char *why)
{
	unsigned needs = e->kind->needs;
	/* A notice with an id of its own was posted by somebody. */
	bool posted = recording_is_notice(e) && e->client_id[0];

	if ((needs & LINE_NEEDS_ROOM) && !e->room[0])
		return wrong(why, "room must not be empty");
	if (((needs & LINE_NEEDS_FROM) || posted) && !e->from[0])
		return wrong(why, "from must not be empty");
	if (e->seq < (needs & LINE_NEEDS_SEQ ? 1 : 0))
		return wrong(why, "seq is too low");
	if (strcmp(role, "agent") != 0 && strcmp(role, "member") != 0)
		return wrong(why, "role is none of agent, member");
	if ((needs & LINE_NEEDS_CLIENT_ID) && !e->client_id[0])
		return wrong(why, "a text must have a client_id");
	enum parlor_err err = check_body(e, why);
	if (!err)
		err = check_lists(e, why);
	return err ? err : check_row(e, why);
}

enum parlor_err recording_event_get(struct recording_event *e, json_t *object, char *why)
{
	json_error_t error;
	json_int_t seq, t, position = 0;
	int open = 0, recalled = 0, removed = 0;
	const char *role, *type, *content = "text";

	*e = (struct recording_event){.client_id = "", .name = "", .avatar = ""};
	if (json_unpack_ex(object, &error, 0,
			   "{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s?I, s?s, s?s, s?s, s?s, s?s, s?b,"
			   " s?b, s?o, s?o, s?b}",
			   "room", &e->room, "seq", &seq, "t", &t, "from", &e->from, "role", &role,
			   "type", &type, "body", &e->body, "position", &position, "tenant",
			   &e->tenant, "client_id", &e->client_id, "name", &e->name, "avatar",
			   &e->avatar, "content", &content, "open", &open, "recalled", &recalled,
			   "mentions", &e->mentions, "row", &e->row, "removed", &removed) != 0)
		return wrong(why, error.text);
	e->kind = kind_of_type(type);
	if (!e->kind)
		return wrong(why, "type is none that a recording has");
	if (!find_word(recording_contents, content, &e->content))
		return wrong(why, "content is none of text, image, file, custom");
	if (e->kind->texts)
		e->texts = json_object_get(object, e->kind->texts);
	e->position = position;
	e->t_ms = t;
	e->seq = seq;
	e->agent = strcmp(role, "agent") == 0;
	e->open = open != 0;
	e->recalled = recalled != 0;
	e->removed = removed != 0;
	return check(e, role, why);
}

bool recording_is_notice(const struct recording_event *e)
{
	return strcmp(e->kind->type, "notice") == 0;
}
