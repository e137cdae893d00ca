#include "desk_world.h"

#include "core/member.h"
#include "core/presence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OFF UINT32_MAX
static const struct span nobody = {"", 0};

static void tick(struct world *w)
{
	bool more = true;
	while (more || core_due(w->core) <= w->call.now_us) {
		assert_int_equal(core_tick(w->core, &w->call, &more), PARLOR_E_OK);
		commit(w, 0);
	}
}

/* ---- what the desk is made of ------------------------------------------------------ */

enum parlor_err row_set(struct world *w, enum config_no kind, const void *is, bool remove)
{
	struct core_desk_row row;
	enum parlor_err err = core_desk_set(w->core, &w->call, kind, is, remove, nobody, &row);
	tick(w);
	return err;
}

static void set(struct world *w, enum config_no kind, const void *is)
{
	assert_int_equal(row_set(w, kind, is, false), PARLOR_E_OK);
}

void team_set(struct world *w, struct row_team t)
{
	t.desk = text("shop");
	if (!t.team.len)
		t.team = text("*");
	if (!t.gap_ms)
		t.gap_ms = OFF;
	set(w, CONFIG_TEAM, &t);
}

void desk_begin(struct world *w, struct row_team t)
{
	/* The loop's clock is not 0 when a broker begins. */
	w->call.served_us = 5000000;
	set(w, CONFIG_DESK, &(struct row_desk){.desk = text("shop"), .name = text("Shop")});
	team_set(w, t);
}

void agent_set(struct world *w, struct row_agent a)
{
	set(w, CONFIG_AGENT, &a);
}

void seat_set(struct world *w, struct row_seat s)
{
	s.desk = text("shop");
	set(w, CONFIG_SEAT, &s);
}

void team_seat_set(struct world *w, struct row_team_seat s)
{
	s.desk = text("shop");
	if (!s.team.len)
		s.team = text("*");
	set(w, CONFIG_TEAM_SEAT, &s);
}

void agent_add(struct world *w, const char *id, uint64_t max)
{
	agent_set(w, (struct row_agent){.agent = text(id), .name = text(id)});
	seat_set(w, (struct row_seat){.agent = text(id), .max = max});
	team_seat_set(w, (struct row_team_seat){.agent = text(id)});
}

static void presence(struct world *w, const char *id, uint8_t now)
{
	uint64_t member;
	assert_int_equal(core_member_find(w->core, &w->call, text(id), &member), PARLOR_E_OK);
	assert_int_equal(core_presence_set(w->core, &w->call, member, now), PARLOR_E_OK);
	tick(w);
}

void online(struct world *w, const char *member)
{
	presence(w, member, PRESENCE_IS_ONLINE);
}

void offline(struct world *w, const char *member)
{
	presence(w, member, PRESENCE_IS_OFFLINE);
}

/* ---- conversations -------------------------------------------------------------------- */

enum parlor_err open_as(struct world *w, struct core_desk_open q, struct conversation_view *view)
{
	w->call.random[0]++;
	if (!q.desk.len)
		q.desk = text("shop");
	enum parlor_err err = core_desk_open(w->core, &w->call, &q, view);
	tick(w);
	return err;
}

struct conversation_view opened(struct world *w, const char *id, const char *visitor)
{
	struct conversation_view view;
	struct core_desk_open q = {.conversation = text(id),
				   .visitor = text(visitor),
				   .body = text("hello?"),
				   .client_id = text(id)};
	assert_int_equal(open_as(w, q, &view), PARLOR_E_OK);
	return view;
}

struct conversation_view shown(struct world *w, const char *id)
{
	struct conversation_view view;
	assert_int_equal(core_desk_show(w->core, &w->call, text(id), &view), PARLOR_E_OK);
	return view;
}

const char *agent_of(struct world *w, const char *id)
{
	static char agent[65];
	struct conversation_view v = shown(w, id);
	(void)snprintf(agent, sizeof agent, "%.*s", (int)v.agent.len,
		       v.agent.data ? (const char *)v.agent.data : "");
	return agent;
}

int state_of(struct world *w, const char *id)
{
	return shown(w, id).state;
}

void assert_has(struct world *w, const char *id, int state, const char *agent)
{
	assert_int_equal(state_of(w, id), state);
	assert_string_equal(agent_of(w, id), agent);
}

uint64_t place_of(struct world *w, const char *id)
{
	struct conversation_view view;
	struct place_view place;
	assert_int_equal(core_desk_place(w->core, &w->call, text(id), &view, &place), PARLOR_E_OK);
	return place.place;
}

typedef enum parlor_err act_fn(struct core *, const struct core_call *,
			       const struct core_desk_act *, struct conversation_view *);

static enum parlor_err act(struct world *w, act_fn *fn, struct core_desk_act q)
{
	struct conversation_view view;
	enum parlor_err err = fn(w->core, &w->call, &q, &view);
	tick(w);
	return err;
}

enum parlor_err accept_offer(struct world *w, const char *id, uint64_t offer, const char *agent)
{
	return act(w, core_desk_accept,
		   (struct core_desk_act){
			   .conversation = text(id), .offer = offer, .agent = text(agent)});
}

enum parlor_err decline_offer(struct world *w, const char *id, uint64_t offer, const char *agent)
{
	return act(w, core_desk_decline,
		   (struct core_desk_act){
			   .conversation = text(id), .offer = offer, .agent = text(agent)});
}

enum parlor_err claim(struct world *w, const char *id, const char *agent)
{
	return act(w, core_desk_claim,
		   (struct core_desk_act){.conversation = text(id), .agent = text(agent)});
}

enum parlor_err closed(struct world *w, const char *id, const char *by)
{
	return act(w, core_desk_close,
		   (struct core_desk_act){.conversation = text(id), .by = text(by)});
}

enum parlor_err returned(struct world *w, const char *id, const char *by)
{
	return act(w, core_desk_return,
		   (struct core_desk_act){.conversation = text(id), .by = text(by)});
}

static enum parlor_err transfer(struct world *w, const char *id, const char *by,
				struct core_desk_transfer to)
{
	struct conversation_view view;
	struct core_desk_act q = {.conversation = text(id), .by = text(by)};
	enum parlor_err err = core_desk_transfer(w->core, &w->call, &q, &to, &view);
	tick(w);
	return err;
}

enum parlor_err to_agent(struct world *w, const char *id, const char *by, const char *agent)
{
	return transfer(w, id, by, (struct core_desk_transfer){.agent = text(agent)});
}

enum parlor_err to_team(struct world *w, const char *id, const char *by, const char *team,
			bool let_go)
{
	return transfer(w, id, by,
			(struct core_desk_transfer){.team = text(team), .let_go = let_go});
}

enum parlor_err mode_set(struct world *w, const char *agent, uint8_t mode)
{
	uint64_t position;
	struct core_desk_act q = {.agent = text(agent)};
	enum parlor_err err = core_desk_mode(w->core, &w->call, &q, mode, &position);
	tick(w);
	return err;
}

void says(struct world *w, const char *id, const char *member)
{
	static unsigned n;
	char client_id[16], room[65];
	struct conversation_view v = shown(w, id);
	(void)snprintf(client_id, sizeof client_id, "%u", ++n);
	(void)snprintf(room, sizeof room, "%.*s", (int)v.room.len, (const char *)v.room.data);
	said(w, room, member, client_id);
	tick(w);
}

/* ---- time ---------------------------------------------------------------------------------- */

void pass_ms(struct world *w, uint64_t ms)
{
	/* A turn counts for little, however long it was. */
	for (uint64_t left = ms; left > 0;) {
		uint64_t step = left < 250 ? left : 250;
		w->call.now_us += 1000 * step;
		w->call.served_us += 1000 * step;
		left -= step;
		tick(w);
	}
}

void restart_after_ms(struct world *w, uint64_t ms)
{
	w->call.now_us += 1000 * ms;
	restart(w);
	w->call.served_us = 7000000;
	commit(w, 0);
	tick(w);
}
