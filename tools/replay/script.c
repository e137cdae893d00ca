#include "script.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A script while it is written. */
struct draft {
	struct script *script;
	const struct corpus_room *room;
	const struct script_options *options;
	size_t steps_cap;
	size_t crowd_cap;
	bool *present; /* by person */
	bool past;     /* the broker has this part already */
	bool settling; /* between the message resumed at and the next one */
	bool *settled; /* by person: who is there when that one comes */
	uint32_t messages;
};

static struct step *step_put(struct draft *d, enum step_kind kind, size_t event, uint32_t who)
{
	struct script *s = d->script;

	MEM_GROW(s->steps, s->len, d->steps_cap, 64);
	s->steps[s->len] = (struct step){.kind = kind, .event = (uint32_t)event, .who = who};
	return &s->steps[s->len++];
}

static void crowd_put(struct script *s, size_t *cap, uint32_t who)
{
	MEM_GROW(s->crowd, s->crowd_len, *cap, 16);
	s->crowd[s->crowd_len++] = who;
}

/* Everyone present now, in steps of at most crowd_max. */
static void add_present(struct draft *d, size_t event)
{
	struct step *step = NULL;

	for (uint32_t i = 0; i < d->room->people_len; i++) {
		if (!d->present[i] || (d->settling && !d->settled[i]))
			continue;
		if (step == NULL || step->crowd_len == d->options->crowd_max) {
			step = step_put(d, STEP_ADD, event, i);
			step->opening = true;
			step->crowd = (uint32_t)d->script->crowd_len;
		}
		crowd_put(d->script, &d->crowd_cap, i);
		step->crowd_len++;
	}
}

static void add_one(struct draft *d, size_t event, uint32_t who)
{
	if (d->present[who])
		return;
	d->present[who] = true;
	if (d->past || (d->settling && !d->settled[who]))
		return;
	struct step *step = step_put(d, STEP_ADD, event, who);
	step->crowd = (uint32_t)d->script->crowd_len;
	step->crowd_len = 1;
	crowd_put(d->script, &d->crowd_cap, who);
}

static void remove_one(struct draft *d, size_t event, uint32_t who)
{
	if (!d->present[who])
		return;
	d->present[who] = false;
	if (!d->past)
		step_put(d, STEP_REMOVE, event, who);
}

static bool speaks(const struct corpus_event *event)
{
	return event->type == CORPUS_TEXT || event->type == CORPUS_NOTICE;
}

static void read_after(struct draft *d, size_t event)
{
	uint32_t every = d->options->read_every;

	if (every == 0 || d->messages % every != 0 || d->past)
		return;
	for (size_t i = event + 1; i < d->room->events_len; i++) {
		const struct corpus_event *next = &d->room->events[i];
		if (next->left_out || !speaks(next))
			continue;
		if (d->present[next->who] && (!d->settling || d->settled[next->who]))
			step_put(d, STEP_READ, event, next->who);
		return;
	}
}

/* What the broker has ends with this message. The moves between it and the next
 * one may have been made or not; who is gone after them is not brought back. */
static void resume(struct draft *d, size_t event)
{
	d->past = false;
	d->settling = true;
	memcpy(d->settled, d->present, d->room->people_len * sizeof(*d->settled));
	for (size_t i = event + 1; i < d->room->events_len; i++) {
		const struct corpus_event *next = &d->room->events[i];
		if (next->left_out)
			continue;
		if (speaks(next))
			break;
		d->settled[next->who] = next->type == CORPUS_JOIN;
	}
	add_present(d, event);
}

static void speak(struct draft *d, size_t event, uint32_t who)
{
	d->settling = false;
	add_one(d, event, who);
	step_put(d, STEP_POST, event, who);
	d->messages++;
	if (d->past && event == d->options->resume_event)
		resume(d, event);
	read_after(d, event);
}

void script_make(struct script *script, const struct corpus_room *room,
		 const struct script_options *options)
{
	struct draft d = {
		.script = script, .room = room, .options = options, .past = options->resume};

	*script = (struct script){.manager = UINT32_MAX};
	d.present = mem_new(room->people_len + 1);
	d.settled = mem_new(room->people_len + 1);
	for (uint32_t i = 0; i < room->people_len; i++) {
		d.present[i] = !room->people[i].joins;
		if (room->people[i].role == CORPUS_AGENT && script->manager == UINT32_MAX)
			script->manager = i;
	}
	if (!d.past)
		add_present(&d, 0);
	for (size_t i = 0; i < room->events_len; i++) {
		const struct corpus_event *event = &room->events[i];
		if (d.past && i > options->resume_event)
			resume(&d, i - 1);
		if (event->left_out)
			continue;
		if (event->type == CORPUS_JOIN)
			add_one(&d, i, event->who);
		else if (event->type == CORPUS_LEAVE)
			remove_one(&d, i, event->who);
		else
			speak(&d, i, event->who);
	}
	free(d.present);
	free(d.settled);
}

void script_fini(struct script *script)
{
	free(script->steps);
	free(script->crowd);
	*script = (struct script){0};
}

bool script_together(enum step_kind a, enum step_kind b)
{
	bool post = a == STEP_POST && b == STEP_POST;
	bool membership =
		(a == STEP_ADD || a == STEP_REMOVE) && (b == STEP_ADD || b == STEP_REMOVE);

	return post || membership;
}

void script_client_id(uint32_t event, char out[SCRIPT_ID_MAX])
{
	snprintf(out, SCRIPT_ID_MAX, "r%u", event);
}

bool script_event(const char *client_id, uint32_t *event)
{
	char *end;
	char again[SCRIPT_ID_MAX];

	if (client_id[0] != 'r')
		return false;
	unsigned long n = strtoul(client_id + 1, &end, 10);
	if (*end != '\0' || n > UINT32_MAX)
		return false;
	script_client_id((uint32_t)n, again);
	if (strcmp(again, client_id) != 0)
		return false;
	*event = (uint32_t)n;
	return true;
}
