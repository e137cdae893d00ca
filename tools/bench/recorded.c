#include "recorded.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ADD_MAX 500

enum { SPEC_MEMBER = 1, SPEC_TYPE = 2, SPEC_NAME = 3, CREATE_OPEN = 3, ADD_MEMBERS = 2 };
enum { MANAGER = 1, MEMBER = 2, TYPE_MESSAGE = 1, TYPE_NOTICE = 2 };

uint32_t recorded_session_of(const char *member, uint32_t sessions)
{
	return (uint32_t)(hash64(member, strlen(member)) % sessions);
}

void recorded_init(struct recorded *r, struct corpus_room *room, uint32_t sessions,
		   uint32_t read_every)
{
	struct script_options how = {.crowd_max = ADD_MAX, .read_every = read_every};
	*r = (struct recorded){.room = room, .sessions = sessions};
	script_make(&r->script, room, &how);
	r->unread = mem_new((room->people_len + 1) * sizeof *r->unread);
	for (size_t i = 0; i < room->people_len; i++)
		r->unread[i] = UNREAD_AWAY;
}

void recorded_fini(struct recorded *r)
{
	script_fini(&r->script);
	corpus_room_free(r->room);
	free(r->unread);
}

static const char *id_of(const struct recorded *r, uint32_t who)
{
	return r->room->people[who].id;
}

static void put_member(const struct recorded *r, struct buf *body, uint32_t who)
{
	struct buf spec = {0};
	put_text(&spec, SPEC_MEMBER, id_of(r, who));
	put_number(&spec, SPEC_TYPE, who == r->script.manager ? MANAGER : MEMBER);
	put_text(&spec, SPEC_NAME, id_of(r, who));
	put_message(body, ADD_MEMBERS, &spec);
	buf_fini(&spec);
}

static void put_post(const struct recorded *r, struct buf *body, const struct step *step)
{
	const struct corpus_event *event = &r->room->events[step->event];
	char client_id[SCRIPT_ID_MAX];
	script_client_id(step->event, client_id);
	put_text(body, 2, id_of(r, step->who));
	put_text(body, 3, client_id);
	put_number(body, 4, event->type == CORPUS_NOTICE ? TYPE_NOTICE : TYPE_MESSAGE);
	put_text(body, 6, event->body);
}

bool recorded_put(struct recorded *r, struct buf *body, enum frame_op *op)
{
	if (r->next > r->script.len)
		return false;
	put_text(body, 1, r->room->id);
	if (r->next == 0) {
		put_number(body, CREATE_OPEN, 1);
		*op = OP_ROOM_CREATE;
		return true;
	}
	const struct step *step = &r->script.steps[r->next - 1];
	switch (step->kind) {
	case STEP_ADD:
		for (uint32_t i = 0; i < step->crowd_len; i++)
			put_member(r, body, r->script.crowd[step->crowd + i]);
		*op = OP_MEMBERS_ADD;
		break;
	case STEP_REMOVE:
		put_text(body, 2, id_of(r, step->who));
		*op = OP_MEMBERS_REMOVE;
		break;
	case STEP_POST:
		put_post(r, body, step);
		*op = OP_POST;
		break;
	case STEP_READ:
		put_text(body, 2, id_of(r, step->who));
		put_number(body, 3, r->seq);
		*op = OP_READ;
		break;
	}
	return true;
}

static void came(struct recorded *r, uint32_t who)
{
	if (r->unread[who] == UNREAD_AWAY)
		r->present[recorded_session_of(id_of(r, who), r->sessions)]++;
	r->unread[who] = 0;
}

static void left(struct recorded *r, uint32_t who)
{
	if (r->unread[who] != UNREAD_AWAY)
		r->present[recorded_session_of(id_of(r, who), r->sessions)]--;
	r->unread[who] = UNREAD_AWAY;
}

static void posted(struct recorded *r, const struct step *step)
{
	r->seq++;
	if (r->room->events[step->event].type == CORPUS_NOTICE)
		return;
	for (size_t i = 0; i < r->room->people_len; i++)
		if (i != step->who && r->unread[i] != UNREAD_AWAY)
			r->unread[i]++;
}

bool recorded_done(struct recorded *r, uint64_t *heard)
{
	size_t done = r->next++;
	*heard = 0;
	if (done == 0)
		return false;
	const struct step *step = &r->script.steps[done - 1];
	if (step->kind == STEP_ADD)
		for (uint32_t i = 0; i < step->crowd_len; i++)
			came(r, r->script.crowd[step->crowd + i]);
	if (step->kind == STEP_REMOVE)
		left(r, step->who);
	if (step->kind == STEP_READ)
		r->unread[step->who] = 0;
	if (step->kind != STEP_POST)
		return false;
	posted(r, step);
	for (uint32_t i = 0; i < r->sessions; i++)
		*heard |= (uint64_t)(r->present[i] > 0) << i;
	return true;
}
