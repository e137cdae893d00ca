/* Moves about messages and reading them. */
#include "moves.h"

#include "pick.h"

#include <string.h>

static void same_posted(struct world *w, const struct core_posted *core,
			const struct core_posted *oracle)
{
	WANT_SAME(w, core->room, oracle->room);
	WANT_SAME(w, core->seq, oracle->seq);
	WANT_SAME(w, core->position, oracle->position);
	WANT_SAME(w, core->time_us, oracle->time_us);
}

static void post(struct world *w, const struct core_post *q)
{
	struct core_posted core = {.seq = 0}, oracle = {.seq = 0};
	enum parlor_err got = core_post(w->core, &w->call, q, &core);
	enum parlor_err want = oracle_post(&w->now, &w->call, q, &oracle);
	move_told(w, got, want, "post %.*s in %.*s, id %.*s type %d, %zu mentions = %llu",
		  WORDS(q->sender), WORDS(q->room), WORDS(q->client_id), q->type, q->mentions_len,
		  (unsigned long long)core.seq);
	if (!got)
		same_posted(w, &core, &oracle);
}

void move_post(struct world *w)
{
	char client_id[8];
	struct span mentions[O_MENTIONS + 1];
	struct core_post q = {.room = pick_room(w), .mentions = mentions};
	q.sender = pick_in_room(w, w->touched);
	snprintf(client_id, sizeof client_id, "%d", (int)world_below(w, 2000));
	q.client_id = world_chance(w, 98) ? SPAN_TEXT(client_id)
					  : pick_text(w, w->limits.client_id_bytes);
	q.body = pick_text(w, w->limits.body_bytes);
	q.type = world_chance(w, 85) ? MESSAGE_TYPE_MESSAGE : MESSAGE_TYPE_NOTICE;
	q.content_type = (uint8_t)world_below(w, 4);
	if (world_chance(w, 1))
		q.type = (uint8_t)(world_below(w, 2) * 3);
	if (world_chance(w, 1))
		q.content_type = 4;
	if (world_chance(w, 20))
		q.mentions_len = 1 + world_below(w, w->limits.mentions + world_chance(w, 10));
	for (size_t i = 0; i < q.mentions_len; i++)
		mentions[i] = pick_in_room(w, w->touched);
	post(w, &q);
}

/* An earlier message once more, as it was or with something else in it. */
void move_post_again(struct world *w)
{
	struct span mentions[O_MENTIONS];
	if (!w->now.messages_len)
		return;
	const struct o_message *m = &w->now.messages[world_below(w, w->now.messages_len)];
	if (!m->has_client_id)
		return;
	struct o_message was = *m; /* the array moves when it grows */
	const struct o_room *r = &w->now.rooms[was.room];
	w->touched = was.room;
	w->call.tenant = o_span(&w->now.tenants[r->tenant]);
	struct core_post q = {.room = o_span(&r->id),
			      .sender = o_span(&w->now.members[was.sender].id),
			      .client_id = o_label_span(&was.client_id),
			      .body = o_label_span(&was.body),
			      .type = was.type,
			      .content_type = was.content_type,
			      .mentions = mentions,
			      .mentions_len = was.mentions_len};
	for (size_t i = 0; i < was.mentions_len; i++)
		mentions[i] = o_span(&w->now.members[was.mentions[i]].id);
	if (world_chance(w, 12))
		q.body = pick_text(w, w->limits.body_bytes);
	if (world_chance(w, 8))
		q.type = (uint8_t)(3 - q.type);
	if (world_chance(w, 8))
		q.content_type = (uint8_t)world_below(w, 4);
	if (q.mentions_len && world_chance(w, 20))
		q.mentions_len--;
	if (world_chance(w, 8))
		q.sender = pick_in_room(w, was.room);
	post(w, &q);
}

static uint64_t some_seq(struct world *w)
{
	uint64_t last = w->touched < 0 ? 0 : w->now.rooms[w->touched].last_seq;
	if (world_chance(w, 30) && last > 3)
		return last - world_below(w, 3);
	return world_below(w, last + 3);
}

void move_recall(struct world *w)
{
	struct core_posted core = {.seq = 0}, oracle = {.seq = 0};
	struct span room = pick_room(w), by = pick_in_room(w, w->touched);
	uint64_t seq = some_seq(w);
	enum parlor_err got = core_recall(w->core, &w->call, room, seq, by, &core);
	enum parlor_err want = oracle_recall(&w->now, &w->call, room, seq, by, &oracle);
	move_told(w, got, want, "recall %llu of %.*s by %.*s", (unsigned long long)seq, WORDS(room),
		  WORDS(by));
	if (!got)
		same_posted(w, &core, &oracle);
}

void move_history(struct world *w)
{
	struct core_history core = {.from = 0}, oracle = {.from = 0};
	struct span room = pick_room(w), member = pick_in_room(w, w->touched);
	uint64_t from = some_seq(w);
	bool backwards = world_chance(w, 50);
	if (world_chance(w, 20))
		member = (struct span){NULL, 0};
	enum parlor_err got = core_history(w->core, &w->call, room, member, from, backwards, &core);
	enum parlor_err want =
		oracle_history(&w->now, &w->call, room, member, from, backwards, &oracle);
	move_told(w, got, want, "history of %.*s from %llu for %.*s", WORDS(room),
		  (unsigned long long)from, WORDS(member));
	WANT_SAME(w, core.room, oracle.room);
	WANT_SAME(w, core.from, oracle.from);
	WANT_SAME(w, core.first_seq, oracle.first_seq);
	WANT_SAME(w, core.last_seq, oracle.last_seq);
}

static void same_unread(struct world *w, const struct core_unread_view *core,
			const struct core_unread_view *oracle)
{
	WANT_SAME(w, core->room, oracle->room);
	WANT_SAME(w, core->unread, oracle->unread);
	WANT_SAME(w, core->read_seq, oracle->read_seq);
	WANT_SAME(w, core->last_seq, oracle->last_seq);
	WANT_SAME(w, core->mentioned, oracle->mentioned);
	WANT_SAME(w, core->position, oracle->position);
}

void move_read(struct world *w)
{
	struct core_unread_view core = {.room = 0}, oracle = {.room = 0};
	struct span room = pick_room(w), member = pick_in_room(w, w->touched);
	uint64_t seq = some_seq(w);
	enum parlor_err got = core_read(w->core, &w->call, room, member, seq, &core);
	enum parlor_err want = oracle_read(&w->now, &w->call, room, member, seq, &oracle);
	move_told(w, got, want, "read %llu of %.*s by %.*s = %llu", (unsigned long long)seq,
		  WORDS(room), WORDS(member), (unsigned long long)core.unread);
	same_unread(w, &core, &oracle);
	if (core.position) {
		WANT_SAME(w, w->last_kind, RECORD_READ);
		WANT_SAME(w, w->last_unread, oracle.unread);
	}
}

void move_mark_unread(struct world *w)
{
	struct core_unread_view core = {.room = 0}, oracle = {.room = 0};
	struct span room = pick_room(w), member = pick_in_room(w, w->touched);
	uint64_t seq = some_seq(w);
	enum parlor_err got = core_mark_unread(w->core, &w->call, room, member, seq, &core);
	enum parlor_err want = oracle_mark_unread(&w->now, &w->call, room, member, seq, &oracle);
	move_told(w, got, want, "unread from %llu of %.*s by %.*s = %llu", (unsigned long long)seq,
		  WORDS(room), WORDS(member), (unsigned long long)core.unread);
	same_unread(w, &core, &oracle);
}

void move_unread(struct world *w)
{
	struct core_unread_view core = {.room = 0}, oracle = {.room = 0};
	struct span room = pick_room(w), member = pick_in_room(w, w->touched);
	enum parlor_err got = core_unread(w->core, &w->call, room, member, &core);
	enum parlor_err want = oracle_unread(&w->now, &w->call, room, member, &oracle);
	move_told(w, got, want, "unread of %.*s in %.*s = %llu", WORDS(member), WORDS(room),
		  (unsigned long long)core.unread);
	same_unread(w, &core, &oracle);
}
