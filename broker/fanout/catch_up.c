#include "fanout/catch_up.h"

#include "core/kinds.h"
#include "core/run.h"
#include "fanout/record_batch.h"
#include "fanout/shared_event.h"

#include "base/log.h"

/* What one call of catch_up_run looks at: in so many sweeps so many journal entries. A sweep
 * serves every session it passes, but a session far behind must not keep one that is nearly
 * there waiting. */
#define SWEEPS 4
#define SWEEP_ENTRIES 4096
/* And in all of them so many entries and listeners together, an event that is enqueued counted as
 * what it costs to send. */
#define STEPS 65536
#define ENQUEUE_STEPS 16
/* Sessions that one sweep serves: whoever does not ride along costs a sweep of its own. */
#define SWEEP_RIDERS 16384
/* Looks at sessions behind which a call begins no further sweep: thousands may be catching up,
 * and none of them be able to go on. */
#define LOOKS 16384

static bool may_go_on(const struct fanout *f, const struct session *s)
{
	if (s->begins || (s->credit_limited && s->credit == 0))
		return false;
	/* What it asked comes first, or events would take the space of each reply. */
	if (s->backlog.frames && !outbox_may_reply(f->outbox, s->out))
		return false;
	return outbox_queued(s->out) == 0 || outbox_space(f->outbox, s->out) > s->want_bytes;
}

/* A sweep along the journal that serves every session it passes. */
struct sweep {
	struct fanout *fanout;
	uint64_t no;        /* of this sweep: who rides along knows it */
	size_t looked_at;   /* sessions, from the first on */
	uint64_t first;     /* cursor of those who ride along, the lowest */
	uint64_t position;  /* of the entry at hand */
	uint64_t steps_end; /* of the count of steps */
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
	if (w->position > s->floor) {
		w->fanout->counts.events_caught_up++;
		w->fanout->counts.steps_caught_up += ENQUEUE_STEPS;
	}
	s->cursor++;
}

static void sweep_topic(struct sweep *w, struct shared_event *e, struct topic topic, unsigned hash)
{
	size_t n;
	struct fanout *f = w->fanout;
	const struct subscribers_entry *entries =
		subscribers_of_hashed(f->subscribers, topic, hash, &n);
	const struct interval *i = intervals_of(f->intervals, topic);
	for (size_t at = 0; at < n; at++)
		if (w->position > entries[at].since)
			enqueue_swept(w, e, entries[at].session);
	f->counts.steps_caught_up += n;
	for (; i; i = i->next, f->counts.steps_caught_up++)
		if (w->position >= i->from && w->position <= i->to)
			enqueue_swept(w, e, i->session);
}

static void sweep_record(struct sweep *w, const struct record *r, struct span event, unsigned hash)
{
	struct topic heard = record_heard(r), also = record_also(r);
	struct shared_event e = {.fanout = w->fanout, .bytes = event};
	w->position = r->position;
	w->fanout->counts.steps_caught_up++;
	/* A run's beginning took everybody offline: what was before says nothing now. */
	if (event.len && heard.kind != TOPIC_NONE &&
	    (!r->run || r->run == core_run(w->fanout->core)))
		sweep_topic(w, &e, heard, hash);
	if (event.len && also.kind != TOPIC_NONE)
		sweep_topic(w, &e, also, subscribers_hash(also));
}

static bool is_done(const struct sweep *w)
{
	return w->fanout->counts.steps_caught_up >= w->steps_end ||
	       outbox_put_down(w->fanout->outbox) > w->fanout->turn_bytes_max;
}

/* Returns how many: those behind are for another sweep. */
static size_t sweep_batch(struct sweep *w, const struct record_batch *batch)
{
	const struct subscribers *subscribers = w->fanout->subscribers;
	unsigned hashes[RECORD_BATCH_MAX];
	size_t n = 0;
	for (size_t i = 0; i < batch->len; i++)
		hashes[i] = subscribers_hash(record_heard(&batch->records[i]));
	for (int step = SUBSCRIBERS_BUCKET; step <= SUBSCRIBERS_ENTRIES; step++)
		for (size_t i = 0; i < batch->len; i++)
			subscribers_prefetch(subscribers, hashes[i], step);
	while (n < batch->len && !is_done(w)) {
		sweep_record(w, &batch->records[n], batch->entries[n].event, hashes[n]);
		n++;
	}
	return n;
}

/* Who rides along from there on: nobody from before, or the order would break. False when there
 * is nobody. */
static bool sweep_begin(struct sweep *w, uint64_t start)
{
	const struct fanout *f = w->fanout;
	struct session *s = session_catching_up(f->sessions);
	w->first = UINT64_MAX;
	for (w->looked_at = 0; s && w->looked_at < SWEEP_RIDERS; s = s->catch_next) {
		w->looked_at++;
		if (s->ending || s->cursor < start || !may_go_on(f, s))
			continue;
		s->sweep = w->no;
		if (s->cursor < w->first)
			w->first = s->cursor;
	}
	w->fanout->counts.looks_caught_up += w->looked_at;
	return w->first != UINT64_MAX;
}

/* Whoever was not held up has seen all before `end`. Where more wait than ride along,
 * the others are next. */
static void sweep_end(struct sweep *w, uint64_t end)
{
	struct fanout *f = w->fanout;
	struct session *next, *s = session_catching_up(f->sessions);
	bool others = w->looked_at < session_catching_up_count(f->sessions);
	f->counts.looks_caught_up += w->looked_at;
	for (; w->looked_at > 0; s = next, w->looked_at--) {
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

/* From `start` on, or from the oldest that there is when nobody is behind it. *ended: where the
 * next one goes on. */
static enum parlor_err sweep(struct fanout *f, uint64_t steps_end, uint64_t start, uint64_t *ended)
{
	struct sweep w = {.fanout = f, .no = ++f->sweeps, .steps_end = steps_end};
	struct store_walk walk;
	*ended = start;
	if (!sweep_begin(&w, start) && !sweep_begin(&w, store_first(f->store)))
		return PARLOR_E_OK;
	uint64_t end = w.first;
	enum parlor_err err = store_walk_open_at(f->store, end, &walk);
	note_damage(f, err, end);
	if (err)
		return err;
	while (!err && end - w.first < SWEEP_ENTRIES && !is_done(&w)) {
		struct record_batch batch;
		err = record_batch_read(&batch, f->store, &walk, SWEEP_ENTRIES - (end - w.first));
		size_t n = sweep_batch(&w, &batch);
		end += n;
		/* What cannot be read lies behind what was not swept. */
		if (n < batch.len)
			err = PARLOR_E_OK;
	}
	store_walk_close(f->store, &walk);
	sweep_end(&w, end);
	note_damage(f, err, end);
	*ended = end;
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* The first that may go on. Who may not is passed over until all have been looked at. */
static struct session *next_in_turn(struct fanout *f, uint64_t looks_end)
{
	struct session *s;
	while ((s = session_catching_up(f->sessions)) != NULL &&
	       f->counts.looks_caught_up < looks_end &&
	       f->in_vain < session_catching_up_count(f->sessions)) {
		f->in_vain++;
		f->counts.looks_caught_up++;
		if (!s->ending && may_go_on(f, s)) {
			f->in_vain = 0;
			return s;
		}
		session_catch_up_later(f->sessions, s);
	}
	return NULL;
}

/* Where the next in turn is. */
static void sweep_for(struct fanout *f, struct session *s, uint64_t steps_end)
{
	uint64_t ended;
	if (s->cursor < store_first(f->store)) {
		session_end_soon(f->sessions, s, PARLOR_E_NO_SESSION);
		return;
	}
	enum parlor_err err = sweep(f, steps_end, s->cursor, &ended);
	if (err) {
		log_error("journal cannot be read at %llu: %s", (unsigned long long)s->cursor,
			  parlor_err_text(err));
		session_end_soon(f->sessions, s, err);
	}
	if (s->state == SESSION_CATCH_UP)
		session_catch_up_later(f->sessions, s);
}

/* On from where the last one ended, whoever is there. What cannot be read is told by whose turn
 * it is. */
static void sweep_on(struct fanout *f, uint64_t steps_end)
{
	if (sweep(f, steps_end, f->swept, &f->swept) != PARLOR_E_OK)
		f->swept = 0;
}

/* By turns: those who came at different times meet where the one goes on and are served together
 * from there, and with the other nobody who is nearly there waits for those far behind. */
bool catch_up_run(struct fanout *f, bool others_wait)
{
	struct session *s;
	uint64_t steps_end = f->counts.steps_caught_up + STEPS;
	uint64_t looks_end = f->counts.looks_caught_up + LOOKS;
	int sweeps = others_wait ? 1 : SWEEPS;
	if (f->in_vain >= session_catching_up_count(f->sessions))
		f->in_vain = 0;
	for (; sweeps > 0 && f->counts.steps_caught_up < steps_end &&
	       (s = next_in_turn(f, looks_end)) != NULL;
	     sweeps--)
		if (f->sweeps % 2)
			sweep_on(f, steps_end);
		else
			sweep_for(f, s, steps_end);
	return f->in_vain < session_catching_up_count(f->sessions);
}
