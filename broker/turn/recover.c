#include "turn/recover.h"

#include "core/prefetch.h"
#include "core/run.h"
#include "fanout/record_batch.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"

#include <stdio.h>

static enum parlor_err apply_one(struct commit *c, const struct record *r, uint64_t *applied)
{
	enum parlor_err err = core_apply(c->core, r);
	if (err)
		return err;
	*applied = r->position;
	die_at("record_recovered");
	return PARLOR_E_OK;
}

static enum parlor_err apply_entries(struct commit *c, uint64_t from, uint64_t *applied)
{
	struct store_walk walk;
	enum parlor_err err = store_walk_open_at(c->store, from, &walk);
	while (!err) {
		struct record_batch batch;
		enum parlor_err behind =
			record_batch_read(&batch, c->store, &walk, RECORD_BATCH_MAX);
		core_prefetch_records(c->core, batch.records, batch.len);
		for (size_t i = 0; !err && i < batch.len; i++)
			err = apply_one(c, &batch.records[i], applied);
		if (!err)
			err = behind;
	}
	store_walk_close(c->store, &walk);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* The run's first record, which also shows that the directory can be written, or
 * has no space. */
static enum parlor_err boot(struct commit *c)
{
	core_boot(c->core, clock_wall_us());
	enum parlor_err err = store_begin(c->store);
	if (err)
		return err;
	commit_append(c);
	err = store_commit(c->store);
	if (err == PARLOR_E_STORE_FULL) {
		/* It stays in the turn: what needs no space is served meanwhile. */
		late_begin(&c->boot_late, "the record of this start", c->now_us);
		return PARLOR_E_OK;
	}
	turn_clear(&c->turn);
	return err;
}

enum parlor_err recover(struct commit *c, const char *dir, char *why, size_t why_size)
{
	uint64_t begun_us = clock_mono_us(), covered = store_covered(c->store), applied = covered;
	enum parlor_err err = store_read_begin(c->store);
	if (!err)
		err = core_load(c->core);
	if (!err)
		err = apply_entries(c, covered + 1, &applied);
	store_read_end(c->store);
	if (!err && core_position(c->core) != store_last(c->store))
		err = PARLOR_E_STORE_CORRUPT;
	if (err) {
		snprintf(why, why_size, "%s: cannot recover behind position %llu: %s", dir,
			 (unsigned long long)applied, parlor_err_text(err));
		return err;
	}
	err = boot(c);
	if (err)
		snprintf(why, why_size, "%s: cannot be written: %s", dir, parlor_err_text(err));
	log_info("recovered %llu records behind position %llu in %llu ms; run %llu",
		 (unsigned long long)(applied - covered), (unsigned long long)covered,
		 (unsigned long long)((clock_mono_us() - begun_us) / 1000),
		 (unsigned long long)core_run(c->core));
	return err;
}
