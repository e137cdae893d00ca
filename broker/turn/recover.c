#include "turn/recover.h"

#include "core/run.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"

#include <stdio.h>

static enum parlor_err apply_entries(struct broker *b, uint64_t from, uint64_t *applied)
{
	struct store_walk walk;
	struct entry entry;
	struct record r;
	enum parlor_err err = store_walk_open_at(b->store, from, &walk);
	if (err)
		return err;
	for (;;) {
		err = store_walk_next(b->store, &walk, &entry);
		if (!err)
			err = record_decode(&r, entry.head.data, entry.head.len);
		if (!err)
			err = core_apply(b->core, &r);
		if (err)
			break;
		*applied = r.position;
		die_at("record_recovered");
	}
	store_walk_close(b->store, &walk);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* The run's first record, which also shows that the directory can be written, or
 * has no room. */
static enum parlor_err boot(struct broker *b)
{
	core_boot(b->core, clock_wall_us());
	const struct turn_record *r = &b->turn.records[0];
	struct entry entry = {.position = r->position,
			      .part = r->part,
			      .head = {b->turn.bytes.data + r->head_at, r->head_len},
			      .event = turn_event(&b->turn, r)};
	enum parlor_err err = store_begin(b->store);
	if (err)
		return err;
	store_append(b->store, &entry);
	err = store_commit(b->store);
	if (err == PARLOR_E_STORE_FULL) {
		/* It stays in the turn: what needs no room is served meanwhile. */
		late_begin(&b->boot_late, "the record of this start", b->now_us);
		return PARLOR_E_OK;
	}
	turn_clear(&b->turn);
	return err;
}

enum parlor_err recover(struct broker *b, char *why, size_t why_size)
{
	uint64_t begun_us = clock_mono_us(), covered = store_covered(b->store), applied = covered;
	enum parlor_err err = store_turn_begin(b->store);
	if (!err)
		err = core_load(b->core);
	if (!err)
		err = apply_entries(b, covered + 1, &applied);
	store_turn_end(b->store);
	if (!err && core_position(b->core) != store_last(b->store))
		err = PARLOR_E_STORE_CORRUPT;
	if (err) {
		snprintf(why, why_size, "%s: cannot recover behind position %llu: %s",
			 b->settings.data, (unsigned long long)applied, parlor_err_text(err));
		return err;
	}
	err = boot(b);
	if (err)
		snprintf(why, why_size, "%s: cannot be written: %s", b->settings.data,
			 parlor_err_text(err));
	log_info("recovered %llu records behind position %llu in %llu ms; run %llu",
		 (unsigned long long)(applied - covered), (unsigned long long)covered,
		 (unsigned long long)((clock_mono_us() - begun_us) / 1000),
		 (unsigned long long)core_run(b->core));
	return err;
}
