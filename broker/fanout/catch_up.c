#include "fanout/catch_up.h"

#include "core/kinds.h"
#include "core/run.h"
#include "fanout/shared_event.h"

#include "base/log.h"

/* What one call of catch_up_run looks at: in so many sweeps so many journal entries,
 * or entries and listeners together. A sweep serves every session it passes, but a
 * session far behind must not keep one that is nearly there waiting. */
#define SWEEPS 4
#define SWEEP_ENTRIES 4096
#define SWEEP_STEPS 65536
/* Sessions that one sweep serves, and that one call looks at to find who may go on:
 * thousands may be catching up, and none of them be able to. */
#define SWEEP_RIDERS 2048
#define LOOKS 2048

static bool may_go_on(const struct fanout *f, const struct session *s)
{
	if (s->begins || (s->credit_limited && s->credit == 0))
		return false;
	/* What it asked comes first, or events would take the room of each reply. */
	if (s->backlog.frames && !outbox_may_reply(f->outbox, s->out))
		return false;
	return outbox_queued(s->out) == 0 || outbox_room(f->outbox, s->out) > s->want_bytes;
}

/* A sweep along the journal that serves every session it passes. */
struct sweep {
	struct fanout *fanout;
	uint64_t no;       /* of this sweep: who rides along knows it */
	size_t riders;     /* sessions that were looked at, from the first on */
	uint64_t position; /* of the entry at hand */
	uint64_t steps;
};

static void enqueue_swept(struct sweep *w, struct shared_event *e, struct session *s)
{
	/* Its cursor is behind the entry once it has it, for another of its members may
	 * have listened too, and stays where it could not be served. */
	if (s->state != SESSION_CATCH_UP || s->cursor > w->position || s->sweep != w->no)
		return;
	s->cursor = w->position;
	if (w->position > s->floor && !shared_event_enqueue(e, s)) {
		s->sweep = 0;
		return;
	}
	w->fanout->counts.events_caught_up += w->position > s->floor;
	s->cursor++;
}

static void sweep_topic(struct sweep *w, struct shared_event *e, struct topic topic)
{
	size_t n;
	const struct fanout *f = w->fanout;
	const struct subscribers_entry *entries = subscribers_of(f->subscribers, topic, &n);
	const struct interval *i = intervals_of(f->intervals, topic);
	for (size_t at = 0; at < n; at++)
		if (w->position > entries[at].since)
			enqueue_swept(w, e, entries[at].session);
	w->steps += n;
	for (; i; i = i->next, w->steps++)
		if (w->position >= i->from && w->position <= i->to)
			enqueue_swept(w, e, i->session);
}

static enum parlor_err sweep_entry(struct sweep *w, const struct entry *entry)
{
	struct record r;
	if (!entry->event.len)
		return PARLOR_E_OK;
	enum parlor_err err = record_decode(&r, entry->head.data, entry->head.len);
	if (err)
		return err;
	struct shared_event e = {.fanout = w->fanout, .bytes = entry->event};
	/* A run's beginning took everybody offline: what was before says nothing now. */
	if (r.run && r.run != core_run(w->fanout->core))
		return PARLOR_E_OK;
	struct topic heard = record_heard(&r);
	if (heard.kind != TOPIC_NONE)
		sweep_topic(w, &e, heard);
	return PARLOR_E_OK;
}

/* Who rides along: behind the start nobody, or the order would break. */
static void sweep_begin(struct sweep *w, uint64_t start)
{
	struct session *s = session_catching_up(w->fanout->sessions);
	for (; s && w->riders < SWEEP_RIDERS; s = s->catch_next, w->riders++)
		if (!s->ending && s->cursor >= start && may_go_on(w->fanout, s))
			s->sweep = w->no;
}

/* Whoever was not held up has seen all before `end`. Where more wait than ride along,
 * the others are next. */
static void sweep_end(struct sweep *w, uint64_t end)
{
	struct fanout *f = w->fanout;
	struct session *next, *s = session_catching_up(f->sessions);
	bool others = w->riders < session_catching_up_count(f->sessions);
	f->counts.looks_caught_up += 2 * w->riders;
	for (; w->riders > 0; s = next, w->riders--) {
		next = s->catch_next;
		if (s->sweep == w->no && s->cursor <= end) {
			s->cursor = end;
			if (end > store_last(f->store)) {
				intervals_drop_session(f->intervals, s);
				session_set_state(f->sessions, s, SESSION_LIVE);
				continue;
			}
		}
		if (others)
			session_catch_up_later(f->sessions, s);
	}
}

/* Who comes back from before it is told to begin anew. */
static void note_damage(struct fanout *f, enum parlor_err err, uint64_t position)
{
	if (err == PARLOR_E_STORE_CORRUPT && f->unreadable < position)
		f->unreadable = position;
}

static enum parlor_err sweep(struct fanout *f, uint64_t start)
{
	struct sweep w = {.fanout = f, .no = ++f->sweeps};
	struct store_walk walk;
	struct entry entry;
	uint64_t end = start;
	enum parlor_err err = store_walk_open_at(f->store, start, &walk);
	note_damage(f, err, start);
	if (err)
		return err;
	sweep_begin(&w, start);
	for (int i = 0; i < SWEEP_ENTRIES && w.steps < SWEEP_STEPS; i++) {
		err = store_walk_next(f->store, &walk, &entry);
		if (err)
			break;
		w.position = entry.position;
		w.steps++;
		err = sweep_entry(&w, &entry);
		if (err)
			break;
		end = entry.position + 1;
		if (outbox_put_down(f->outbox) > f->turn_bytes_max)
			break;
	}
	store_walk_close(f->store, &walk);
	f->counts.steps_caught_up += w.steps;
	sweep_end(&w, end);
	note_damage(f, err, end);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* The first that may go on. Who may not is passed over until all have been looked at. */
static struct session *next_in_turn(struct fanout *f, size_t *looks)
{
	struct session *s;
	while ((s = session_catching_up(f->sessions)) != NULL && *looks > 0 &&
	       f->in_vain < session_catching_up_count(f->sessions)) {
		f->in_vain++;
		f->counts.looks_caught_up++;
		--*looks;
		if (!s->ending && may_go_on(f, s)) {
			f->in_vain = 0;
			return s;
		}
		session_catch_up_later(f->sessions, s);
	}
	return NULL;
}

bool catch_up_run(struct fanout *f)
{
	struct session *s;
	size_t looks = LOOKS;
	if (f->in_vain >= session_catching_up_count(f->sessions))
		f->in_vain = 0;
	for (int i = 0; i < SWEEPS && (s = next_in_turn(f, &looks)) != NULL; i++) {
		if (s->cursor < store_first(f->store)) {
			session_end_soon(f->sessions, s, PARLOR_E_NO_SESSION);
			continue;
		}
		enum parlor_err err = sweep(f, s->cursor);
		if (err) {
			log_error("journal cannot be read at %llu: %s",
				  (unsigned long long)s->cursor, parlor_err_text(err));
			session_end_soon(f->sessions, s, err);
		}
		if (s->state == SESSION_CATCH_UP)
			session_catch_up_later(f->sessions, s);
	}
	return f->in_vain < session_catching_up_count(f->sessions);
}
