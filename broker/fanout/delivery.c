#include "fanout/delivery.h"

#include "core/run.h"
#include "core/tenant.h"
#include "fanout/attachments.h"
#include "fanout/event/event.h"
#include "wire.h"

#include "base/die.h"
#include "base/log.h"

#include <assert.h>

#define EVENTS_FIELD 2 /* of FromBroker */

/* Journal entries one call of delivery_catch_up looks at, and in how many
 * sweeps: a sweep serves every session it passes, but a session far behind must
 * not keep one that is nearly there waiting. */
#define SWEEP_ENTRIES 4096
#define SWEEPS 4

/* An event of the turn, put down when the first session wants it. */
struct part {
	struct broker *broker;
	struct span event;
	struct outbox_part part;
	bool made;
};

static struct outbox_part part_get(struct part *p)
{
	if (!p->made) {
		wire_put_bytes_field(outbox_begin(p->broker->outbox), EVENTS_FIELD, p->event);
		p->part = outbox_end(p->broker->outbox);
		p->made = true;
	}
	return p->part;
}

/* Adds the event, or leaves it: false when credit or room is used up. */
static bool give(struct part *p, struct session *s)
{
	struct broker *b = p->broker;
	size_t room = outbox_room(b->outbox, s->out);
	/* An event larger than the allowance still goes to a peer with nothing queued. */
	bool fits = room >= p->event.len || (room && outbox_queued(s->out) == 0);
	if (!fits || !session_credit_take(s)) {
		s->want_bytes = p->event.len;
		return false;
	}
	s->want_bytes = 0;
	outbox_add(b->outbox, s->out, part_get(p));
	die_at("event_given");
	return true;
}

/* ---- live ------------------------------------------------------------------------ */

static void give_live(struct part *p, struct session *s, uint64_t position)
{
	if (s->state != SESSION_LIVE || s->ending || position <= s->floor)
		return;
	if (give(p, s)) {
		p->broker->counts.events_live++;
		return;
	}
	s->cursor = position;
	session_set_state(p->broker->sessions, s, SESSION_CATCH_UP);
	p->broker->counts.fell_behind++;
}

static void to_room(struct part *p, const struct turn_record *r)
{
	size_t n;
	const struct audience_entry *entries = audience_of(p->broker->audience, r->room, &n);
	for (size_t i = 0; i < n; i++)
		give_live(p, entries[i].session, r->position);
}

static void to_member(struct part *p, const struct turn_record *r)
{
	struct session_member *m = session_of_member(p->broker->sessions, r->member);
	for (; m; m = m->next)
		give_live(p, m->session, r->position);
}

/* Those of the tenant that asked for presence. */
static struct session *watchers(const struct broker *b, uint32_t tenant)
{
	struct span id;
	if (core_tenant_id(b->core, tenant, &id) != PARLOR_E_OK)
		return NULL;
	return session_watchers(b->sessions, id);
}

static void to_watchers(struct part *p, const struct turn_record *r)
{
	for (struct session *s = watchers(p->broker, r->tenant); s; s = s->watch_next)
		give_live(p, s, r->position);
}

/* ---- records that change who listens ----------------------------------------------- */

static void member_joined(struct broker *b, const struct turn_record *r)
{
	struct session_member *m = session_of_member(b->sessions, r->member);
	for (; m; m = m->next) {
		enum parlor_err err =
			audience_add(b->audience, r->room, m->session, r->position - 1);
		if (err)
			roster_fail(b, m->session, PARLOR_E_BUSY);
	}
}

/* A session that catches up still has to see the room up to here. */
static void remember_stay(struct broker *b, struct session *s, const struct turn_record *r)
{
	uint64_t since;
	if (s->state != SESSION_CATCH_UP || !audience_since(b->audience, r->room, s, &since))
		return;
	if (session_stays_add(b->sessions, s, r->room, since + 1, r->position) != PARLOR_E_OK)
		roster_fail(b, s, PARLOR_E_BUSY);
}

static void member_left(struct broker *b, const struct turn_record *r)
{
	struct session_member *m = session_of_member(b->sessions, r->member);
	for (; m; m = m->next) {
		remember_stay(b, m->session, r);
		audience_drop(b->audience, r->room, m->session);
	}
}

static void room_dissolved(struct broker *b, const struct turn_record *r)
{
	size_t n;
	const struct audience_entry *entries = audience_of(b->audience, r->room, &n);
	for (size_t i = 0; i < n; i++)
		remember_stay(b, entries[i].session, r);
	audience_drop_room(b->audience, r->room);
}

static void deliver(struct broker *b, const struct turn *t, const struct turn_record *r)
{
	struct part p = {.broker = b, .event = turn_event(t, r)};
	if (r->moves == MOVES_IN)
		member_joined(b, r);
	switch (r->heard) {
	case TOPIC_ROOM:
		to_room(&p, r);
		break;
	case TOPIC_MEMBER:
		to_member(&p, r);
		break;
	case TOPIC_TENANT:
		to_watchers(&p, r);
		break;
	case TOPIC_NONE:
		break;
	}
	if (r->moves == MOVES_OUT)
		member_left(b, r);
	if (r->moves == MOVES_ALL_OUT)
		room_dissolved(b, r);
}

/* The audiences of the records ahead, while this one is delivered. */
#define AHEAD 3
static void expect(const struct broker *b, const struct turn *t, size_t at)
{
	for (unsigned step = 0; step < AHEAD; step++) {
		size_t i = at + AHEAD - step;
		if (i < t->len && t->records[i].room)
			audience_expect(b->audience, t->records[i].room, (enum audience_step)step);
	}
}

void delivery_committed(struct broker *b, const struct turn *t)
{
	for (size_t i = 0; i < t->len; i++) {
		expect(b, t, i);
		deliver(b, t, &t->records[i]);
	}
}

void delivery_typing(struct broker *b, uint64_t room, struct span room_id, struct span member_id)
{
	buf_clear(&b->scratch);
	event_put_typing(&b->scratch, room_id, member_id);
	struct part p = {.broker = b, .event = {b->scratch.data, b->scratch.len}};
	size_t n;
	const struct audience_entry *entries = audience_of(b->audience, room, &n);
	for (size_t i = 0; i < n; i++) {
		struct session *s = entries[i].session;
		/* Worth nothing later: whoever has no room does without. */
		if (s->state == SESSION_LIVE && outbox_room(b->outbox, s->out) >= p.event.len)
			outbox_add(b->outbox, s->out, part_get(&p));
	}
}

/* ---- catching up -------------------------------------------------------------------- */

bool delivery_may_go_on(const struct broker *b, const struct session *s)
{
	if (s->credit_limited && s->credit == 0)
		return false;
	/* What it asked comes first, or events would take the room of each reply. */
	if (s->backlog.frames && !outbox_may_reply(b->outbox, s->out))
		return false;
	return outbox_queued(s->out) == 0 || outbox_room(b->outbox, s->out) > s->want_bytes;
}

/* A sweep along the journal that serves every session it passes. */
struct sweep {
	struct broker *broker;
	uint64_t position; /* of the entry at hand */
	bool with_stays;   /* a session has stays: look at all of them for each entry */
};

static void give_swept(struct sweep *w, struct part *p, struct session *s)
{
	/* Its cursor stays where it could not be served. */
	if (s->state != SESSION_CATCH_UP || s->cursor > w->position || s->behind)
		return;
	s->cursor = w->position;
	if (w->position <= s->floor)
		return;
	if (give(p, s))
		w->broker->counts.events_caught_up++;
	else
		s->behind = true;
}

static void sweep_room(struct sweep *w, struct part *p, uint64_t room)
{
	size_t n;
	const struct audience_entry *entries = audience_of(w->broker->audience, room, &n);
	for (size_t i = 0; i < n; i++)
		if (w->position > entries[i].since)
			give_swept(w, p, entries[i].session);
	if (!w->with_stays)
		return;
	for (struct session *s = session_catching_up(w->broker->sessions); s; s = s->catch_next) {
		uint64_t since;
		bool listens =
			audience_since(w->broker->audience, room, s, &since) && w->position > since;
		if (!listens && session_stays_has(s, room, w->position))
			give_swept(w, p, s);
	}
}

static void sweep_member(struct sweep *w, struct part *p, uint64_t member)
{
	struct session_member *m = session_of_member(w->broker->sessions, member);
	for (; m; m = m->next)
		give_swept(w, p, m->session);
}

static void sweep_watchers(struct sweep *w, struct part *p, uint32_t tenant)
{
	for (struct session *s = watchers(w->broker, tenant); s; s = s->watch_next)
		give_swept(w, p, s);
}

static enum parlor_err sweep_entry(struct sweep *w, const struct entry *entry)
{
	struct record r;
	if (!entry->event.len)
		return PARLOR_E_OK;
	enum parlor_err err = record_decode(&r, entry->head.data, entry->head.len);
	if (err)
		return err;
	struct part p = {.broker = w->broker, .event = entry->event};
	/* A run's beginning took everybody offline: what was before says nothing now. */
	if (r.run && r.run != core_run(w->broker->core))
		return PARLOR_E_OK;
	switch (record_kind(r.kind)->heard) {
	case TOPIC_ROOM:
		sweep_room(w, &p, r.room);
		break;
	case TOPIC_MEMBER:
		sweep_member(w, &p, r.member);
		break;
	case TOPIC_TENANT:
		sweep_watchers(w, &p, r.tenant);
		break;
	case TOPIC_NONE:
		break;
	}
	return PARLOR_E_OK;
}

/* Who rides along: behind the start nobody, or the order would break. */
static void sweep_begin(struct sweep *w, uint64_t start)
{
	w->with_stays = false;
	for (struct session *s = session_catching_up(w->broker->sessions); s; s = s->catch_next) {
		s->behind = s->ending || s->cursor < start || !delivery_may_go_on(w->broker, s);
		w->with_stays |= !s->behind && s->stays_len > 0;
	}
}

/* Whoever was not held up has seen all before `end`. */
static void sweep_end(struct sweep *w, uint64_t end)
{
	struct broker *b = w->broker;
	struct session *next;
	for (struct session *s = session_catching_up(b->sessions); s; s = next) {
		next = s->catch_next;
		if (s->behind || s->cursor > end)
			continue;
		s->cursor = end;
		if (end > store_last(b->store)) {
			session_stays_clear(s);
			session_set_state(b->sessions, s, SESSION_LIVE);
		}
	}
}

/* Who comes back from before it is told to begin anew. */
static void note_damage(struct broker *b, enum parlor_err err, uint64_t position)
{
	if (err == PARLOR_E_STORE_CORRUPT && b->unreadable < position)
		b->unreadable = position;
}

static enum parlor_err sweep(struct broker *b, uint64_t start)
{
	struct sweep w = {.broker = b};
	struct store_walk walk;
	struct entry entry;
	uint64_t end = start;
	enum parlor_err err = store_walk_open_at(b->store, start, &walk);
	note_damage(b, err, start);
	if (err)
		return err;
	sweep_begin(&w, start);
	for (int i = 0; i < SWEEP_ENTRIES; i++) {
		err = store_walk_next(b->store, &walk, &entry);
		if (err)
			break;
		w.position = entry.position;
		err = sweep_entry(&w, &entry);
		if (err)
			break;
		end = entry.position + 1;
		if (outbox_turn_bytes(b->outbox) > b->settings.turn_bytes)
			break;
	}
	store_walk_close(b->store, &walk);
	sweep_end(&w, end);
	note_damage(b, err, end);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

bool delivery_catch_up(struct broker *b)
{
	for (int i = 0; i < SWEEPS; i++) {
		struct session *s = session_catching_up(b->sessions);
		while (s && (s->ending || !delivery_may_go_on(b, s)))
			s = s->catch_next;
		if (!s)
			return false;
		session_catch_up_later(b->sessions, s);
		if (s->cursor < store_first(b->store)) {
			roster_fail(b, s, PARLOR_E_NO_SESSION);
			continue;
		}
		enum parlor_err err = sweep(b, s->cursor);
		if (err) {
			log_error("journal cannot be read at %llu: %s",
				  (unsigned long long)s->cursor, parlor_err_text(err));
			roster_fail(b, s, err);
		}
	}
	for (struct session *s = session_catching_up(b->sessions); s; s = s->catch_next)
		if (!s->ending && delivery_may_go_on(b, s))
			return true;
	return false;
}
