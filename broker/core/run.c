#include "core/run.h"

#include "core/decide.h"
#include "core/desk/tables.h"

static const struct record_kind kinds[1];

uint64_t core_boot(struct core *c, uint64_t now_us)
{
	core_clock(c, &(struct core_call){.now_us = now_us});
	c->desk->hooks->booting(c);
	core_emit(c, &kinds[0], &(struct record){.run = c->state.run + 1});
	c->desk->hooks->booted(c);
	return c->state.run;
}

uint64_t core_run(const struct core *c)
{
	return c->state.run;
}

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err apply_boot(struct core *c, const struct record *r)
{
	if (c->state.run < r->run)
		c->state.run = r->run;
	return PARLOR_E_OK;
}

static const struct record_kind kinds[1] = {{
	.no = RECORD_BOOT,
	.name = "boot",
	.fields = FIELDS(RECORD_FIELD(run)),
	.apply = apply_boot,
	.about = TOPIC_NONE,
	.heard = TOPIC_NONE,
	.partition = PARTITION_BY_TOPIC,
	.moves = MOVES_NOBODY,
}};
const struct record_noun run_records = RECORD_NOUN(kinds);
