#include "player_request.h"

#include "noun/noun.h"

#include "base/mem.h"

#include <stdlib.h>

#define FIND_PAGE 32

/* As it would be asked for if it were recorded. */
static bool send(const struct player_request *q, const struct operation_kind *kind,
		 struct operation *d)
{
	struct place place = {.id = q->room->id, .counted = true};

	d->owner = q->player;
	d->place = &place;
	d->stored = q->stored;
	return kind->send(d, q->send) == PARLOR_E_OK;
}

bool player_request_create(const struct player_request *q)
{
	return send(q, &operation_create, &(struct operation){.guessed = true});
}

bool player_request_history(const struct player_request *q, uint64_t from)
{
	struct operation d = {.owner = q->player};

	return OPERATION_SEND(&d, q->send, HISTORY, history, History, .room = q->room->id,
			      .from = from, .backwards = true, .limit = FIND_PAGE) == PARLOR_E_OK;
}

static struct recording_event joins(const struct player_request *q, uint32_t who)
{
	const char *id = q->room->people[who].id;

	return (struct recording_event){
		.from = id, .name = id, .avatar = "", .agent = who == q->script->manager};
}

static bool send_add(const struct player_request *q, const struct step *step)
{
	const uint32_t *crowd = &q->script->crowd[step->crowd];
	struct operation d = {.event = joins(q, crowd[0]), .joins_len = step->crowd_len - 1};

	d.member = d.event.from;
	d.joins = mem_new(step->crowd_len * sizeof *d.joins);
	for (size_t i = 0; i < d.joins_len; i++)
		d.joins[i].event = joins(q, crowd[i + 1]);
	bool sent = send(q, &operation_add, &d);
	free(d.joins);
	return sent;
}

static bool send_post(const struct player_request *q, const struct step *step, struct operation *d)
{
	const struct corpus_event *event = &q->room->events[step->event];
	char client_id[SCRIPT_ID_MAX];

	script_client_id(step->event, client_id);
	d->event.kind = kind_of_type(event->type == CORPUS_TEXT ? "text" : "notice");
	d->event.client_id = client_id;
	d->event.body = event->body;
	return send(q, &operation_post, d);
}

bool player_request_step(const struct player_request *q, const struct step *step)
{
	struct operation d = {.member = q->room->people[step->who].id};

	switch (step->kind) {
	case STEP_ADD:
		return send_add(q, step);
	case STEP_REMOVE:
		return send(q, &operation_remove, &d);
	case STEP_POST:
		return send_post(q, step, &d);
	case STEP_READ:
		d.event.seq = (int64_t)q->seqs[step->event];
		/* 0: that message was refused, there is nothing to read */
		return !d.event.seq || send(q, &operation_read, &d);
	}
	return false;
}
