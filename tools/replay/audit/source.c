#include "audit/source.h"

#include "core/kinds.h"
#include "snapshot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Entries of one turn. */
#define TURN 8192
/* Each fails only when a commit falls into the same few microseconds. */
#define HOLD_TRIES 1000

enum parlor_err source_fault(struct source *s, enum parlor_err err, uint64_t position,
			     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->why, sizeof s->why, format, args);
	va_end(args);
	s->bad_at = position;
	return err;
}

enum parlor_err source_open(struct source *s, const char *dir)
{
	struct store_options options = {.dir = dir, .read_only = true};

	*s = (struct source){.dir = dir};
	enum parlor_err err = store_open(&s->store, &options, 0, s->why, sizeof s->why);
	if (err)
		return err;
	s->first = store_first(s->store);
	s->last = store_last(s->store);
	return PARLOR_E_OK;
}

void source_close(struct source *s)
{
	source_release(s);
	store_close(s->store);
	s->store = NULL;
}

static enum parlor_err turn_begin(struct source *s)
{
	enum parlor_err err = s->held ? PARLOR_E_OK : store_read_begin(s->store);
	return err ? source_fault(s, err, 0, "%s: %s", s->dir, parlor_err_text(err)) : err;
}

static void turn_end(struct source *s)
{
	if (!s->held)
		store_read_end(s->store);
}

/* The walk stands on another position than it should. */
static enum parlor_err gap(struct source *s, uint64_t position)
{
	struct store_walk walk;
	enum parlor_err err = store_walk_open(s->store, 0, &walk);
	uint64_t first = walk.next;
	if (err)
		return source_fault(s, err, 0, "%s: %s", s->dir, parlor_err_text(err));
	store_walk_close(s->store, &walk);
	if (first > position)
		return source_fault(s, PARLOR_E_IO, position,
				    "journal entry %" PRIu64
				    " was trimmed while the journal was read: try again",
				    position);
	return source_fault(s, PARLOR_E_STORE_CORRUPT, position,
			    "journal entry %" PRIu64 " is missing", position);
}

static enum parlor_err decode(struct source *s, const struct entry *entry, struct record *r)
{
	if (record_decode(r, entry->head.data, entry->head.len))
		return source_fault(s, PARLOR_E_STORE_CORRUPT, entry->position,
				    "journal entry %" PRIu64 " holds no record", entry->position);
	if (r->position != entry->position)
		return source_fault(s, PARLOR_E_STORE_CORRUPT, entry->position,
				    "journal entry %" PRIu64 " holds the record of %" PRIu64,
				    entry->position, r->position);
	return PARLOR_E_OK;
}

static enum parlor_err step(struct source *s, struct store_walk *walk, uint64_t position,
			    source_fn *fn, void *arg)
{
	struct entry entry;
	struct record r;
	if (walk->next != position)
		return gap(s, position);
	enum parlor_err err = store_walk_next(s->store, walk, &entry);
	/* It also looks ahead whether the next one is missing. */
	if (err == PARLOR_E_STORE_CORRUPT && walk->next > position)
		return gap(s, position + 1);
	if (err)
		return source_fault(s, err, position, "journal entry %" PRIu64 ": %s", position,
				    err == PARLOR_E_STORE_CORRUPT ? "its checksum is wrong"
								  : parlor_err_text(err));
	err = decode(s, &entry, &r);
	return err ? err : fn(arg, &entry, &r);
}

static enum parlor_err walk_turn(struct source *s, uint64_t *from, uint64_t upto, source_fn *fn,
				 void *arg)
{
	struct store_walk walk;
	enum parlor_err err = store_walk_open(s->store, *from, &walk);
	if (err)
		return source_fault(s, err, 0, "%s: %s", s->dir, parlor_err_text(err));
	for (unsigned n = 0; !err && n < TURN && *from <= upto; n++) {
		err = step(s, &walk, *from, fn, arg);
		if (!err)
			++*from;
	}
	store_walk_close(s->store, &walk);
	return err;
}

enum parlor_err source_walk(struct source *s, uint64_t from, uint64_t upto, source_fn *fn,
			    void *arg)
{
	enum parlor_err err = PARLOR_E_OK;
	while (!err && from <= upto) {
		err = turn_begin(s);
		if (err)
			break;
		err = walk_turn(s, &from, upto, fn, arg);
		turn_end(s);
	}
	return err;
}

enum parlor_err source_read(struct source *s, uint64_t position, source_fn *fn, void *arg)
{
	struct entry entry;
	struct record r;
	enum parlor_err err = turn_begin(s);
	if (err)
		return err;
	err = store_read(s->store, position, &entry);
	if (!err)
		err = decode(s, &entry, &r);
	if (!err)
		err = fn(arg, &entry, &r);
	else if (err == PARLOR_E_STORE_CORRUPT && !s->why[0])
		source_fault(s, err, position, "journal entry %" PRIu64 ": its checksum is wrong",
			     position);
	turn_end(s);
	return err;
}

static enum parlor_err take_digest(void *arg, const struct entry *entry, const struct record *r)
{
	(void)r;
	*(uint64_t *)arg = snapshot_digest(entry->head);
	return PARLOR_E_OK;
}

enum parlor_err source_digest(struct source *s, uint64_t position, uint64_t *digest)
{
	enum parlor_err err = source_read(s, position, take_digest, digest);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* ---- one commit for longer --------------------------------------------------- */

static enum parlor_err find_first(struct source *s)
{
	struct store_walk walk;
	enum parlor_err err = store_walk_open(s->store, 0, &walk);
	if (err)
		return source_fault(s, err, 0, "%s: %s", s->dir, parlor_err_text(err));
	if (walk.next)
		s->first = walk.next;
	store_walk_close(s->store, &walk);
	return PARLOR_E_OK;
}

/* Where the journal ends in this turn. */
static enum parlor_err find_last(struct source *s)
{
	struct store_walk walk;
	enum parlor_err err = store_walk_open(s->store, s->last, &walk);
	while (!err && walk.next) {
		struct entry entry;
		err = store_walk_next(s->store, &walk, &entry);
		if (!err)
			s->last = entry.position;
	}
	store_walk_close(s->store, &walk);
	if (err)
		return source_fault(s, err, s->last + 1, "journal behind entry %" PRIu64 ": %s",
				    s->last, parlor_err_text(err));
	return PARLOR_E_OK;
}

/* The store may read rows and journal by two transactions; then a commit between
 * them can show rows of records that the journal does not show yet. */
static bool rows_ahead(struct source *s)
{
	struct row_key key;
	struct span value;
	struct row_state state;
	struct core_rows rows = store_rows(s->store);
	row_key_state(&key);
	return !rows.get(rows.ctx, &key, &value) && row_get_state(value, &state) &&
	       state.position > s->last;
}

enum parlor_err source_hold(struct source *s)
{
	for (unsigned tries = 0; tries < HOLD_TRIES; tries++) {
		enum parlor_err err = turn_begin(s);
		if (err)
			return err;
		s->held = true;
		err = find_first(s);
		if (!err)
			err = find_last(s);
		if (err || !rows_ahead(s))
			return err;
		source_release(s);
	}
	return source_fault(s, PARLOR_E_IO, 0, "%s: the rows are ahead of the journal", s->dir);
}

void source_release(struct source *s)
{
	if (!s->held)
		return;
	s->held = false;
	store_read_end(s->store);
}

/* ---- times ------------------------------------------------------------------- */

static enum parlor_err take_time(void *arg, const struct entry *entry, const struct record *r)
{
	(void)entry;
	*(uint64_t *)arg = r->time_us;
	return PARLOR_E_OK;
}

enum parlor_err source_at_time(struct source *s, uint64_t time_us, uint64_t *position)
{
	/* Times never go back. */
	uint64_t low = s->first - 1, high = s->last;
	while (low < high) {
		uint64_t middle = high - (high - low) / 2, at_us;
		enum parlor_err err = source_read(s, middle, take_time, &at_us);
		if (err)
			return err;
		if (at_us <= time_us)
			low = middle;
		else
			high = middle - 1;
	}
	*position = low;
	return PARLOR_E_OK;
}
