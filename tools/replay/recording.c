#include "recording.h"

#include "core/kinds.h"
#include "core/record.h"

#include <stdio.h>
#include <string.h>

#define WHY_BYTES 160
#define HEADER_KEY "recording"

static const char *const kinds[] = {
	[RECORDING_TEXT] = "text",         [RECORDING_NOTICE] = "notice",
	[RECORDING_JOIN] = "join",         [RECORDING_LEAVE] = "leave",
	[RECORDING_CREATE] = "create",     [RECORDING_RENAME] = "rename",
	[RECORDING_STATE] = "state",       [RECORDING_PROFILE] = "profile",
	[RECORDING_READ] = "read",         [RECORDING_RECALL] = "recall",
	[RECORDING_PRESENCE] = "presence", [RECORDING_BOOT] = "boot",
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static const char *const contents[] = {"text", "image", "file", "custom"};
static const char *const states[] = {"", "open", "closed", "dissolved"};
static const char *const presences[] = {"", "offline", "online", "busy"};
#define WORDS(list) (sizeof(list) / sizeof(list)[0])

static const char *word(const char *const *words, size_t n, int which)
{
	return which >= 0 && (size_t)which < n ? words[which] : "";
}

/* ---- from the journal --------------------------------------------------------- */

json_t *recording_header_put(const struct recording_header *h)
{
	json_t *object = json_pack("{s:I, s:I, s:I}", HEADER_KEY, (json_int_t)h->version, "journal",
				   (json_int_t)h->journal, "from", (json_int_t)h->from);

	if (object && h->tenant)
		json_object_set_new(object, "tenant", json_string(h->tenant));
	return object;
}

/* What a line says before its kind adds to it. */
struct draft {
	const char *from;
	uint64_t seq;
	const char *role;
	const char *body;
	json_t *more; /* keys of some kinds only */
};

static void add_text(struct draft *d, const char *key, const char *text)
{
	if (text[0])
		json_object_set_new(d->more, key, json_string(text));
}

static void draft_message(struct draft *d, const Parlor__Message *m)
{
	d->from = m->sender;
	d->seq = m->seq;
	d->body = m->body;
	add_text(d, "client_id", m->client_id);
	if (m->content_type != PARLOR__CONTENT_TYPE__CONTENT_TEXT)
		add_text(d, "content", word(contents, WORDS(contents), (int)m->content_type));
	if (m->n_mentions > 0) {
		json_t *mentions = json_array();
		for (size_t i = 0; i < m->n_mentions; i++)
			json_array_append_new(mentions, json_string(m->mentions[i]));
		json_object_set_new(d->more, "mentions", mentions);
	}
	if (m->recalled)
		json_object_set_new(d->more, "recalled", json_true());
}

static void draft_member(struct draft *d, const Parlor__MemberSpec *m)
{
	d->from = m->member;
	if (m->type == PARLOR__MEMBER_TYPE__MEMBER_MANAGER)
		d->role = "agent";
	add_text(d, "name", m->name);
	add_text(d, "avatar", m->avatar);
}

static void draft_read(struct draft *d, const Parlor__HasRead *read)
{
	d->from = read->member;
	d->seq = read->read_seq;
	json_object_set_new(d->more, "unread", json_integer((json_int_t)read->unread));
}

static void draft_create(struct draft *d, const Parlor__RoomChanged *room)
{
	d->body = room->name;
	if (room->history_open)
		json_object_set_new(d->more, "open", json_true());
}

static const enum recording_kind kind_of[RECORD_KIND_MAX + 1] = {
	[RECORD_BOOT] = RECORDING_BOOT,
	[RECORD_ROOM_CREATED] = RECORDING_CREATE,
	[RECORD_ROOM_RENAMED] = RECORDING_RENAME,
	[RECORD_ROOM_STATE] = RECORDING_STATE,
	[RECORD_JOINED] = RECORDING_JOIN,
	[RECORD_LEFT] = RECORDING_LEAVE,
	[RECORD_MEMBER_CHANGED] = RECORDING_PROFILE,
	[RECORD_POSTED] = RECORDING_TEXT, /* or NOTICE */
	[RECORD_RECALLED] = RECORDING_RECALL,
	[RECORD_READ] = RECORDING_READ,
	[RECORD_PRESENCE] = RECORDING_PRESENCE,
};

static const Parlor__Event__KindCase told_as[KINDS] = {
	[RECORDING_TEXT] = PARLOR__EVENT__KIND_POSTED,
	[RECORDING_JOIN] = PARLOR__EVENT__KIND_JOINED,
	[RECORDING_LEAVE] = PARLOR__EVENT__KIND_LEFT,
	[RECORDING_CREATE] = PARLOR__EVENT__KIND_ROOM_CHANGED,
	[RECORDING_RENAME] = PARLOR__EVENT__KIND_ROOM_CHANGED,
	[RECORDING_STATE] = PARLOR__EVENT__KIND_ROOM_CHANGED,
	[RECORDING_PROFILE] = PARLOR__EVENT__KIND_MEMBER_CHANGED,
	[RECORDING_READ] = PARLOR__EVENT__KIND_READ,
	[RECORDING_RECALL] = PARLOR__EVENT__KIND_RECALLED,
	[RECORDING_PRESENCE] = PARLOR__EVENT__KIND_PRESENCE,
};

static void draft_event(struct draft *d, enum recording_kind *kind, const Parlor__Event *event)
{
	switch (*kind) {
	case RECORDING_TEXT:
	case RECORDING_NOTICE:
		if (event->posted->type == PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE)
			*kind = RECORDING_NOTICE;
		draft_message(d, event->posted);
		break;
	case RECORDING_JOIN:
		draft_member(d, event->joined);
		break;
	case RECORDING_PROFILE:
		draft_member(d, event->member_changed);
		break;
	case RECORDING_LEAVE:
		d->from = event->left->member;
		break;
	case RECORDING_CREATE:
		draft_create(d, event->room_changed);
		break;
	case RECORDING_RENAME:
		d->body = event->room_changed->name;
		break;
	case RECORDING_STATE:
		d->body = word(states, WORDS(states), (int)event->room_changed->state);
		break;
	case RECORDING_READ:
		draft_read(d, event->read);
		break;
	case RECORDING_RECALL:
		d->from = event->recalled->by;
		d->seq = event->recalled->seq;
		break;
	case RECORDING_PRESENCE:
		d->from = event->presence->member;
		d->body = word(presences, WORDS(presences), (int)event->presence->presence);
		break;
	case RECORDING_BOOT:
		break;
	}
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
	enum recording_kind kind = kind_of[r.kind];
	if (!event || event->kind_case != told_as[kind])
		return PARLOR_E_VALUE;
	d.more = json_object();
	draft_event(&d, &kind, event);
	*out = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:I}", "room", event->room, "seq",
			 (json_int_t)d.seq, "t", (json_int_t)(event->time_us / 1000), "from",
			 d.from, "role", d.role, "type", kinds[kind], "body", d.body, "position",
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

static bool find_word(const char *const *words, size_t n, const char *text, int *which)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], text) == 0) {
			*which = (int)i;
			return true;
		}
	}
	return false;
}

static enum parlor_err wrong(char *why, const char *what)
{
	snprintf(why, WHY_BYTES, "%s", what);
	return PARLOR_E_VALUE;
}

static enum parlor_err check_mentions(const json_t *mentions, char *why)
{
	const json_t *name;
	size_t i;

	if (!mentions)
		return PARLOR_E_OK;
	if (!json_is_array(mentions))
		return wrong(why, "mentions must be a list");
	json_array_foreach(mentions, i, name) if (!json_is_string(name)) return wrong(
		why, "mentions must be texts");
	return PARLOR_E_OK;
}

static enum parlor_err check(const struct recording_event *e, const char *role, char *why)
{
	int unused;
	bool roomless = e->kind == RECORDING_PRESENCE || e->kind == RECORDING_BOOT;
	bool nobody = e->kind == RECORDING_CREATE || e->kind == RECORDING_RENAME ||
		      e->kind == RECORDING_STATE || e->kind == RECORDING_BOOT ||
		      (e->kind == RECORDING_NOTICE && !e->client_id[0]);
	bool numbered = e->kind == RECORDING_TEXT || e->kind == RECORDING_NOTICE ||
			e->kind == RECORDING_RECALL;

	if (!roomless && !e->room[0])
		return wrong(why, "room must not be empty");
	if (!nobody && !e->from[0])
		return wrong(why, "from must not be empty");
	if (e->seq < (numbered ? 1 : 0))
		return wrong(why, "seq is too low");
	if (strcmp(role, "agent") != 0 && strcmp(role, "member") != 0)
		return wrong(why, "role is none of agent, member");
	if (e->kind == RECORDING_TEXT && !e->client_id[0])
		return wrong(why, "a text must have a client_id");
	if (e->kind == RECORDING_STATE &&
	    (!e->body[0] || !find_word(states, WORDS(states), e->body, &unused)))
		return wrong(why, "body is none of open, closed, dissolved");
	if (e->kind == RECORDING_PRESENCE &&
	    (!e->body[0] || !find_word(presences, WORDS(presences), e->body, &unused)))
		return wrong(why, "body is none of offline, online, busy");
	return check_mentions(e->mentions, why);
}

enum parlor_err recording_event_get(struct recording_event *e, json_t *object, char *why)
{
	json_error_t error;
	json_int_t seq, t, position = 0;
	int open = 0, recalled = 0, kind;
	const char *role, *type, *content = "text";

	*e = (struct recording_event){.client_id = "", .name = "", .avatar = ""};
	if (json_unpack_ex(object, &error, 0,
			   "{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s?I, s?s, s?s, s?s, s?s, s?s, s?b,"
			   " s?b, s?o}",
			   "room", &e->room, "seq", &seq, "t", &t, "from", &e->from, "role", &role,
			   "type", &type, "body", &e->body, "position", &position, "tenant",
			   &e->tenant, "client_id", &e->client_id, "name", &e->name, "avatar",
			   &e->avatar, "content", &content, "open", &open, "recalled", &recalled,
			   "mentions", &e->mentions) != 0)
		return wrong(why, error.text);
	if (!find_word(kinds, KINDS, type, &kind))
		return wrong(why, "type is none that a recording has");
	if (!find_word(contents, WORDS(contents), content, &e->content))
		return wrong(why, "content is none of text, image, file, custom");
	e->kind = (enum recording_kind)kind;
	e->position = position;
	e->t_ms = t;
	e->seq = seq;
	e->agent = strcmp(role, "agent") == 0;
	e->open = open != 0;
	e->recalled = recalled != 0;
	return check(e, role, why);
}
