#include "workload.h"

#include "noun/conversation.h"
#include "noun/noun.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#define JOINS_DEFAULT 64 /* in one request, when the broker states no limit */
#define SYSTEM_SENDER "system"

/* A member that is attached, under the tenant's number and its id. */
struct present {
	UT_hash_handle hh;
	struct tenant *tenant;
	char id[];
};

void workload_init(struct workload *p, const struct play_options *options, struct lines *lines)
{
	*p = (struct workload){.options = options, .loop = 1};
	p->tenants.broker = options->broker;
	p->tenants.keys = options->keys;
	p->tenants.pending_max = options->in_flight + 16;
	if (event_source_init(&p->event_source, lines, &options->choice, options->tenant) !=
	    PARLOR_E_OK)
		p->failed = WORKLOAD_INPUT;
}

static void online_clear(struct workload *p)
{
	MEM_FREE_TABLE(p->online);
}

void workload_fini(struct workload *p)
{
	struct operation *d, *next;

	DL_FOREACH_SAFE (p->operations, d, next) {
		DL_DELETE(p->operations, d);
		operation_free(d);
	}
	online_clear(p);
	places_fini(&p->places);
	tenants_close(&p->tenants);
	event_source_fini(&p->event_source);
}

const char *workload_error(const struct workload *p)
{
	return p->failed == WORKLOAD_INPUT ? lines_error(p->event_source.lines) : p->tenants.error;
}

size_t workload_waiting_max(const struct workload *p)
{
	size_t most = SIZE_MAX;

	for (const struct tenant *t = p->tenants.first; t; t = t->next) {
		size_t waiting = sessions_limits(t->sessions)->session_waiting;
		if (waiting > 0 && waiting < most)
			most = waiting;
	}
	return most;
}

static struct operation *put(struct workload *p, const struct operation_kind *kind,
			     const struct event_source_item *item, struct tenant *tenant,
			     struct place *place)
{
	struct operation *d = operation_new(kind, item->line, &item->event);

	d->tenant = tenant;
	d->place = place;
	d->stored = p->options->stored;
	DL_APPEND(p->operations, d);
	return d;
}

/* ---- who is online ------------------------------------------------------------------ */

static struct present *find_present(const struct workload *p, const struct tenant *tenant,
				    const char *id, char **key, size_t *key_len)
{
	struct present *who;
	size_t len = strlen(id);

	*key_len = sizeof tenant->no + len;
	*key = mem_new(*key_len + 1);
	memcpy(*key, &tenant->no, sizeof tenant->no);
	memcpy(*key + sizeof tenant->no, id, len);
	HASH_FIND(hh, p->online, *key, *key_len, who);
	return who;
}

/* True when that changes it. */
static bool set_present(struct workload *p, struct tenant *tenant, const char *id, bool online)
{
	char *key;
	size_t len;
	struct present *who = find_present(p, tenant, id, &key, &len);
	bool changed = (who != NULL) != online;

	if (changed && online) {
		who = mem_new(sizeof *who + len);
		who->tenant = tenant;
		memcpy(who->id, key, len);
		HASH_ADD_KEYPTR(hh, p->online, who->id, len, who);
	} else if (changed) {
		HASH_DEL(p->online, who);
		free(who);
	}
	free(key);
	return changed;
}

static void workload_presence(struct workload *p, const struct event_source_item *item,
			      struct tenant *tenant)
{
	const struct recording_event *e = &item->event;
	bool online = strcmp(e->body, "offline") != 0;

	if (p->options->no_presence)
		return;
	bool changed = set_present(p, tenant, e->from, online);
	if (changed)
		put(p, online ? &operation_attach : &operation_detach, item, tenant, NULL);
	if (online && (!changed || strcmp(e->body, "busy") == 0))
		put(p, &operation_presence, item, tenant, NULL);
}

static void workload_row(struct workload *p, const struct event_source_item *item,
			 struct tenant *tenant)
{
	p->desk = true;
	put(p, item->event.kind->operation, item, tenant, NULL);
}

/* A broker run began: everybody is offline. */
static void workload_boot(struct workload *p, const struct event_source_item *item)
{
	struct present *who, *next;

	HASH_ITER (hh, p->online, who, next) {
		struct event_source_item copy = {.line = json_copy(item->line),
						 .event = item->event};
		size_t len = who->hh.keylen - sizeof who->tenant->no;
		json_t *name = json_stringn(who->id + sizeof who->tenant->no, len);
		json_object_set_new(copy.line, "from", name);
		copy.event.from = json_string_value(name);
		put(p, &operation_detach, &copy, who->tenant, NULL);
		json_decref(copy.line);
	}
	online_clear(p);
}

/* ---- rooms ----------------------------------------------------------------------------- */

/* Repeated, a recording is played in rooms of its own each time. */
static char *played_id(const struct workload *p, const char *id)
{
	char suffix[16] = "";

	if (p->loop > 1)
		snprintf(suffix, sizeof suffix, "~%u", p->loop);
	size_t len = strlen(id);
	char *made = mem_new(len + sizeof suffix);
	memcpy(made, id, len);
	strcpy(made + len, suffix);
	return made;
}

static struct place *place_of(struct workload *p, const struct event_source_item *item,
			      struct tenant *tenant)
{
	const struct recording_event *e = &item->event;
	bool met;
	struct place *place = places_get(&p->places, tenant->no, e->room, &met);

	if (!place) {
		snprintf(p->tenants.error, sizeof p->tenants.error, "more than %u rooms",
			 PLACES_MAX);
		p->failed = WORKLOAD_BROKER;
	}
	if (!place || met)
		return place;
	place->chosen = choice_room(&p->options->choice, e->room, p->places.chosen);
	p->places.chosen += place->chosen;
	place->id = played_id(p, e->room);
	place->guessed = e->kind->record != RECORD_ROOM_CREATED;
	if (place->chosen && place->guessed)
		put(p, &operation_create, item, tenant, place)->guessed = true;
	return place;
}

static void guess_member(struct workload *p, const struct event_source_item *item,
			 struct tenant *tenant, struct place *place, const char *member)
{
	if (!place_meet(place, member))
		return;
	struct operation *d = put(p, &operation_add, item, tenant, place);
	d->guessed = true;
	d->member = member;
}

/* In a room whose beginning the recording lacks, whoever is met was there. */
static void guess_members(struct workload *p, const struct event_source_item *item,
			  struct tenant *tenant, struct place *place)
{
	const struct recording_event *e = &item->event;

	if (!place->guessed || !e->from[0])
		return;
	if (e->kind->record == RECORD_JOINED)
		place_meet(place, e->from);
	else
		guess_member(p, item, tenant, place, e->from);
	for (size_t i = 0; i < json_array_size(e->mentions); i++)
		guess_member(p, item, tenant, place,
			     json_string_value(json_array_get(e->mentions, i)));
}

/* ---- what goes together ------------------------------------------------------------------ */

static bool same_room(const struct recording_event *a, const struct recording_event *b)
{
	bool same_tenant = a->tenant == b->tenant ||
			   (a->tenant && b->tenant && strcmp(a->tenant, b->tenant) == 0);

	return same_tenant && strcmp(a->room, b->room) == 0;
}

static bool is_note(const struct recording_event *e)
{
	return recording_is_notice(e) && !e->client_id[0];
}

/* The next event, when it is one of the same room and may go with this one. */
static const struct event_source_item *follower(const struct workload *p, const struct operation *d)
{
	const struct event_source_item *next = event_source_peek(&p->event_source);

	return next->line && same_room(&next->event, &d->event) ? next : NULL;
}

/* Moves on to the event that was peeked at. */
static bool step(struct workload *p, const struct event_source_item **item)
{
	if (event_source_next(&p->event_source, item) != PARLOR_E_OK)
		p->failed = WORKLOAD_INPUT;
	p->events += !p->failed;
	return !p->failed;
}

static bool gather_joins(struct workload *p, struct operation *d)
{
	const Parlor__Limits *limits = sessions_limits(d->tenant->sessions);
	size_t max = limits->request_members > 0 ? limits->request_members : JOINS_DEFAULT;
	const struct event_source_item *next;

	while ((next = follower(p, d)) && next->event.kind->record == RECORD_JOINED &&
	       d->joins_len + 1 < max) {
		if (d->place->guessed)
			place_meet(d->place, next->event.from);
		operation_add_join(d, next->line, &next->event);
		if (!step(p, &next))
			return false;
	}
	return true;
}

/* A notice that was asked for with a change stands behind it. */
static bool gather_notice(struct workload *p, struct operation *d)
{
	const struct event_source_item *next = follower(p, d);

	if (!next || !is_note(&next->event))
		return true;
	operation_set_notice(d, next->line, &next->event);
	return step(p, &next);
}

static bool dissolves(const struct recording_event *e)
{
	return e->kind->record == RECORD_ROOM_STATE && strcmp(e->body, "dissolved") == 0;
}

/* A notice that stands alone goes with the end of the room behind it; else the
 * change that it went with is not in the recording, and it is a post. */
static bool workload_note(struct workload *p, const struct event_source_item *item,
			  struct tenant *tenant, struct place *place)
{
	const struct event_source_item *next = event_source_peek(&p->event_source);

	if (next->line && dissolves(&next->event) && same_room(&next->event, &item->event)) {
		struct operation *d = put(p, &operation_state, next, tenant, place);
		operation_set_notice(d, item->line, &item->event);
		return step(p, &next);
	}
	struct event_source_item copy = {.line = json_copy(item->line), .event = item->event};
	char id[32];
	snprintf(id, sizeof id, "n%lld", (long long)item->event.seq);
	json_t *client_id = json_string(id);
	json_object_set_new(copy.line, "client_id", client_id);
	copy.event.client_id = json_string_value(client_id);
	if (!copy.event.from[0])
		copy.event.from = SYSTEM_SENDER;
	guess_member(p, &copy, tenant, place, copy.event.from);
	put(p, &operation_post, &copy, tenant, place);
	json_decref(copy.line);
	return true;
}

/* What a broker does by itself where it changes a conversation: who serves comes in and
 * goes, and its texts are said. */
static bool goes_with_desk(const struct workload *p, const struct recording_event *e,
			   const struct place *place)
{
	const struct event_source_item *next = event_source_peek(&p->event_source);
	bool before = next->line && same_room(&next->event, e);
	if (e->kind->record == RECORD_JOINED)
		return before && next->event.kind->record == RECORD_ASSIGNED;
	if (e->kind->record == RECORD_LEFT)
		return place->released;
	return place->desk && is_note(e) && !(before && dissolves(&next->event));
}

/* The first message of a conversation goes with its opening: whoever serves it comes
 * behind. */
static bool gather_text(struct workload *p, struct operation *d)
{
	const struct event_source_item *next = follower(p, d);

	if (!next || next->event.kind->record != RECORD_POSTED ||
	    recording_is_notice(&next->event) ||
	    strcmp(next->event.from, conversation_visitor(d->line)) != 0)
		return true;
	operation_set_notice(d, next->line, &next->event);
	return step(p, &next);
}

static bool workload_conversation(struct workload *p, const struct event_source_item *item,
				  struct tenant *tenant, struct place *place)
{
	const struct kind *kind = item->event.kind;
	place->desk = true;
	place->released = kind->record == RECORD_RELEASED;
	if (!kind->operation || (kind->is_asked && !kind->is_asked(item->line)))
		return true;
	struct operation *d = put(p, kind->operation, item, tenant, place);
	return !(kind->operation->rules & OPERATION_TAKES_TEXT) || gather_text(p, d);
}

static bool workload_room(struct workload *p, const struct event_source_item *item,
			  struct tenant *tenant)
{
	const struct recording_event *e = &item->event;
	struct place *place = place_of(p, item, tenant);

	if (!place)
		return false;
	if (!place->chosen)
		return true;
	if (conversation_has(e->kind->record))
		return workload_conversation(p, item, tenant, place);
	bool goes = goes_with_desk(p, e, place);
	place->released = false;
	if (goes)
		return true;
	if (is_note(e))
		return workload_note(p, item, tenant, place);
	guess_members(p, item, tenant, place);
	const struct operation_kind *kind = e->kind->operation;
	struct operation *d = put(p, kind, item, tenant, place);
	if (kind->then)
		put(p, kind->then, item, tenant, place);
	if ((kind->rules & OPERATION_TAKES_JOINS) && !gather_joins(p, d))
		return false;
	return !(kind->rules & OPERATION_TAKES_NOTICE) || dissolves(&d->event) ||
	       gather_notice(p, d);
}

/* ---- the next event ------------------------------------------------------------------------- */

bool workload_rewind(struct workload *p)
{
	const struct play_options *o = p->options;
	struct lines *lines;

	event_source_fini(&p->event_source);
	places_fini(&p->places);
	p->loop++;
	p->ended = p->begun = false;
	enum parlor_err err = lines_open(&lines, o->file, LINES_LINE_MAX);
	if (err)
		p->event_source.lines = lines;
	else
		err = event_source_init(&p->event_source, lines, &o->choice, o->tenant);
	if (err)
		p->failed = WORKLOAD_INPUT;
	return !p->failed;
}

static struct tenant *tenant_of(struct workload *p, const struct recording_event *e)
{
	const char *id = p->options->tenant;

	if (!id)
		id = e->tenant ? e->tenant : p->event_source.header.tenant;
	struct tenant *tenant = tenants_get(&p->tenants, id);
	if (!tenant)
		p->failed = WORKLOAD_BROKER;
	return tenant;
}

/* A file of all tenants that has nothing of the one asked for. */
static bool something_played(struct workload *p)
{
	const struct event_source *r = &p->event_source;

	if (p->places.len > 0 || p->online || p->tenants.len > 0 || r->header.tenant || !r->tenant)
		return true;
	p->failed = WORKLOAD_INPUT;
	(void)lines_fail(r->lines, PARLOR_E_VALUE, "nothing of tenant %s is in it", r->tenant);
	return false;
}

static bool is_of_no_room(const struct kind *kind)
{
	return kind->record == RECORD_PRESENCE || (kind->needs & LINE_NEEDS_ROW);
}

bool workload_next(struct workload *p)
{
	const struct event_source_item *item;

	if (!step(p, &item))
		return false;
	if (!item->line) {
		p->events--;
		p->ended = true;
		return something_played(p);
	}
	const struct recording_event *e = &item->event;
	if (!p->begun)
		p->first_ms = e->t_ms;
	p->begun = true;
	if (e->kind->record == RECORD_BOOT) {
		workload_boot(p, item);
		return true;
	}
	if (is_of_no_room(e->kind) && p->options->choice.rooms_len + p->options->choice.rooms_first)
		return true;
	struct tenant *tenant = tenant_of(p, e);
	if (!tenant)
		return false;
	if (e->kind->record == RECORD_PRESENCE)
		workload_presence(p, item, tenant);
	else if (e->kind->needs & LINE_NEEDS_ROW)
		workload_row(p, item, tenant);
	else
		return workload_room(p, item, tenant);
	return true;
}
