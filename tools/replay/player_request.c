#include "player_request.h"

#include "base/mem.h"

#include <stdlib.h>

#define FIND_PAGE 32

bool player_request_create(const struct player_request *q)
{
	Parlor__RoomCreate create = PARLOR__ROOM_CREATE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	create.room = q->room->id;
	create.name = q->room->id;
	create.history_open = true;
	request.op_case = PARLOR__REQUEST__OP_ROOM_CREATE;
	request.room_create = &create;
	return q->send(q->player, &request);
}

bool player_request_history(const struct player_request *q, uint64_t from)
{
	Parlor__History history = PARLOR__HISTORY__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	history.room = q->room->id;
	history.from = from;
	history.backwards = true;
	history.limit = FIND_PAGE;
	request.op_case = PARLOR__REQUEST__OP_HISTORY;
	request.history = &history;
	return q->send(q->player, &request);
}

static bool send_add(const struct player_request *q, const struct step *step)
{
	Parlor__MembersAdd add = PARLOR__MEMBERS_ADD__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	Parlor__MemberSpec *specs = mem_new(step->crowd_len * sizeof(*specs));

	add.room = q->room->id;
	add.n_members = step->crowd_len;
	add.members = mem_new(step->crowd_len * sizeof(*add.members));
	for (uint32_t i = 0; i < step->crowd_len; i++) {
		uint32_t who = q->script->crowd[step->crowd + i];
		parlor__member_spec__init(&specs[i]);
		specs[i].member = q->room->people[who].id;
		specs[i].name = q->room->people[who].id;
		specs[i].type = who == q->script->manager ? PARLOR__MEMBER_TYPE__MEMBER_MANAGER
							  : PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
		add.members[i] = &specs[i];
	}
	request.op_case = PARLOR__REQUEST__OP_MEMBERS_ADD;
	request.members_add = &add;
	bool sent = q->send(q->player, &request);
	free(add.members);
	free(specs);
	return sent;
}

static bool send_remove(const struct player_request *q, const struct step *step)
{
	Parlor__MembersRemove remove = PARLOR__MEMBERS_REMOVE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	remove.room = q->room->id;
	remove.n_members = 1;
	remove.members = &q->room->people[step->who].id;
	request.op_case = PARLOR__REQUEST__OP_MEMBERS_REMOVE;
	request.members_remove = &remove;
	return q->send(q->player, &request);
}

static bool send_post(const struct player_request *q, const struct step *step)
{
	const struct corpus_event *event = &q->room->events[step->event];
	Parlor__Post post = PARLOR__POST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	char client_id[SCRIPT_ID_MAX];

	script_client_id(step->event, client_id);
	post.room = q->room->id;
	post.sender = q->room->people[step->who].id;
	post.client_id = client_id;
	post.type = event->type == CORPUS_TEXT ? PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE
					       : PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE;
	post.body = event->body;
	post.level = q->stored ? PARLOR__LEVEL__LEVEL_STORED : PARLOR__LEVEL__LEVEL_JOURNAL;
	request.op_case = PARLOR__REQUEST__OP_POST;
	request.post = &post;
	return q->send(q->player, &request);
}

static bool send_read(const struct player_request *q, const struct step *step)
{
	Parlor__Read read = PARLOR__READ__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	if (q->seqs[step->event] == 0)
		return true; /* that message was refused: nothing to read */
	read.room = q->room->id;
	read.member = q->room->people[step->who].id;
	read.seq = q->seqs[step->event];
	request.op_case = PARLOR__REQUEST__OP_READ;
	request.read = &read;
	return q->send(q->player, &request);
}

bool player_request_step(const struct player_request *q, const struct step *step)
{
	switch (step->kind) {
	case STEP_ADD:
		return send_add(q, step);
	case STEP_REMOVE:
		return send_remove(q, step);
	case STEP_POST:
		return send_post(q, step);
	case STEP_READ:
		return send_read(q, step);
	}
	return false;
}
