#include "turn/commit.h"

#include "event/event.h"
#include "turn/message.h"

#include "base/die.h"
#include "base/log.h"

#include <assert.h>

/* Journal entries trimmed in one commit; more when more than half as many come. */
#define TRIM_ROWS 2000
/* Turns of so few records, one after the other, are committed in the loop's thread where
 * nothing waits: what could be decided meanwhile takes less time than handing over. */
#define HERE_MAX 16
/* Rows of one idle commit: what is posted meanwhile waits for it. */
#define IDLE_ROWS 256

void commit_fini(struct commit *c)
{
	turn_fini(&c->turn);
	turn_fini(&c->flight);
	buf_fini(&c->scratch);
}

/* Takes a recalled message's body out of its record. */
static enum parlor_err blank(struct commit *c, uint64_t position)
{
	struct span event;
	enum parlor_err err = message_event(c, position, &event);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK; /* trimmed: the body is gone already */
	if (err)
		return err;
	struct buf recalled = {0};
	if (event_put_recalled(&recalled, event, &c->scratch))
		store_replace_event(c->store, position, buf_span(&recalled));
	else
		err = PARLOR_E_STORE_CORRUPT;
	buf_fini(&recalled);
	return err;
}

void commit_append(struct commit *c)
{
	const struct turn *t = &c->turn;
	for (size_t i = 0; i < t->len; i++) {
		const struct turn_record *r = &t->records[i];
		struct entry entry = {.position = r->live.position,
				      .partition = r->partition,
				      .head = {t->bytes.data + r->head_at, r->head_len},
				      .event = turn_event(t, r)};
		store_append(c->store, &entry);
	}
}

static size_t rows_due(struct commit *c)
{
	struct pacing_limits limits = {.dirty_rows = c->limits.dirty_rows,
				       .behind = retention_behind(&c->retention),
				       .rows_max = c->limits.write_back_rows};
	size_t rows =
		pacing_rows(&c->pacing, &limits, c->turn.len, core_writing(c->core),
			    core_dirty(c->core), core_position(c->core) - store_covered(c->store));
	/* What goes before all others has come with the records, and is not what the pass
	 * set out to write: it would come to no end where much of that comes. */
	size_t first = core_dirty_first(c->core);
	if (first > c->limits.write_back_rows)
		first = c->limits.write_back_rows;
	return rows ? rows + first : 0;
}

#define ROWS_TEXT "changed rows"

/* How many of so many the commit at hand takes: none while there is no space. */
static size_t rows_that_fit(struct commit *c, size_t rows)
{
	if (!rows || !late_due(&c->rows_late, c->now_us))
		return 0;
	rows = store_rows_space(c->store, rows);
	if (!rows)
		late_begin(&c->rows_late, ROWS_TEXT, c->now_us);
	return rows;
}

static void write_back(struct commit *c, size_t rows)
{
	uint64_t covered;
	if (!rows)
		return;
	core_write_back(c->core, rows, store_put, c->store, &covered);
	store_set_covered(c->store, covered);
}

/* What became of the rows of a commit: c->rows_given of them. */
static void rows_end(struct commit *c, bool landed)
{
	if (!c->rows_given)
		return;
	c->rows_given = 0;
	if (landed) {
		late_end(&c->rows_late, ROWS_TEXT);
		return;
	}
	core_unlanded(c->core);
	late_begin(&c->rows_late, ROWS_TEXT, c->now_us);
}

#define TRIM_TEXT "trimming of the journal"

static bool must_trim(const struct commit *c)
{
	return retention_first(&c->retention) > store_first(c->store);
}

static void trim(struct commit *c)
{
	size_t rows = 2 * c->turn.len;
	if (must_trim(c))
		store_trim(c->store, retention_first(&c->retention),
			   rows > TRIM_ROWS ? rows : TRIM_ROWS);
}

/* Reading goes on from the last commit: rows that it has need not stay in memory. */
static enum parlor_err renew_turn(struct commit *c)
{
	store_read_end(c->store);
	enum parlor_err err = store_read_begin(c->store);
	if (!err)
		core_landed(c->core);
	return err;
}

/* What the records behind that one need is fetched into the processor's cache meanwhile. */
static void fetch_ahead(struct commit *c, const struct turn *t, size_t i)
{
	for (unsigned step = 0; step < LIVE_PREFETCH_STEPS; step++) {
		size_t ahead = i + LIVE_PREFETCH_STEPS - step;
		if (ahead < t->len)
			live_prefetch(c->fanout, &t->records[ahead].live, step);
	}
}

/* In order, from *at on, about so many deliveries. */
static void deliver(struct commit *c, const struct turn *t, size_t *at, uint64_t max)
{
	for (uint64_t n = 0; *at < t->len && n < max; ++*at) {
		const struct turn_record *r = &t->records[*at];
		fetch_ahead(c, t, *at);
		n += live_deliver(c->fanout, &r->live, turn_event(t, r));
	}
}

static void tell_sync(struct commit *c, const struct turn *t)
{
	for (size_t i = 0; i < t->len; i++)
		sync_committed(c->sync, t->records[i].live.position, t->records[i].partition);
}

/* Rows on their own, and trimming, handed to the store: none may contain a record that is not
 * yet in the journal. STORE_FULL: they have to wait. */
static enum parlor_err prepare_rows(struct commit *c, size_t rows)
{
	assert(!c->turn.len && !c->flying);
	bool trims = must_trim(c) && late_due(&c->trim_late, c->now_us);
	rows = rows_that_fit(c, rows);
	if (!rows && !trims)
		return PARLOR_E_STORE_FULL;
	enum parlor_err err = store_begin(c->store);
	if (err)
		return err;
	write_back(c, rows);
	c->rows_given = rows;
	c->trim_given = trims;
	if (trims)
		trim(c);
	return PARLOR_E_OK;
}

/* What became of them. */
static enum parlor_err rows_settle(struct commit *c, enum parlor_err err)
{
	bool rows = c->rows_given, trims = c->trim_given;
	c->trim_given = false;
	rows_end(c, !err);
	/* With rows: it is tried without them first. */
	if (trims && !rows && err == PARLOR_E_STORE_FULL)
		late_begin(&c->trim_late, TRIM_TEXT, c->now_us);
	else if (trims && !err)
		late_end(&c->trim_late, TRIM_TEXT);
	return err ? err : renew_turn(c);
}

static enum parlor_err commit_rows(struct commit *c, size_t rows)
{
	enum parlor_err err = prepare_rows(c, rows);
	return err ? err : rows_settle(c, store_commit(c->store));
}

/* Commits until so few rows are dirty, or until there is no space for more. */
static enum parlor_err commit_rows_until(struct commit *c, size_t dirty_max)
{
	enum parlor_err err = PARLOR_E_OK;
	while (!err && core_dirty(c->core) && core_dirty(c->core) >= dirty_max) {
		err = commit_rows(c, 4 * c->limits.write_back_rows);
		/* What was trimmed instead makes space for a later turn. */
		if (c->rows_late.is)
			break;
	}
	return err == PARLOR_E_STORE_FULL ? PARLOR_E_OK : err;
}

/* Beyond the bound of dirty rows the turn goes on only when it is kept again, or
 * nothing more is taken (commit_reserve). */
static enum parlor_err keep_bound(struct commit *c)
{
	if (core_dirty(c->core) <= c->limits.dirty_rows)
		return PARLOR_E_OK;
	return commit_rows_until(c, c->limits.dirty_rows + 1);
}

/* All that the turn's commit writes, handed to the store. */
static enum parlor_err prepare(struct commit *c)
{
	size_t rows = rows_that_fit(c, rows_due(c));
	enum parlor_err err = store_begin(c->store);
	if (err)
		return err;
	commit_append(c);
	for (size_t i = 0; i < c->turn.recalls_len && !err; i++)
		err = blank(c, c->turn.recalls[i]);
	if (err) {
		store_abort(c->store);
		return err;
	}
	write_back(c, rows);
	c->rows_given = rows;
	trim(c);
	return PARLOR_E_OK;
}

/* What was committed can be read, and its answers go before its events. */
static enum parlor_err show(struct commit *c, struct turn *t, enum parlor_err err)
{
	if (!err)
		rows_end(c, !store_rows_left(c->store));
	if (!err)
		err = renew_turn(c);
	if (err) {
		log_error("commit of %zu records failed: %s", t->len, parlor_err_text(err));
		return err;
	}
	c->counts.commits++;
	c->counts.records += t->len;
	die_at("turn_committed");
	replies_put_down(&t->replies, c->outbox);
	return PARLOR_E_OK;
}

/* All of it is delivered. */
static void end(struct commit *c, struct turn *t)
{
	die_at("turn_delivered");
	tell_sync(c, t);
	outbox_flush(c->outbox);
	turn_clear(t);
}

static enum parlor_err finish(struct commit *c, struct turn *t, enum parlor_err err)
{
	size_t delivered = 0;
	err = show(c, t, err);
	if (err)
		return err;
	deliver(c, t, &delivered, UINT64_MAX);
	end(c, t);
	return PARLOR_E_OK;
}

/* None of it is told to anybody. */
static enum parlor_err land_rows(struct commit *c)
{
	enum parlor_err err = rows_settle(c, store_commit_end(c->store));
	c->flying = c->rows_alone = false;
	return err == PARLOR_E_STORE_FULL ? PARLOR_E_OK : err;
}

/* What is in flight, as far as so many deliveries go: it flies on until all are made. */
static enum parlor_err land(struct commit *c, uint64_t deliveries)
{
	if (c->rows_alone)
		return land_rows(c);
	enum parlor_err err =
		c->landed ? PARLOR_E_OK : show(c, &c->flight, store_commit_end(c->store));
	if (err)
		return err;
	c->landed = true;
	deliver(c, &c->flight, &c->delivered, deliveries);
	if (c->delivered < c->flight.len) {
		outbox_flush(c->outbox);
		c->counts.put_off++;
		return PARLOR_E_OK;
	}
	c->flying = c->landed = false;
	c->delivered = 0;
	end(c, &c->flight);
	return PARLOR_E_OK;
}

static bool has_work(const struct turn *t)
{
	return t->len || t->recalls_len;
}

/* The run's first record has to be on disk before any other is made. Nobody waits
 * for it: where it finds no space it is tried again. */
static enum parlor_err commit_boot(struct commit *c)
{
	static const char what[] = "the record of this start";
	if (!late_due(&c->boot_late, c->now_us))
		return PARLOR_E_OK;
	enum parlor_err err = prepare(c);
	if (!err)
		err = store_commit(c->store);
	if (err == PARLOR_E_STORE_FULL) {
		rows_end(c, false);
		late_begin(&c->boot_late, what, c->now_us);
		return PARLOR_E_OK;
	}
	err = finish(c, &c->turn, err);
	if (!err)
		late_end(&c->boot_late, what);
	return err;
}

enum parlor_err commit_turn(struct commit *c)
{
	enum parlor_err err = core_broken(c->core);
	if (!err && c->boot_late.is)
		return commit_boot(c);
	if (!err && c->flying)
		err = land(c, UINT64_MAX);
	if (err || !has_work(&c->turn))
		return err;
	err = prepare(c);
	if (!err)
		err = finish(c, &c->turn, store_commit(c->store));
	return err ? err : keep_bound(c);
}

static void launch(struct commit *c)
{
	struct turn turn = c->flight;
	assert(!c->flying);
	c->flight = c->turn;
	c->turn = turn;
	c->flying = true;
	store_commit_start(c->store);
	die_at("turn_launched");
}

enum parlor_err commit_start(struct commit *c, bool more)
{
	bool few = !more && c->turn.len <= HERE_MAX && c->turn_before <= HERE_MAX;
	bool bound = core_dirty(c->core) > c->limits.dirty_rows;
	if (has_work(&c->turn))
		c->turn_before = c->turn.len;
	if (few || bound || c->boot_late.is || !has_work(&c->turn))
		return commit_turn(c);
	enum parlor_err err = core_broken(c->core);
	if (!err)
		err = prepare(c);
	if (!err)
		launch(c);
	return err;
}

/* Who comes by a record of the turn listens when the next one is delivered. */
static uint64_t deliveries_of(struct commit *c, struct turn *t, const struct live_record *r)
{
	uint64_t n = live_listeners(c->fanout, r);
	bool joined = topic_equal(r->topic, t->joined);
	if (joined)
		n += t->joined_by;
	if (r->moves == MOVES_IN) {
		t->joined_by = (joined ? t->joined_by : 0) + fanout_devices(c->fanout, r->member);
		t->joined = r->topic;
	}
	return n;
}

uint64_t commit_deliveries(struct commit *c, size_t but)
{
	struct turn *t = &c->turn;
	for (; t->counted + but < t->len; t->counted++) {
		fetch_ahead(c, t, t->counted);
		t->deliveries += deliveries_of(c, t, &t->records[t->counted].live);
	}
	return t->deliveries;
}

void commit_nothing(struct commit *c)
{
	/* No answer depends on rows alone, nor on the record of this start. */
	if ((c->flying && !c->rows_alone) || (has_work(&c->turn) && !c->boot_late.is))
		return;
	replies_put_down(&c->turn.replies, c->outbox);
	outbox_flush(c->outbox);
	replies_clear(&c->turn.replies);
}

enum parlor_err commit_collect(struct commit *c)
{
	if (!c->flying || (!c->landed && !store_commit_ended(c->store)))
		return PARLOR_E_OK;
	return land(c, c->limits.turn_deliveries);
}

bool commit_waits(const struct commit *c)
{
	return c->flying && !c->landed && store_commit_ended(c->store);
}

/* Here and now: the turn is in flight and lands. */
static enum parlor_err land_turn(struct commit *c)
{
	if (c->boot_late.is)
		return commit_turn(c);
	enum parlor_err err = core_broken(c->core);
	if (!err)
		err = prepare(c);
	if (err)
		return err;
	launch(c);
	return land(c, c->limits.turn_deliveries);
}

bool commit_settles_later(const struct commit *c)
{
	/* What a turn delivers of it was delivered when it landed. */
	return c->landed && (c->flight.moves || c->turn.moves);
}

enum parlor_err commit_settle(struct commit *c)
{
	enum parlor_err err = PARLOR_E_OK;
	if (commit_settles_later(c))
		return PARLOR_E_BUSY;
	if (c->flying && (c->flight.moves || c->turn.moves)) {
		c->counts.awaited++;
		err = land(c, c->limits.turn_deliveries);
	}
	if (!err && !c->flying && c->turn.moves) {
		c->counts.awaited++;
		err = land_turn(c);
	}
	if (err)
		c->failed = true;
	return !err && c->flying && (c->flight.moves || c->turn.moves) ? PARLOR_E_BUSY : err;
}

enum parlor_err commit_idle(struct commit *c)
{
	bool rows = (core_dirty(c->core) || c->rows_late.is) && late_due(&c->rows_late, c->now_us);
	bool trims = must_trim(c) && late_due(&c->trim_late, c->now_us);
	if (c->boot_late.is || (!rows && !trims))
		return PARLOR_E_OK;
	enum parlor_err err = prepare_rows(c, rows ? IDLE_ROWS : 0);
	if (err)
		return err == PARLOR_E_STORE_FULL ? PARLOR_E_OK : err;
	c->flying = c->rows_alone = true;
	store_commit_start(c->store);
	return PARLOR_E_OK;
}

enum parlor_err commit_all_rows(struct commit *c)
{
	enum parlor_err err = c->boot_late.is ? PARLOR_E_OK : commit_rows_until(c, 0);
	if (!err && core_dirty(c->core))
		log_warn("rows are behind the journal for want of space: "
			 "the next start applies its records again");
	return err;
}

/* A record beside its request's bytes, and the rows it makes dirty. */
#define RECORD_BYTES 1024

enum parlor_err commit_reserve(struct commit *c, size_t request_bytes)
{
	if (c->boot_late.is || c->rows_late.is)
		return PARLOR_E_STORE_FULL;
	store_owe(c->store, core_dirty_bytes(c->core));
	return store_reserve(c->store, request_bytes + RECORD_BYTES);
}
