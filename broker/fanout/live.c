#include "fanout/live.h"

#include "fanout/shared_event.h"
#include "wire.h"

#include <parlor/fields.h>

_Static_assert(LIVE_PREFETCH_STEPS == SUBSCRIBERS_ENTRIES + 1, "each step is one of theirs");

/* Entries looked at for one that cost about as much as to deliver to a session. */
#define LOOKS_A_DELIVERY 64

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

static size_t to_listeners(struct shared_event *e, const struct live_record *r)
{
	size_t n;
	const struct subscribers_entry *entries =
		subscribers_of_hashed(e->fanout->subscribers, r->heard, r->hash, &n);
	for (size_t i = 0; i < n; i++)
		enqueue_live(e, entries[i].session, r->position);
	return n;
}

/* Those who listen to both have it. */
static size_t to_others(struct shared_event *e, const struct live_record *r)
{
	size_t n;
	uint64_t since;
	struct subscribers *all = e->fanout->subscribers;
	const struct subscribers_entry *entries = subscribers_of(all, r->also, &n);
	for (size_t i = 0; i < n; i++)
		if (r->heard.kind == TOPIC_NONE ||
		    !subscribers_since(all, r->heard, entries[i].session, &since))
			enqueue_live(e, entries[i].session, r->position);
	return n;
}

/* ---- records that change who listens ----------------------------------------------- */

/* For a member on its way in or out a session listens to some rooms only. */
static bool listens_for(const struct session *s, const struct live_record *r)
{
	const struct session_move *m = &s->move;
	return m->member != r->member ||
	       (r->topic.number >= m->rooms.from && r->topic.number < m->rooms.to);
}

static size_t member_joined(struct fanout *f, const struct live_record *r)
{
	size_t n;
	const struct subscribers_entry *devices =
		subscribers_of(f->subscribers, topic_member(r->member), &n);
	for (size_t i = 0; i < n; i++)
		if (listens_for(devices[i].session, r) &&
		    subscribers_add(f->subscribers, r->topic, devices[i].session,
				    r->position - 1) != PARLOR_E_OK)
			session_end_soon(f->sessions, devices[i].session, PARLOR_E_BUSY);
	return n;
}

/* A session that catches up still has to see the topic up to here. */
static void remember_interval(struct fanout *f, struct session *s, const struct live_record *r,
			      uint64_t since)
{
	if (s->state == SESSION_CATCH_UP &&
	    intervals_add(f->intervals, r->topic, s, since + 1, r->position) != PARLOR_E_OK)
		session_end_soon(f->sessions, s, PARLOR_E_BUSY);
}

static size_t member_left(struct fanout *f, const struct live_record *r)
{
	size_t n;
	const struct subscribers_entry *devices =
		subscribers_of(f->subscribers, topic_member(r->member), &n);
	for (size_t i = 0; i < n; i++) {
		struct session *s = devices[i].session;
		uint64_t since;
		if (!listens_for(s, r))
			continue;
		if (s->state == SESSION_CATCH_UP &&
		    subscribers_since(f->subscribers, r->topic, s, &since))
			remember_interval(f, s, r, since);
		subscribers_drop(f->subscribers, r->topic, s);
	}
	return n;
}

static size_t topic_ended(struct fanout *f, const struct live_record *r)
{
	size_t n;
	const struct subscribers_entry *entries = subscribers_of(f->subscribers, r->topic, &n);
	for (size_t i = 0; i < n; i++)
		remember_interval(f, entries[i].session, r, entries[i].since);
	subscribers_drop_topic(f->subscribers, r->topic);
	return n;
}

uint64_t live_deliver(struct fanout *f, const struct live_record *r, struct span event)
{
	struct shared_event e = {.fanout = f, .bytes = event};
	uint64_t n = 0, looks = subscribers_looks(f->subscribers);
	if (r->moves == MOVES_IN)
		n += member_joined(f, r);
	if (r->heard.kind != TOPIC_NONE)
		n += to_listeners(&e, r);
	if (r->also.kind != TOPIC_NONE)
		n += to_others(&e, r);
	if (r->moves == MOVES_OUT)
		n += member_left(f, r);
	if (r->moves == MOVES_ALL_OUT)
		n += topic_ended(f, r);
	return n + (subscribers_looks(f->subscribers) - looks) / LOOKS_A_DELIVERY;
}

void live_prefetch(const struct fanout *f, const struct live_record *r, unsigned step)
{
	if (r->heard.kind != TOPIC_NONE)
		subscribers_prefetch(f->subscribers, r->hash, (enum subscribers_step)step);
}

size_t live_listeners(const struct fanout *f, const struct live_record *r)
{
	size_t n = 0;
	if (r->heard.kind != TOPIC_NONE)
		(void)subscribers_of_hashed(f->subscribers, r->heard, r->hash, &n);
	if (r->also.kind != TOPIC_NONE) {
		size_t others;
		(void)subscribers_of(f->subscribers, r->also, &others);
		n += others;
	}
	if (r->moves == MOVES_IN || r->moves == MOVES_OUT)
		n += fanout_devices(f, r->member);
	return n;
}

void live_transient(struct fanout *f, struct replies *replies, struct topic topic,
		    struct span event)
{
	size_t n, told = 0;
	const struct subscribers_entry *entries = subscribers_of(f->subscribers, topic, &n);
	for (size_t i = 0; i < n; i++) {
		struct session *s = entries[i].session;
		/* Worth nothing later: whoever has no space does without. */
		if (s->state != SESSION_LIVE || outbox_space(f->outbox, s->out) < event.len)
			continue;
		if (told++) {
			replies_also(replies, s->out);
			continue;
		}
		wire_put_bytes_field(replies_begin(replies), PB_FROM_BROKER_EVENTS, event);
		replies_end(replies, s->out);
	}
}
