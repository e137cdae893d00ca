/* What the broker of a town is asked: the posts that clients wait for, and anything
 * else by chance. */
#include "town.h"
#include "want.h"

#include "core/reading.h"
#include "core/room_members.h"

#include <stdio.h>

static void take_post(struct town *t, const struct note *note)
{
	struct keep *k = &t->keep;
	const struct client *c = &t->clients[note->client];
	if (note->no != c->no)
		return; /* an old one, that was settled since */
	struct effect *e = keep_effect(k);
	struct core_call call = keep_call(k, c->tenant);
	char id[NAME_BYTES];
	snprintf(id, sizeof id, "c%u", c->no);
	struct core_post post = {.room = SPAN_TEXT(c->room),
				 .sender = SPAN_TEXT(c->sender),
				 .client_id = SPAN_TEXT(id),
				 .body = SPAN_TEXT(c->body),
				 .type = c->no % 6 ? MESSAGE_TYPE_MESSAGE : MESSAGE_TYPE_NOTICE,
				 .refusal = commit_reserve(&k->commit, 64)};
	*e = (struct effect){.client = note->client, .no = c->no, .try = note->try};
	e->err = core_post(k->commit.core, &call, &post, &e->posted);
	t->refused_full += e->err == PARLOR_E_STORE_FULL;
	say(&t->chance, "broker: %s of %s in %s/%s: %s, seq %d", c->body, c->sender, c->tenant,
	    c->room, parlor_err_name((int)e->err), (int)e->posted.seq);
}

static struct span name_of(char to[NAME_BYTES], char kind, uint64_t number)
{
	snprintf(to, NAME_BYTES, "%c%d", kind, (int)number);
	return SPAN_TEXT(to);
}

static enum parlor_err make_room(struct keep *k, const struct core_call *call, struct span room)
{
	char ids[4][NAME_BYTES];
	struct core_member_spec specs[4];
	struct core_room_view view;
	uint64_t first = chance_below(k->chance, MEMBERS);
	for (uint64_t i = 0; i < 4; i++)
		specs[i] = (struct core_member_spec){
			.id = name_of(ids[i], 'm', (first + i) % MEMBERS),
			.type = i ? MEMBER_TYPE_MEMBER : MEMBER_TYPE_MANAGER};
	struct core_room_create create = {
		.id = room, .name = room, .members = specs, .members_len = 4};
	return core_room_create(k->commit.core, call, &create, &view);
}

/* Most rooms are there from the beginning. */
void town_make_rooms(struct town *t)
{
	keep_begin(&t->keep);
	for (uint64_t i = 0; i < TENANTS * ROOMS - 1; i++) {
		char id[NAME_BYTES];
		struct core_call call = keep_call(&t->keep, town_tenants[i % TENANTS]);
		enum parlor_err err = make_room(&t->keep, &call, name_of(id, 'r', i / TENANTS));
		WANT_SAME(&t->chance, err, PARLOR_E_OK);
	}
	WANT_SAME(&t->chance, commit_turn(&t->keep.commit), PARLOR_E_OK);
	keep_answer(&t->keep);
}

/* The body leaves its record with the commit. */
static void blank(struct keep *k, uint64_t room, uint64_t seq)
{
	struct row_message message;
	WANT_SAME(k->chance, core_message(k->commit.core, room, seq, &message), PARLOR_E_OK);
	turn_recall_body(&k->commit.turn, message.position);
}

static enum parlor_err recall(struct keep *k, const struct core_call *call, struct span room,
			      struct span member)
{
	struct core_posted posted;
	uint64_t seq = 1 + chance_below(k->chance, 12);
	enum parlor_err err = core_recall(k->commit.core, call, room, seq, member, &posted);
	if (!err && posted.position)
		blank(k, posted.room, seq);
	return err;
}

/* One request that no client waits for. */
static void ask_something(struct town *t)
{
	struct keep *k = &t->keep;
	char room_at[NAME_BYTES], member_at[NAME_BYTES];
	struct core_call call = keep_call(k, town_tenants[chance_below(&t->chance, TENANTS)]);
	struct span room = name_of(room_at, 'r', chance_below(&t->chance, ROOMS));
	struct span member = name_of(member_at, 'm', chance_below(&t->chance, MEMBERS));
	uint64_t dice = chance_below(&t->chance, 100), seq = chance_below(&t->chance, 14), no;
	struct core_notice none = {.body = {NULL, 0}};
	struct core_member_spec spec = {.id = member, .type = MEMBER_TYPE_MEMBER};
	struct core_member_change change = {.id = member, .type = (uint8_t)(1 + seq % 2)};
	struct core_unread_view unread;
	struct core_room_view view;
	enum parlor_err err;
	if (commit_reserve(&k->commit, 1024))
		return;
	if (dice < 8)
		err = make_room(k, &call, room);
	else if (dice < 40)
		err = core_read(k->commit.core, &call, room, member, seq, &unread);
	else if (dice < 58)
		err = core_mark_unread(k->commit.core, &call, room, member, 1 + seq, &unread);
	else if (dice < 70)
		err = core_members_add(k->commit.core, &call, room, &spec, 1, &none, &view);
	else if (dice < 78)
		err = core_members_remove(k->commit.core, &call, room, &member, 1, &none, &view);
	else if (dice < 83)
		err = core_members_change(k->commit.core, &call, room, &change, 1, &none, &view);
	else if (dice < 93)
		err = recall(k, &call, room, member);
	else if (dice < 97)
		err = core_room_rename(k->commit.core, &call, room, member, &none, &view);
	else if (dice < 98)
		err = core_room_set_state(k->commit.core, &call, room, ROOM_STATE_DISSOLVED, &none,
					  &view);
	else
		err = core_member_intern(k->commit.core, &call, member, &no);
	say(&t->chance, "broker: request %d for %s %s seq %d: %s", (int)dice, room_at, member_at,
	    (int)seq, parlor_err_name((int)err));
}

void town_take_requests(struct town *t)
{
	for (size_t i = 0; i < LETTERS; i++) {
		struct note *n = &t->notes[i];
		if (!n->used || n->answer || n->due_us > t->chance.now_us)
			continue;
		n->used = false;
		take_post(t, n);
	}
	while (!t->calm && chance_of(&t->chance, 450))
		ask_something(t);
	/* A turn so large that its commit is in flight beside the next one. */
	bool burst = !t->calm && chance_of(&t->chance, t->burst);
	for (int n = 0; burst && n < 100; n++)
		ask_something(t);
}
