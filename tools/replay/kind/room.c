#include "kind/kind.h"

#include <stdio.h>

static const char *const states[] = {"", "open", "closed", "dissolved", NULL};

static const char *change_of(const struct record *r)
{
	if (r->kind == RECORD_ROOM_CREATED)
		return "created";
	if (r->kind == RECORD_ROOM_RENAMED)
		return "renamed";
	if (r->room_is.state == ROOM_STATE_OPEN)
		return "reopened";
	return r->room_is.state == ROOM_STATE_CLOSED ? "closed" : "dissolved";
}

static void what_changed(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "room %s: \"%s\"", change_of(r), e->room_changed->name);
}

static void draft_created(struct draft *d, const Parlor__Event *e)
{
	d->body = e->room_changed->name;
	if (e->room_changed->history_open)
		json_object_set_new(d->more, "open", json_true());
}

static void draft_renamed(struct draft *d, const Parlor__Event *e)
{
	d->body = e->room_changed->name;
}

static void draft_state(struct draft *d, const Parlor__Event *e)
{
	d->body = kind_word(states, (int)e->room_changed->state);
}

static const struct kind kinds[] = {
	{RECORD_ROOM_CREATED, PARLOR__EVENT__KIND_ROOM_CHANGED, what_changed, "create",
	 RECORDING_CREATE, LINE_NEEDS_ROOM, draft_created, NULL},
	{RECORD_ROOM_RENAMED, PARLOR__EVENT__KIND_ROOM_CHANGED, what_changed, "rename",
	 RECORDING_RENAME, LINE_NEEDS_ROOM, draft_renamed, NULL},
	{RECORD_ROOM_STATE, PARLOR__EVENT__KIND_ROOM_CHANGED, what_changed, "state",
	 RECORDING_STATE, LINE_NEEDS_ROOM, draft_state, states},
};
const struct kind_noun room_kinds = KIND_NOUN(kinds);
