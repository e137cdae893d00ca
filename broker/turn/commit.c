#include "turn/commit.h"

#include "fanout/delivery.h"
#include "fanout/event/event.h"
#include "turn/message.h"

#include "base/die.h"
#include "base/log.h"

#include <assert.h>

/* Journal entries trimmed in one commit; more when more than half as many come. */
#define TRIM_SLICE 2000
/* Turns of so few records, one after the other, are committed in the loop's
 * thread: what could be decided meanwhile takes less time than handing over. */
#define HERE_MAX 16
/* Rows of one idle commit: whoever comes meanwhile waits for it. */
#define IDLE_ROWS 256

/* Takes a recalled message's body out of its record. */
static enum parlor_err blank(struct broker *b, uint64_t position)
{
	struct span event;
	enum parlor_err err = message_event(b, position, &event);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK; /* trimmed: the body is gone already */
	if (err)
		return err;
	struct buf recalled = {0};
	if (event_put_recalled(&recalled, event, &b->scratch))
		store_replace_event(b->store, position, (struct span){recalled.data, recalled.len});
	else
		err = PARLOR_E_STORE_CORRUPT;
	buf_fini(&recalled);
	return err;
}

static void append_records(struct broker *b)
{
	const struct turn *t = &b->turn;
	for (size_t i = 0; i < t->len; i++) {
		const struct turn_record *r = &t->records[i];
		struct entry entry = {.position = r->position,
				      .part = r->part,
				      .head = {t->bytes.data + r->head_at, r->head_len},
				      .event = turn_event(t, r)};
		store_append(b->store, &entry);
	}
}

static size_t rows_due(struct broker *b)
{
	struct trickle_limits limits = {.dirty_rows = b->settings.dirty_rows_max,
					.behind = window_behind(b),
					.rows_max = b->settings.write_back_rows};
	return trickle_rows(&b->trickle, &limits, b->turn.len, core_writing(b->core),
			    core_dirty(b->core), core_position(b->core) - store_covered(b->store));
}

#define ROWS_TEXT "changed rows"

/* How many of so many the commit at hand takes: none while there is no room. */
static size_t rows_that_fit(struct broker *b, size_t rows)
{
	if (!rows || !late_due(&b->rows_late, b->now_us))
		return 0;
	rows = store_rows_room(b->store, rows);
	if (!rows)
		late_begin(&b->rows_late, ROWS_TEXT, b->now_us);
	return rows;
}

static void write_back(struct broker *b, size_t rows)
{
	uint64_t covered;
	if (!rows)
		return;
	core_write_back(b->core, rows, store_put, b->store, &covered);
	store_set_covered(b->store, covered);
}

/* What became of the rows of a commit: b->rows_given of them. */
static void rows_end(struct broker *b, bool landed)
{
	if (!b->rows_given)
		return;
	b->rows_given = 0;
	if (landed) {
		late_end(&b->rows_late, ROWS_TEXT);
		return;
	}
	core_unlanded(b->core);
	late_begin(&b->rows_late, ROWS_TEXT, b->now_us);
}

#define TRIM_TEXT "trimming of the journal"

static bool must_trim(const struct broker *b)
{
	return window_first(b) > store_first(b->store);
}

static void trim(struct broker *b)
{
	size_t slice = 2 * b->turn.len;
	if (must_trim(b))
		store_trim(b->store, window_first(b), slice > TRIM_SLICE ? slice : TRIM_SLICE);
}

/* Reading goes on from the last commit: rows that it has need not stay in memory. */
static enum parlor_err renew_turn(struct broker *b)
{
	store_turn_end(b->store);
	enum parlor_err err = store_turn_begin(b->store);
	if (!err)
		core_landed(b->core);
	return err;
}

static void tell_sync(struct broker *b, const struct turn *t)
{
	for (size_t i = 0; i < t->len; i++)
		sync_committed(b->sync, t->records[i].position, t->records[i].part);
}

/* Rows on their own: none may contain a record that is not yet in the journal.
 * STORE_FULL: they have to wait. */
static enum parlor_err commit_slice(struct broker *b, size_t rows)
{
	assert(!b->turn.len && !b->flying);
	bool trims = must_trim(b) && late_due(&b->trim_late, b->now_us);
	rows = rows_that_fit(b, rows);
	if (!rows && !trims)
		return PARLOR_E_STORE_FULL;
	enum parlor_err err = store_begin(b->store);
	if (err)
		return err;
	write_back(b, rows);
	b->rows_given = rows;
	if (trims)
		trim(b);
	err = store_commit(b->store);
	rows_end(b, !err);
	/* With rows: it is tried without them first. */
	if (trims && !rows && err == PARLOR_E_STORE_FULL)
		late_begin(&b->trim_late, TRIM_TEXT, b->now_us);
	else if (trims && !err)
		late_end(&b->trim_late, TRIM_TEXT);
	return err ? err : renew_turn(b);
}

/* Slices until so few rows are dirty, or until there is no room for more. */
static enum parlor_err commit_slices(struct broker *b, size_t dirty_max)
{
	enum parlor_err err = PARLOR_E_OK;
	while (!err && core_dirty(b->core) && core_dirty(b->core) >= dirty_max)
		err = commit_slice(b, 4 * b->settings.write_back_rows);
	return err == PARLOR_E_STORE_FULL ? PARLOR_E_OK : err;
}

/* Beyond the bound of dirty rows the turn goes on only when it is kept again, or
 * nothing more is taken (commit_room). */
static enum parlor_err keep_bound(struct broker *b)
{
	if (core_dirty(b->core) <= b->settings.dirty_rows_max)
		return PARLOR_E_OK;
	return commit_slices(b, b->settings.dirty_rows_max + 1);
}

/* All that the turn's commit writes, handed to the store. */
static enum parlor_err prepare(struct broker *b)
{
	size_t rows = rows_that_fit(b, rows_due(b));
	enum parlor_err err = store_begin(b->store);
	if (err)
		return err;
	append_records(b);
	for (size_t i = 0; i < b->turn.recalls_len && !err; i++)
		err = blank(b, b->turn.recalls[i].position);
	if (err) {
		store_abort(b->store);
		return err;
	}
	write_back(b, rows);
	b->rows_given = rows;
	trim(b);
	return PARLOR_E_OK;
}

/* What was committed is heard of. */
static enum parlor_err finish(struct broker *b, struct turn *t, enum parlor_err err)
{
	if (!err)
		rows_end(b, !store_rows_left(b->store));
	if (!err)
		err = renew_turn(b);
	if (err) {
		log_error("commit of %zu records failed: %s", t->len, parlor_err_text(err));
		return err;
	}
	b->counts.commits++;
	b->counts.records += t->len;
	die_at("turn_committed");
	delivery_committed(b, t);
	die_at("turn_delivered");
	tell_sync(b, t);
	turn_clear(t);
	return PARLOR_E_OK;
}

/* The turn in flight has its answers in the side of the outbox put aside. */
static enum parlor_err land(struct broker *b)
{
	enum parlor_err err = store_commit_end(b->store);
	b->flying = false;
	outbox_swap(b->outbox);
	err = finish(b, &b->flight, err);
	if (err)
		return err;
	outbox_flush(b->outbox);
	outbox_swap(b->outbox);
	return PARLOR_E_OK;
}

static bool has_work(const struct turn *t)
{
	return t->len || t->recalls_len;
}

/* The run's first record has to be on disk before any other is made. Nobody waits
 * for it: where it finds no room it is tried again. */
static enum parlor_err commit_boot(struct broker *b)
{
	static const char what[] = "the record of this start";
	if (!late_due(&b->boot_late, b->now_us))
		return PARLOR_E_OK;
	enum parlor_err err = prepare(b);
	if (!err)
		err = store_commit(b->store);
	if (err == PARLOR_E_STORE_FULL) {
		rows_end(b, false);
		late_begin(&b->boot_late, what, b->now_us);
		return PARLOR_E_OK;
	}
	err = finish(b, &b->turn, err);
	if (!err)
		late_end(&b->boot_late, what);
	return err;
}

enum parlor_err commit_turn(struct broker *b)
{
	enum parlor_err err = core_broken(b->core);
	if (!err && b->boot_late.is)
		return commit_boot(b);
	if (!err && b->flying)
		err = land(b);
	if (err || !has_work(&b->turn))
		return err;
	err = prepare(b);
	if (!err)
		err = finish(b, &b->turn, store_commit(b->store));
	return err ? err : keep_bound(b);
}

enum parlor_err commit_start(struct broker *b)
{
	bool few = b->turn.len <= HERE_MAX && b->turn_before <= HERE_MAX;
	bool bound = core_dirty(b->core) > b->settings.dirty_rows_max;
	if (has_work(&b->turn))
		b->turn_before = b->turn.len;
	if (few || bound || b->boot_late.is || !has_work(&b->turn))
		return commit_turn(b);
	enum parlor_err err = core_broken(b->core);
	if (!err)
		err = prepare(b);
	if (err)
		return err;
	struct turn turn = b->flight;
	b->flight = b->turn;
	b->turn = turn;
	b->flying = true;
	outbox_swap(b->outbox);
	store_commit_start(b->store);
	die_at("turn_launched");
	return PARLOR_E_OK;
}

enum parlor_err commit_collect(struct broker *b)
{
	if (!b->flying || !store_commit_ended(b->store))
		return PARLOR_E_OK;
	return land(b);
}

enum parlor_err commit_moves(struct broker *b)
{
	bool flight = b->flying && b->flight.moves;
	enum parlor_err err = b->turn.moves || flight ? commit_turn(b) : PARLOR_E_OK;
	if (err)
		b->failed = true;
	return err;
}

enum parlor_err commit_idle(struct broker *b, bool *more)
{
	bool rows = (core_dirty(b->core) || b->rows_late.is) && late_due(&b->rows_late, b->now_us);
	bool trims = must_trim(b) && late_due(&b->trim_late, b->now_us);
	*more = !b->boot_late.is && (rows || trims);
	if (!*more)
		return PARLOR_E_OK;
	enum parlor_err err = commit_slice(b, rows ? IDLE_ROWS : 0);
	*more = !err && (trims || !b->rows_late.is);
	return err == PARLOR_E_STORE_FULL ? PARLOR_E_OK : err;
}

enum parlor_err commit_all_rows(struct broker *b)
{
	enum parlor_err err = b->boot_late.is ? PARLOR_E_OK : commit_slices(b, 0);
	if (!err && core_dirty(b->core))
		log_warn("rows are behind the journal for want of room: "
			 "the next start applies its records again");
	return err;
}

/* A record beside its request's bytes, and the rows it makes dirty. */
#define RECORD_BYTES 1024

enum parlor_err commit_room(struct broker *b, size_t request_bytes)
{
	if (b->boot_late.is || b->rows_late.is)
		return PARLOR_E_STORE_FULL;
	store_owe(b->store, core_dirty_bytes(b->core));
	return store_reserve(b->store, request_bytes + RECORD_BYTES);
}
