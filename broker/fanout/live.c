#include "fanout/live.h"

#include "core/tenant.h"
#include "event/event.h"
#include "fanout/shared_event.h"
#include "wire.h"

#include <parlor/fields.h>

static void enqueue_live(struct shared_event *e, struct session *s, uint64_t position)
{
	if (s->state != SESSION_LIVE || s->ending || position <= s->floor)
		return;
	if (shared_event_enqueue(e, s)) {
		e->fanout->counts.events_live++;
		return;
	}
	s->cursor = position;
	session_set_state(e->fanout->sessions, s, SESSION_CATCH_UP);
	e->fanout->counts.fell_behind++;
}

static void to_room(struct shared_event *e, const struct live_record *r)
{
	size_t n;
	const struct subscribers_entry *entries =
		subscribers_of(e->fanout->subscribers, r->room, &n);
	for (size_t i = 0; i < n; i++)
		enqueue_live(e, entries[i].session, r->position);
}

static void to_member(struct shared_event *e, const struct live_record *r)
{
	struct session_member *m = session_of_member(e->fanout->sessions, r->member);
	for (; m; m = m->next)
		enqueue_live(e, m->session, r->position);
}

static void to_watchers(struct shared_event *e, const struct live_record *r)
{
	for (struct session *s = fanout_watchers(e->fanout, r->tenant); s; s = s->watch_next)
		enqueue_live(e, s, r->position);
}

/* ---- records that change who listens ----------------------------------------------- */

static void member_joined(struct fanout *f, const struct live_record *r)
{
	struct session_member *m = session_of_member(f->sessions, r->member);
	for (; m; m = m->next) {
		enum parlor_err err =
			subscribers_add(f->subscribers, r->room, m->session, r->position - 1);
		if (err)
			session_end_soon(f->sessions, m->session, PARLOR_E_BUSY);
	}
}

/* A session that catches up still has to see the room up to here. */
static void remember_interval(struct fanout *f, struct session *s, const struct live_record *r)
{
	uint64_t since;
	if (s->state != SESSION_CATCH_UP || !subscribers_since(f->subscribers, r->room, s, &since))
		return;
	if (session_intervals_add(f->sessions, s, r->room, since + 1, r->position) != PARLOR_E_OK)
		session_end_soon(f->sessions, s, PARLOR_E_BUSY);
}

static void member_left(struct fanout *f, const struct live_record *r)
{
	struct session_member *m = session_of_member(f->sessions, r->member);
	for (; m; m = m->next) {
		remember_interval(f, m->session, r);
		subscribers_drop(f->subscribers, r->room, m->session);
	}
}

static void room_dissolved(struct fanout *f, const struct live_record *r)
{
	size_t n;
	const struct subscribers_entry *entries = subscribers_of(f->subscribers, r->room, &n);
	for (size_t i = 0; i < n; i++)
		remember_interval(f, entries[i].session, r);
	subscribers_drop_room(f->subscribers, r->room);
}

void live_deliver(struct fanout *f, const struct live_record *r, struct span event)
{
	struct shared_event e = {.fanout = f, .bytes = event};
	if (r->moves == MOVES_IN)
		member_joined(f, r);
	switch (r->heard) {
	case TOPIC_ROOM:
		to_room(&e, r);
		break;
	case TOPIC_MEMBER:
		to_member(&e, r);
		break;
	case TOPIC_TENANT:
		to_watchers(&e, r);
		break;
	case TOPIC_NONE:
		break;
	}
	if (r->moves == MOVES_OUT)
		member_left(f, r);
	if (r->moves == MOVES_ALL_OUT)
		room_dissolved(f, r);
}

void live_prefetch(const struct fanout *f, const struct live_record *r, unsigned step)
{
	if (r->room)
		subscribers_prefetch(f->subscribers, r->room, (enum subscribers_step)step);
}

void live_typing(struct fanout *f, struct replies *replies, uint64_t room, struct span room_id,
		 struct span member_id)
{
	buf_clear(&f->scratch);
	event_put_typing(&f->scratch, room_id, member_id);
	struct span event = {f->scratch.data, f->scratch.len};
	size_t n, told = 0;
	const struct subscribers_entry *entries = subscribers_of(f->subscribers, room, &n);
	for (size_t i = 0; i < n; i++) {
		struct session *s = entries[i].session;
		/* Worth nothing later: whoever has no room does without. */
		if (s->state != SESSION_LIVE || outbox_room(f->outbox, s->out) < event.len)
			continue;
		if (told++) {
			replies_also(replies, s->out);
			continue;
		}
		wire_put_bytes_field(replies_begin(replies), PB_FROM_BROKER_EVENTS, event);
		replies_end(replies, s->out);
	}
}
