#include "core/desk/desk.h"

#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/duty.h"
#include "core/desk/follow.h"
#include "core/desk/queue.h"
#include "core/desk/room_side.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"
#include "core/desk/settle.h"
#include "core/desk/tally.h"
#include "core/desk/timer.h"
#include "core/member_row.h"
#include "core/tables.h"

#include <stdlib.h>
#include <utlist.h>

/* ---- what is derived ---------------------------------------------------------- */

/* Whom others refer to comes first. */
static const enum config_no order[] = {CONFIG_DESK, CONFIG_TEAM, CONFIG_AGENT, CONFIG_SEAT,
				       CONFIG_TEAM_SEAT};

void desk_derive(struct core *c)
{
	struct desk_state *d = c->desk;
	d->built = true;
	d->duty_next_us = UINT64_MAX;
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		for (struct config *config = d->by_key; config; config = config->by_key.next)
			if (config->kind == order[i])
				seats_link(c, config);
	for (struct config *config = d->by_key; config; config = config->by_key.next) {
		const struct row_hours *hours = config->is;
		if (config->kind == CONFIG_HOURS && !config->removed &&
		    hours->until_us < d->duty_next_us)
			d->duty_next_us = hours->until_us;
	}
	for (struct conversation *v; (v = d->loaded) != NULL;) {
		DL_DELETE(d->loaded, v);
		conversation_link(c, v);
	}
}

/* Their presence is in the rows of members. What leaves memory again before the run begins is
 * not looked at: fewer are waited for. */
static enum parlor_err load_agents(struct core *c)
{
	enum parlor_err err = PARLOR_E_OK;
	struct member *m;
	for (struct config *config = c->desk->by_key; config && !err; config = config->by_key.next)
		if (config->kind == CONFIG_AGENT && !config->removed)
			err = member_find_no(c, ((const struct agent *)config->is)->row.party_no,
					     &m);
	return err;
}

/* Agents that were available when the run before ended, and have to come back for it. */
static uint64_t count_available(struct core *c)
{
	uint64_t n = 0;
	for (struct config *config = c->desk->by_key; config; config = config->by_key.next) {
		const struct agent *a = config->is;
		if (config->kind != CONFIG_AGENT || config->removed || a->row.off ||
		    a->row.mode != MODE_READY)
			continue;
		const struct member *m = (const struct member *)row_find(&c->engine, &member_kind,
									 a->row.party_no, 0);
		n += m && m->row.presence_run == c->state.run &&
		     m->row.presence == PRESENCE_IS_ONLINE;
	}
	return n;
}

/* The desk's clock goes on where the last record left it: time without a broker is none. */
static void go_on(struct core *c)
{
	struct desk_state *d = c->desk;
	d->clock_us = d->row.as_of ? c->state.time_us + d->row.offset_us : DESK_BEGINS_US;
	d->live = true;
}

static void booting(struct core *c)
{
	struct desk_state *d = c->desk;
	go_on(c);
	d->heard = false;
	d->wanted = count_available(c);
	if (d->row.given)
		desk_clock_tell(c);
}

static void booted(struct core *c)
{
	struct desk_state *d = c->desk;
	if (!d->built)
		desk_derive(c);
	tally_begin(c);
	follow_boot(c);
	/* The first one who is back would be given all that the others could have. */
	d->hold_us = d->wanted ? d->boot_us + SETTING_BOOT_HOLD_US : 0;
}

/* Who could be paired was not noted while nothing was decided. */
static void look_at_all(struct core *c)
{
	struct desk_state *d = c->desk;
	for (struct config *config = d->by_key; config; config = config->by_key.next) {
		struct seat *s = config->kind == CONFIG_SEAT ? config->is : NULL;
		if (config->kind == CONFIG_TEAM)
			prospect_mark(c, &((struct team *)config->is)->prospect);
		if (s && rank_count(&s->reserved))
			prospect_mark(c, &s->prospect);
	}
}

void core_desk_serve(struct core *c)
{
	struct desk_state *d = c->desk;
	bool served = d->live;
	go_on(c);
	if (!served)
		look_at_all(c);
	d->served_us = c->state.time_us;
	d->heard = true;
	/* A run that began without a desk began before its time. */
	bool held = d->row.given && d->boot_us <= desk_now(c) && d->back < d->wanted;
	d->hold_us = held ? d->boot_us + SETTING_BOOT_HOLD_US : 0;
}

uint64_t core_desk_now(const struct core *c)
{
	return desk_now(c);
}

static const struct desk_hooks hooks = {
	.due = timer_due,
	.expire = timer_expire,
	.rested = timer_rested,
	.unlink = follow_config_change,
	.link = follow_config_changed,
	.turned = follow_hours,
	.look = timer_look,
	.booting = booting,
	.booted = booted,
	.may_post = room_side_may_post,
	.follow = follow_record,
};

static bool prospect_before(const struct rank_node *x, const struct rank_node *y)
{
	return CONTAINER(x, const struct prospect, node)->key <
	       CONTAINER(y, const struct prospect, node)->key;
}

/* ---- the state ---------------------------------------------------------------- */

void desk_init(struct core *c)
{
	c->desk = mem_new(sizeof *c->desk);
	c->desk->hooks = &hooks;
	c->desk->prospects.before = prospect_before;
	c->desk->duty_next_us = UINT64_MAX;
}

void desk_forget(struct core *c)
{
	HASH_CLEAR(by_visitor, c->desk->by_visitor);
}

void desk_fini(struct core *c)
{
	struct desk_state *d = c->desk;
	MEM_FREE_TABLE(d->guests);
	MEM_FREE_TABLE(d->lists);
	MEM_FREE_TABLE(d->staffs);
	tally_fini(d);
	buf_fini(&d->scratch);
	free(d->offsets);
	free(d);
}

static const struct field state_fields[] = {
	FIELD(struct row_desk_state, given), FIELD_OF_HASH(struct row_desk_state, offset_us),
	FIELD(struct row_desk_state, offers), FIELD(struct row_desk_state, as_of), FIELDS_END};

static void state_key(struct row_key *key)
{
	key->table = ROW_NAMES;
	key->bytes[0] = ROW_DESK_STATE;
	key->len = 1;
}

void desk_put_state(struct core *c, core_put_fn *put, void *ctx)
{
	struct desk_state *d = c->desk;
	struct row_key key;
	/* Its clock may be covered before anything was given a number. */
	if (!d->row.given && !d->row.as_of)
		return;
	struct row_desk_state row = d->row;
	desk_clock_put(c, &row);
	state_key(&key);
	buf_clear(&d->scratch);
	fields_encode(&d->scratch, state_fields, &row);
	put(ctx, &key, buf_span(&d->scratch));
}

enum parlor_err desk_load(struct core *c)
{
	struct desk_state *d = c->desk;
	struct row_key key;
	struct span value;
	state_key(&key);
	enum parlor_err err = row_engine_get(&c->engine, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !fields_decode_whole(value, state_fields, &d->row))
		err = PARLOR_E_STORE_CORRUPT;
	desk_clock_loaded(c);
	if (!err)
		err = config_load(c);
	if (!err)
		err = load_agents(c);
	return err ? err : conversation_load(c);
}

/* ---- time --------------------------------------------------------------------- */

#define TICK_ROWS 2000
#define TICK_STEPS 100000

/* A core that has never begun a run only has what was loaded into it. */
static bool serves(const struct desk_state *d)
{
	return d->live && d->row.given;
}

enum parlor_err desk_tick(struct core *c, const struct core_call *call, bool *more)
{
	if (serves(c->desk)) {
		desk_clock_see(c, call);
		duty_run(c);
	}
	c->desk->releases = 0;
	enum parlor_err err =
		row_engine_expire(&c->engine, desk_now(c), TICK_ROWS, TICK_STEPS, more);
	if (!err && serves(c->desk))
		*more |= desk_settle_many(c);
	return err ? err : c->broken;
}

uint64_t desk_due(const struct core *c)
{
	const struct desk_state *d = c->desk;
	uint64_t due = row_engine_due(&c->engine);
	if (serves(d) && desk_unsettled(c))
		return 0;
	if (d->prospects.root && d->hold_us < due)
		due = d->hold_us;
	if (due != UINT64_MAX)
		due = desk_clock_wall(c, due);
	return duty_next(c) < due ? duty_next(c) : due;
}

bool core_desk_woken(const struct core *c)
{
	return c->desk->waking != NULL;
}

void core_desk_settle(struct core *c, const struct core_call *call)
{
	core_clock(c, call);
	desk_clock_see(c, call);
	desk_settle(c);
}

void core_desk_watch(struct core *c, struct core_settling settling)
{
	c->desk->settling = settling;
}

void core_desk_counts(const struct core *c, struct core_desk_counts *n)
{
	const struct desk_counts *d = &c->desk->counts;
	*n = (struct core_desk_counts){.deferred = d->open[CONVERSATION_DEFERRED],
				       .waiting = d->open[CONVERSATION_WAITING],
				       .offered = d->open[CONVERSATION_OFFERED],
				       .robots = d->open[CONVERSATION_BOT],
				       .active = d->open[CONVERSATION_ACTIVE],
				       .held = d->open[CONVERSATION_HELD],
				       .offers = d->offers,
				       .accepted = d->accepted,
				       .declined = d->declined,
				       .expired = d->expired,
				       .withdrawn = d->withdrawn,
				       .late = d->late,
				       .claims = d->claims,
				       .races = d->races,
				       .transfers = d->transfers,
				       .abandoned = d->abandoned,
				       .closed = d->closed,
				       .storms = d->storms,
				       .reports = d->reports,
				       .reports_dropped = d->reports_dropped,
				       .tallies = d->tallies,
				       .tallies_refused = d->tallies_refused,
				       .oldest_us = queue_oldest_us(c),
#define CORE_DESK_CAUSE(name, of, why) .name = d->of[why],
				       CORE_DESK_CAUSES(CORE_DESK_CAUSE)
#undef CORE_DESK_CAUSE
	};
	for (int i = 0; i < CONVERSATION_CLOSED; i++)
		n->open += d->open[i];
}
