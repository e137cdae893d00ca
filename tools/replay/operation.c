#include "operation.h"

#include "base/mem.h"
#include "places.h"

#include <stdlib.h>
#include <string.h>

struct operation *operation_new(enum operation_kind kind, json_t *line,
				const struct recording_event *event)
{
	struct operation *d = mem_new(sizeof *d);

	d->kind = kind;
	d->line = json_incref(line);
	d->event = *event;
	d->member = event->from;
	return d;
}

void operation_free(struct operation *d)
{
	for (size_t i = 0; i < d->joins_len; i++)
		json_decref(d->joins[i].line);
	free(d->joins);
	json_decref(d->line);
	json_decref(d->notice);
	free(d);
}

void operation_add_join(struct operation *d, json_t *line, const struct recording_event *event)
{
	if (d->joins_len == d->joins_cap) {
		d->joins_cap = d->joins_cap ? d->joins_cap * 2 : 8;
		d->joins = mem_resize(d->joins, d->joins_cap, sizeof *d->joins);
	}
	d->joins[d->joins_len++] = (struct operation_join){json_incref(line), *event};
}

void operation_set_notice(struct operation *d, json_t *line, const struct recording_event *event)
{
	d->notice = json_incref(line);
	d->notice_event = *event;
}

bool operation_has_sense(const struct operation *d)
{
	if (d->kind == OPERATION_READ || d->kind == OPERATION_RECALL)
		return place_seq(d->place, d->event.seq) > 0;
	return d->kind != OPERATION_MARK || d->place->counted;
}

/* ---- requests ------------------------------------------------------------------- */

/* Room for what a request points to while it is sent. */
struct asked {
	Parlor__Notice notice;
	Parlor__MemberSpec *specs, **spec_list; /* own memory */
	size_t specs_len;
	Parlor__MemberChange change, *changes[1];
	char *members[1];
	char **texts; /* own memory */
	union {
		Parlor__RoomCreate create;
		Parlor__RoomRename rename;
		Parlor__RoomClose close;
		Parlor__RoomReopen reopen;
		Parlor__RoomDissolve dissolve;
		Parlor__MembersAdd add;
		Parlor__MembersRemove remove;
		Parlor__MembersChange change_all;
		Parlor__Post post;
		Parlor__Read read;
		Parlor__UnreadMark mark;
		Parlor__Recall recall;
		Parlor__Attach attach;
		Parlor__Detach detach;
		Parlor__PresenceSet presence;
		Parlor__RoomLabels labels;
	} op;
};

/* protobuf-c has no const. */
static char *text(const char *t)
{
	return (char *)(uintptr_t)t;
}

static Parlor__Notice *notice_of(const struct operation *d, struct asked *a)
{
	if (!d->notice)
		return NULL;
	parlor__notice__init(&a->notice);
	a->notice.body = text(d->notice_event.body);
	a->notice.sender = text(d->notice_event.from);
	return &a->notice;
}

static Parlor__MemberType type_of(const struct recording_event *e)
{
	return e->agent ? PARLOR__MEMBER_TYPE__MEMBER_MANAGER : PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
}

static void add_spec(struct asked *a, const struct recording_event *e)
{
	Parlor__MemberSpec *spec = &a->specs[a->specs_len];

	parlor__member_spec__init(spec);
	spec->member = text(e->from);
	spec->type = type_of(e);
	spec->name = text(e->name);
	spec->avatar = text(e->avatar);
	a->spec_list[a->specs_len++] = spec;
}

/* Who joins: the event's member when it is a join, and those that go with it. */
static void make_specs(const struct operation *d, struct asked *a)
{
	a->specs = mem_new((d->joins_len + 1) * sizeof *a->specs);
	a->spec_list = mem_new((d->joins_len + 1) * sizeof(Parlor__MemberSpec *));
	if (d->kind == OPERATION_ADD) {
		add_spec(a, &d->event);
		a->specs[0].member = text(d->member);
		if (d->guessed) {
			a->specs[0].type = PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
			a->specs[0].name = text(d->member);
			a->specs[0].avatar = text("");
		}
	}
	for (size_t i = 0; i < d->joins_len; i++)
		add_spec(a, &d->joins[i].event);
}

#define ASK(request, a, kind, KIND, field)                                                        \
	((request)->op_case = PARLOR__REQUEST__OP_##KIND, parlor__##kind##__init(&(a)->op.field), \
	 (a)->op.field.room = d->place->id, (request)->kind = &(a)->op.field)

static void fill_create(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	ASK(r, a, room_create, ROOM_CREATE, create);
	a->op.create.name = d->guessed ? d->place->id : text(d->event.body);
	a->op.create.history_open = d->guessed || d->event.open;
	make_specs(d, a);
	a->op.create.members = a->spec_list;
	a->op.create.n_members = a->specs_len;
	a->op.create.notice = notice_of(d, a);
}

static void fill_rename(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	ASK(r, a, room_rename, ROOM_RENAME, rename);
	a->op.rename.name = text(d->event.body);
	a->op.rename.notice = notice_of(d, a);
}

static void fill_state(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	if (strcmp(d->event.body, "open") == 0) {
		ASK(r, a, room_reopen, ROOM_REOPEN, reopen);
		a->op.reopen.notice = notice_of(d, a);
	} else if (strcmp(d->event.body, "closed") == 0) {
		ASK(r, a, room_close, ROOM_CLOSE, close);
		a->op.close.notice = notice_of(d, a);
	} else {
		ASK(r, a, room_dissolve, ROOM_DISSOLVE, dissolve);
		a->op.dissolve.notice = notice_of(d, a);
	}
}

static void fill_add(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	ASK(r, a, members_add, MEMBERS_ADD, add);
	make_specs(d, a);
	a->op.add.members = a->spec_list;
	a->op.add.n_members = a->specs_len;
	a->op.add.notice = notice_of(d, a);
}

static void fill_remove(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	ASK(r, a, members_remove, MEMBERS_REMOVE, remove);
	a->members[0] = text(d->member);
	a->op.remove.members = a->members;
	a->op.remove.n_members = 1;
	a->op.remove.notice = notice_of(d, a);
}

static void fill_profile(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	ASK(r, a, members_change, MEMBERS_CHANGE, change_all);
	parlor__member_change__init(&a->change);
	a->change.member = text(d->member);
	a->change.type = type_of(&d->event);
	a->change.set_name = a->change.set_avatar = true;
	a->change.name = text(d->event.name);
	a->change.avatar = text(d->event.avatar);
	a->changes[0] = &a->change;
	a->op.change_all.members = a->changes;
	a->op.change_all.n_members = 1;
	a->op.change_all.notice = notice_of(d, a);
}

static void fill_read(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	ASK(r, a, read, READ, read);
	a->op.read.member = text(d->member);
	a->op.read.seq = place_seq(d->place, d->event.seq);
}

static void fill_mark(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	ASK(r, a, unread_mark, UNREAD_MARK, mark);
	a->op.mark.member = text(d->member);
	a->op.mark.seq = place_seq(d->place, d->event.seq) + 1;
}

static void fill_recall(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	ASK(r, a, recall, RECALL, recall);
	a->op.recall.by = text(d->member);
	a->op.recall.seq = place_seq(d->place, d->event.seq);
}

static void fill_attach(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	r->op_case = PARLOR__REQUEST__OP_ATTACH;
	parlor__attach__init(&a->op.attach);
	a->members[0] = text(d->member);
	a->op.attach.members = a->members;
	a->op.attach.n_members = 1;
	r->attach = &a->op.attach;
}

static void fill_detach(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	r->op_case = PARLOR__REQUEST__OP_DETACH;
	parlor__detach__init(&a->op.detach);
	a->members[0] = text(d->member);
	a->op.detach.members = a->members;
	a->op.detach.n_members = 1;
	r->detach = &a->op.detach;
}

static void fill_presence(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	r->op_case = PARLOR__REQUEST__OP_PRESENCE_SET;
	parlor__presence_set__init(&a->op.presence);
	a->op.presence.member = text(d->member);
	a->op.presence.presence = strcmp(d->event.body, "busy") == 0
					  ? PARLOR__PRESENCE__PRESENCE_BUSY
					  : PARLOR__PRESENCE__PRESENCE_ONLINE;
	r->presence_set = &a->op.presence;
}

/* What the room has from then on, whatever it had. */
static void fill_labels(const struct operation *d, struct asked *a, Parlor__Request *r)
{
	size_t n = json_array_size(d->event.labels);

	ASK(r, a, room_labels, ROOM_LABELS, labels);
	a->texts = mem_new((n + 1) * sizeof *a->texts);
	for (size_t i = 0; i < n; i++)
		a->texts[i] = text(json_string_value(json_array_get(d->event.labels, i)));
	a->op.labels.clear = true;
	a->op.labels.add = a->texts;
	a->op.labels.n_add = n;
}

/* A post alone has a list of any length. */
static enum parlor_err send_post(struct operation *d, bool stored, operation_send_fn *fn)
{
	const struct recording_event *e = &d->event;
	Parlor__Post post = PARLOR__POST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	size_t n = json_array_size(e->mentions);
	char **mentions = mem_new((n + 1) * sizeof *mentions);

	for (size_t i = 0; i < n; i++)
		mentions[i] = text(json_string_value(json_array_get(e->mentions, i)));
	post.room = d->place->id;
	post.sender = text(d->member);
	post.client_id = text(e->client_id);
	post.type = e->kind == RECORDING_NOTICE ? PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE
						: PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE;
	post.content_type = (Parlor__ContentType)e->content;
	post.body = text(e->body);
	post.mentions = mentions;
	post.n_mentions = n;
	post.level = stored ? PARLOR__LEVEL__LEVEL_STORED : PARLOR__LEVEL__LEVEL_JOURNAL;
	request.op_case = PARLOR__REQUEST__OP_POST;
	request.post = &post;
	enum parlor_err err = fn(d, &request);
	free(mentions);
	return err;
}

static void (*const fills[])(const struct operation *, struct asked *, Parlor__Request *) = {
	[OPERATION_CREATE] = fill_create,
	[OPERATION_RENAME] = fill_rename,
	[OPERATION_STATE] = fill_state,
	[OPERATION_ADD] = fill_add,
	[OPERATION_REMOVE] = fill_remove,
	[OPERATION_PROFILE] = fill_profile,
	[OPERATION_POST] = NULL,
	[OPERATION_READ] = fill_read,
	[OPERATION_MARK] = fill_mark,
	[OPERATION_RECALL] = fill_recall,
	[OPERATION_ATTACH] = fill_attach,
	[OPERATION_DETACH] = fill_detach,
	[OPERATION_PRESENCE] = fill_presence,
	[OPERATION_LABELS] = fill_labels,
};

enum parlor_err operation_send(struct operation *d, bool stored, operation_send_fn *fn)
{
	struct asked asked = {.specs_len = 0};
	Parlor__Request request = PARLOR__REQUEST__INIT;

	if (d->kind == OPERATION_POST)
		return send_post(d, stored, fn);
	fills[d->kind](d, &asked, &request);
	enum parlor_err err = fn(d, &request);
	free(asked.specs);
	free(asked.spec_list);
	free(asked.texts);
	return err;
}
