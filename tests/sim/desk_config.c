/* What desks are made of, set and changed by chance. */
#include "desk_world.h"

#include "core/desk/config.h"

/* Its argument is looked at once. */
static struct span text(const char *s)
{
	return SPAN_TEXT(s);
}

static const struct span nothing = {"", 0};

static void set(struct world *w, enum config_no kind, const void *row, bool remove,
		const char *what, struct span of)
{
	struct core_desk_row out;
	enum parlor_err err = core_desk_set(w->core, &w->call, kind, row, remove, nothing, &out);
	desk_told(w, err, "%s %s %.*s", remove ? "remove" : "set", what, (int)of.len,
		  (const char *)of.data);
}

static void set_team(struct world *w, struct span desk, struct span team)
{
	struct row_team row = {
		.desk = desk,
		.team = team,
		.strategy = (uint8_t)(world_chance(w, 10) ? STRATEGY_MANUAL
							  : world_below(w, STRATEGY_MANUAL)),
		.accept = world_chance(w, 60),
		.broadcast = (uint8_t)ONE_OF(w, 0, 1, 2, 3),
		.weight_ms = ONE_OF(w, 0, 0, 5000, 60000),
		.max_waiting = ONE_OF(w, 0, 0, 0, 2),
		.offer_ms = ONE_OF(w, 0, 5000, 10000, DESK_OFF),
		.again_ms = ONE_OF(w, 0, 3000, 10000, 30000),
		.misses = ONE_OF(w, 0, 1, 2, DESK_OFF),
		.gap_ms = ONE_OF(w, 0, DESK_OFF, DESK_OFF, 5000),
		.wrap_up_ms = ONE_OF(w, 0, 0, 3000),
		.grace_ms = ONE_OF(w, 0, 2000, 10000, DESK_OFF),
		.when_gone = (uint8_t)ONE_OF(w, 0, 0, 1, 2),
		.remind_seat_ms = ONE_OF(w, 0, 2000, 10000, DESK_OFF),
		.take_away_ms = ONE_OF(w, 0, 0, 5000, 30000),
		.takeaways_max = ONE_OF(w, 0, 1, 3),
		.remind_visitor_ms = ONE_OF(w, 0, 5000, 20000, DESK_OFF),
		.close_silent_ms = ONE_OF(w, 0, 5000, 60000, DESK_OFF),
		.hold_ms = ONE_OF(w, 0, 0, 4000),
		.hold_frees = world_chance(w, 50),
		.resume_wait_ms = ONE_OF(w, 0, 5000, DESK_OFF),
		.max_wait_ms = ONE_OF(w, 0, 0, 20000),
		.visitor_gone_ms = ONE_OF(w, 0, 5000, DESK_OFF),
		.sticky_ms = ONE_OF(w, 0, 20000, DESK_OFF),
		.sticky_full = (uint8_t)world_below(w, 3),
		.sticky_wait_ms = ONE_OF(w, 0, 5000, DESK_OFF),
		.robot_silence_ms = ONE_OF(w, 0, 3000, DESK_OFF),
		.robot_after_ms = ONE_OF(w, 0, 3000),
		.robot_stays = world_chance(w, 50),
		.handoff_keeps = world_chance(w, 30),
		.rating_ms = ONE_OF(w, 0, 5000),
		.level1_ms = ONE_OF(w, 0, 3000, 10000),
		.levels_wait = world_chance(w, 30),
		.overflow_ms = ONE_OF(w, 0, 4000, 15000),
		.overflow_team = span_equal(team, text("x")) ? nothing : text("x"),
		.boost1_ms = ONE_OF(w, 0, 5000, 20000),
		.boost2_ms = ONE_OF(w, 0, DESK_OFF, 60000),
		.sla_first_ms = ONE_OF(w, 0, 0, 8000),
		.robot_policy = (uint8_t)world_below(w, 4),
		.post_opens = world_chance(w, 30),
		.hours = world_chance(w, 25) ? text("h0") : nothing,
		.when_closed = (uint8_t)world_below(w, 3),
		.at_close = (uint8_t)world_below(w, 3),
	};
	if (row.level1_ms)
		row.level2_ms = row.level1_ms + ONE_OF(w, 1000, 10000);
	if (span_equal(team, text("*")) || world_chance(w, 50))
		row.overflow_team = nothing;
	set(w, CONFIG_TEAM, &row, false, "team", team);
}

static void set_agent(struct world *w, struct span agent)
{
	struct row_agent row = {
		.agent = agent,
		.robot = ((const char *)agent.data)[0] == 'r',
		.role = (uint8_t)world_below(w, 4),
		.max = ONE_OF(w, 0, 0, 2, 4),
		.mode = (uint8_t)ONE_OF(w, 0, MODE_READY, MODE_READY, MODE_AWAY, MODE_ALWAYS),
	};
	set(w, CONFIG_AGENT, &row, false, "agent", agent);
}

static void set_seat(struct world *w, struct span desk, struct span agent)
{
	struct row_seat row = {
		.desk = desk,
		.agent = agent,
		.priority_milli = ONE_OF(w, 0, 500, 1000, 1500),
		.max = ONE_OF(w, 0, 1, 1, 2, 3, 5),
		.bind = world_chance(w, 8),
		.mode = (uint8_t)ONE_OF(w, 0, MODE_READY, MODE_READY, MODE_AWAY),
		.off = world_chance(w, 4),
	};
	set(w, CONFIG_SEAT, &row, world_chance(w, 3), "seat", agent);
}

static void set_team_seat(struct world *w, struct span desk, struct span team, struct span agent)
{
	struct row_team_seat row = {
		.desk = desk,
		.team = team,
		.agent = agent,
		.level = (uint8_t)ONE_OF(w, 0, 0, 0, 1, 1, 2),
		.ord = world_below(w, 3),
		.max = ONE_OF(w, 0, 0, 1, 2),
		.weight = world_below(w, 4),
	};
	set(w, CONFIG_TEAM_SEAT, &row, world_chance(w, 10), "team seat", agent);
}

static void set_desk(struct world *w, struct span desk)
{
	struct row_desk row = {
		.desk = desk,
		.strategy = (uint8_t)world_below(w, STRATEGY_MANUAL),
		.queue_off = world_chance(w, 5),
		.robot_policy = (uint8_t)world_below(w, 4),
		.room_each = world_chance(w, 30),
	};
	set(w, CONFIG_DESK, &row, false, "desk", desk);
}

/* The clock on the wall begins with 1970, on a Thursday. */
static void set_hours(struct world *w)
{
	static const char *const rules[] = {
		"mon-sun 00:00-24:00",
		"thu 00:01-00:03, thu 00:05-00:06, thu 00:10-00:25, thu 00:30-02:00",
		"thu 00:00-00:02, thu 00:04-00:40, @0 +0, @900 -600, @1500 +0",
	};
	struct row_hours row = {.hours = text("h0"), .rules = text(rules[world_below(w, 3)])};
	set(w, CONFIG_HOURS, &row, false, "hours", row.hours);
}

static const char *const desks[] = {"d0", "d1"}, *const teams[] = {"*", "x", "y"},
			 *const agents[] = {"a0", "a1", "a2", "a3", "r0"};

static void set_up_desk(struct world *w, struct span desk)
{
	set_desk(w, desk);
	for (int t = 0; t < 3; t++)
		if (t < 2 || world_chance(w, 50))
			set_team(w, desk, text(teams[2 - t == 2 ? 1 : t == 1 ? 0 : 2]));
	for (int a = 0; a < 5; a++) {
		struct span agent = text(agents[a]);
		if (world_chance(w, 15))
			continue;
		set_seat(w, desk, agent);
		for (int t = 0; t < 3; t++)
			if (world_chance(w, 60))
				set_team_seat(w, desk, text(teams[t]), agent);
	}
}

void desk_set_up(struct world *w)
{
	static const char *const tenants[] = {"t0", "t1"};
	uint64_t tenants_len = 1 + world_below(w, 2), desks_len = 1 + world_below(w, 2);
	for (uint64_t t = 0; t < tenants_len; t++) {
		w->call.tenant = text(tenants[t]);
		set_hours(w);
		for (int a = 0; a < 5; a++)
			set_agent(w, text(agents[a]));
		for (uint64_t d = 0; d < desks_len; d++)
			set_up_desk(w, text(desks[d]));
	}
}

void desk_change(struct world *w)
{
	const struct d_desk *d = desk_any(w);
	struct span desk = d->row.desk, team = text(teams[world_below(w, 3)]),
		    agent = text(agents[world_below(w, 5)]);
	if (world_chance(w, 10)) {
		set_hours(w);
		return;
	}
	switch (world_below(w, 6)) {
	case 0:
		set_team(w, desk, team);
		break;
	case 1:
		set_agent(w, agent);
		break;
	case 2:
	case 3:
		set_seat(w, desk, agent);
		break;
	default:
		set_team_seat(w, desk, team, agent);
	}
}
