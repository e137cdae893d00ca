#include "core/desk/duty.h"

#include "core/decide.h"
#include "core/desk/config_row.h"
#include "core/desk/hours.h"

static const struct record_kind kinds[1];

enum parlor_err duty_check(struct span rules)
{
	struct hours hours;
	return hours_read(&hours, rules);
}

bool duty_closed(struct core *c, const struct team *t)
{
	struct span id = t->row.hours.len ? t->row.hours : t->desk->row.hours;
	const struct row_hours *hours = hours_find(c, t->config->tenant, id);
	return t->row.off || (hours && !hours->open);
}

void duty_turn(struct core *c, struct config *config)
{
	struct hours hours;
	const struct row_hours *row = config->is;
	/* Rules that cannot be read are never accepted. */
	enum parlor_err err = hours_read(&hours, row->rules);
	if (err) {
		core_break(c, err);
		return;
	}
	core_emit(c, &kinds[0],
		  &(struct record){.tenant = config->tenant,
				   .duty = {.hours = config->base.at.number,
					    .open = hours_open(&hours, c->now_us),
					    .until_us = hours_next(&hours, c->now_us)}});
}

uint64_t duty_next(const struct core *c)
{
	return c->desk->duty_next_us;
}

/* Few desks have hours of their own: all are looked at when one of them turns. */
void duty_run(struct core *c)
{
	struct desk_state *d = c->desk;
	if (d->duty_next_us > c->now_us)
		return;
	d->duty_next_us = UINT64_MAX;
	for (struct config *config = d->by_key; config; config = config->by_key.next) {
		struct row_hours *row = config->is;
		if (config->kind != CONFIG_HOURS || config->removed)
			continue;
		if (row->until_us <= c->now_us)
			duty_turn(c, config);
		if (row->until_us < d->duty_next_us)
			d->duty_next_us = row->until_us;
	}
}

/* ---- records ------------------------------------------------------------------ */

static enum parlor_err apply_turned(struct core *c, const struct record *r)
{
	struct config *config = config_find_no(c, r->duty.hours);
	if (!config || config->kind != CONFIG_HOURS)
		return PARLOR_E_STORE_CORRUPT;
	if (config->as_of >= r->position)
		return PARLOR_E_OK;
	struct row_hours *row = config->is;
	bool turned = row->open != r->duty.open;
	config->as_of = r->position;
	row->open = r->duty.open;
	row->until_us = r->duty.until_us;
	if (row->until_us < c->desk->duty_next_us)
		c->desk->duty_next_us = row->until_us;
	if (turned && c->desk->built)
		c->desk->hooks->turned(c, config);
	row_touch(&c->engine, &config->base);
	return PARLOR_E_OK;
}

static const struct record_kind kinds[1] = {{
	.no = RECORD_HOURS_TURNED,
	.name = "hours turned",
	.fields = FIELDS(RECORD_FIELD(duty.hours), RECORD_FIELD(duty.open),
			 RECORD_FIELD(duty.until_us)),
	.apply = apply_turned,
	.about = TOPIC_NONE,
	.heard = TOPIC_NONE,
	.also = TOPIC_NONE,
	.partition = PARTITION_NO,
	.moves = MOVES_NOBODY,
}};
const struct record_noun duty_records = RECORD_NOUN(kinds);
