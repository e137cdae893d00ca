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

/* Bytes that a row written anywhere may cost: its page is copied, and may have
 * to be split. */
#define ROW_COST_BYTES 8192

/* A slice must fit the headroom that is kept beside what requests reserve. */
static size_t slice_of(const struct broker *b, size_t rows)
{
	size_t max = b->settings.headroom_bytes / ROW_COST_BYTES + 1;
	return rows < max ? rows : max;
}

static void write_back(struct broker *b)
{
	uint64_t covered;
	struct trickle_limits limits = {.dirty_rows = b->settings.dirty_rows_max,
					.behind = window_behind(b),
					.rows_max = b->settings.write_back_rows};
	size_t rows =
		trickle_rows(&b->trickle, &limits, b->turn.len, core_writing(b->core),
			     core_dirty(b->core), core_position(b->core) - store_covered(b->store));
	if (!rows)
		return;
	core_write_back(b->core, slice_of(b, rows), store_put, b->store, &covered);
	store_set_covered(b->store, covered);
}

static void trim(struct broker *b)
{
	uint64_t first = window_first(b);
	size_t slice = 2 * b->turn.len;
	if (first > store_first(b->store))
		store_trim(b->store, first, slice > TRIM_SLICE ? slice : TRIM_SLICE);
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

/* Rows on their own: none may contain a record that is not yet in the journal. */
static enum parlor_err commit_slice(struct broker *b, size_t rows)
{
	uint64_t covered;
	assert(!b->turn.len && !b->flying);
	enum parlor_err err = store_begin(b->store);
	if (err)
		return err;
	core_write_back(b->core, slice_of(b, rows), store_put, b->store, &covered);
	store_set_covered(b->store, covered);
	trim(b);
	return store_commit(b->store);
}

/* Beyond the bound of dirty rows the turn goes on only when it is kept again. */
static enum parlor_err keep_bound(struct broker *b)
{
	enum parlor_err err = PARLOR_E_OK;
	while (!err && core_dirty(b->core) > b->settings.dirty_rows_max) {
		err = commit_slice(b, 4 * b->settings.write_back_rows);
		if (!err)
			err = renew_turn(b);
	}
	return err;
}

/* All that the turn's commit writes, handed to the store. */
static enum parlor_err prepare(struct broker *b)
{
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
	write_back(b);
	trim(b);
	return PARLOR_E_OK;
}

/* What was committed is heard of. */
static enum parlor_err finish(struct broker *b, struct turn *t, enum parlor_err err)
{
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

enum parlor_err commit_turn(struct broker *b)
{
	enum parlor_err err = core_broken(b->core);
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
	if (few || bound || !has_work(&b->turn))
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
	*more = core_dirty(b->core) || window_first(b) > store_first(b->store);
	if (!*more)
		return PARLOR_E_OK;
	enum parlor_err err = commit_slice(b, IDLE_ROWS);
	return err ? err : renew_turn(b);
}

enum parlor_err commit_all_rows(struct broker *b)
{
	enum parlor_err err = PARLOR_E_OK;
	while (!err && core_dirty(b->core)) {
		err = commit_slice(b, 4 * b->settings.write_back_rows);
		if (!err)
			err = renew_turn(b);
	}
	return err;
}

/* A record beside its request's bytes, and the rows it makes dirty. */
#define RECORD_BYTES 1024

enum parlor_err commit_room(struct broker *b, size_t request_bytes)
{
	return store_reserve(b->store, request_bytes + RECORD_BYTES);
}
