#include "core/desk/follow.h"

#include "core/apply.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/queue.h"
#include "core/desk/seats.h"
#include "core/desk/setting.h"
#include "core/desk/settle.h"
#include "core/desk/units.h"
#include "core/room_row.h"

#include <utlist.h>

/* ---- words -------------------------------------------------------------------- */

static void visitor_spoke(struct core *c, struct conversation *v, const struct record *r)
{
	v->row.visitor_spoke_desk_us = desk_at(c, r);
	v->row.spoke = SPOKE_VISITOR;
	if (!v->row.seat)
		v->row.asks++;
	v->called = c->desk->live && v->row.state == CONVERSATION_HELD;
	if (v->called)
		settle_wake(c, v);
}

static void seat_spoke(struct core *c, struct conversation *v, const struct record *r)
{
	v->row.seat_spoke_desk_us = desk_at(c, r);
	v->row.spoke = SPOKE_SEAT;
	if (!v->row.first_response_us && !v->row.robot)
		v->row.first_response_us = r->time_us;
}

/* Of two times that may be off. */
static uint64_t sooner(uint64_t us, uint64_t than)
{
	return us && (!than || us < than) ? us : than;
}

/* What may be due first now that the other side has spoken: what is due then is looked at
 * whole. 0: nothing is. */
static uint64_t soonest_us(const struct conversation *v)
{
	const struct team *t = v->team;
	if (v->row.spoke == SPOKE_SEAT)
		return sooner(SETTING_US(t, hold_ms), SETTING_US(t, remind_visitor_ms));
	uint64_t first = sooner(SETTING_US(t, take_away_ms), SETTING_US(t, remind_seat_ms));
	return v->row.robot ? sooner(SETTING_US(t, robot_silence_ms), first) : first;
}

/* Its last conversation; the room remembers one that is open. */
static enum parlor_err conversation_in(struct core *c, struct room *room, struct conversation **v)
{
	*v = room->talk;
	enum parlor_err err = *v ? PARLOR_E_OK : conversation_find_no(c, room->row.conversation, v);
	if (!err && *v && (*v)->linked)
		room->talk = *v;
	return err;
}

static enum parlor_err follow_posted(struct core *c, const struct record *r)
{
	struct room *room;
	struct conversation *v;
	enum parlor_err err = apply_room(c, r, &room);
	if (err || !room->row.conversation || r->posted.type != MESSAGE_TYPE_MESSAGE || !r->member)
		return err;
	err = conversation_in(c, room, &v);
	if (err || !v || v->row.state == CONVERSATION_CLOSED || v->as_of >= r->position)
		return err;
	uint8_t before = v->row.spoke;
	/* Nothing may be due any more about what was said last. */
	bool reminded = v->row.reminded_seq && v->row.reminded_seq == v->row.spoke_seq;
	if (r->member == v->row.visitor)
		visitor_spoke(c, v, r);
	else if (r->member == conversation_serving(c, v))
		seat_spoke(c, v, r);
	else
		return PARLOR_E_OK;
	v->as_of = r->position;
	v->row.spoke_seq = r->posted.seq;
	v->row.last_message_us = r->time_us;
	/* The same side again: what is due comes later, and is found out then. */
	bool sooner_due = (v->row.spoke != before || reminded) && v->linked;
	uint64_t us = sooner_due ? soonest_us(v) : 0;
	bool moves = us && (!v->due_us || desk_at(c, r) + us < v->due_us);
	if (moves)
		v->due_us = desk_at(c, r) + us;
	/* One that is to be written anyway has nothing new but its words. */
	if (moves || !v->base.dirty)
		row_touch(&c->engine, &v->base);
	return PARLOR_E_OK;
}

/* ---- presence ----------------------------------------------------------------- */

static void wake_seat(struct core *c, const struct seat *s)
{
	for (struct conversation *v = s->serves; v; v = v->next)
		settle_wake(c, v);
	for (struct unit *u = s->units; u; u = u->next)
		settle_wake(c, u->of);
}

static void wake_agent(struct core *c, const struct agent *a)
{
	for (struct seat *s = a->seats; s; s = s->next)
		wake_seat(c, s);
}

/* Within a second, of the agents of a tenant, more than a quarter and so many. */
#define STORM_US 1000000
#define STORM_PARTS 4
#define STORM_AGENTS 8

static struct staff *staff_of(struct desk_state *d, struct agent *a)
{
	uint32_t tenant = a->config->tenant;
	if (!a->staff)
		HASH_FIND(hh, d->staffs, &tenant, sizeof tenant, a->staff);
	if (!a->staff) {
		a->staff = mem_new(sizeof *a->staff);
		a->staff->tenant = tenant;
		HASH_ADD(hh, d->staffs, tenant, sizeof tenant, a->staff);
	}
	return a->staff;
}

static void count_gone(struct core *c, struct staff *staff)
{
	uint64_t now = desk_now(c);
	if (staff->begun_us + STORM_US < now || !staff->begun_us) {
		staff->begun_us = now;
		staff->online_then = staff->online;
		staff->gone = 0;
	}
	bool was = staff->storm_us == staff->begun_us;
	staff->online--;
	if (++staff->gone < STORM_AGENTS || staff->gone * STORM_PARTS <= staff->online_then || was)
		return;
	staff->storm_us = staff->begun_us;
	c->desk->counts.storms++;
}

/* All are back who were there before: nothing is held any more. */
static void count_back(struct core *c, const struct agent *a, uint8_t now)
{
	struct desk_state *d = c->desk;
	bool was = a->presence == PRESENCE_IS_ONLINE, is = now == PRESENCE_IS_ONLINE;
	if (was == is || a->row.mode != MODE_READY ||
	    desk_now(c) >= d->boot_us + SETTING_BOOT_HOLD_US)
		return;
	if (is)
		d->back++;
	else if (d->back)
		d->back--;
	if (d->back >= d->wanted)
		d->hold_us = 0;
}

static void set_presence(struct core *c, struct agent *a, uint8_t now)
{
	count_back(c, a, now);
	bool was = a->presence != PRESENCE_IS_OFFLINE, is = now != PRESENCE_IS_OFFLINE;
	struct staff *staff = staff_of(c->desk, a);
	if (!was && is)
		staff->online++;
	if (was && !is) {
		a->gone_us = desk_now(c);
		if (staff->online)
			count_gone(c, staff);
	}
	a->presence = now;
	agent_check(c, a);
	wake_agent(c, a);
}

static void follow_presence(struct core *c, const struct record *r)
{
	struct guests *g;
	struct agent *a = agent_find_member(c, r->tenant, r->member);
	if (a)
		set_presence(c, a, r->presence.now);
	HASH_FIND(hh, c->desk->guests, &r->member, sizeof r->member, g);
	for (struct conversation *v = g ? g->open : NULL; v; v = v->guest_next) {
		v->visitor_gone_us = r->presence.now == PRESENCE_IS_OFFLINE ? desk_now(c) : 0;
		conversation_set_due(c, v);
	}
}

/* Of visitors nothing is known yet, and who was offered something may not have been able to
 * answer. */
static void begin_conversations(struct core *c)
{
	struct conversation *v, *next;
	HASH_ITER (by_visitor, c->desk->by_visitor, v, next) {
		v->offered_before_boot = v->row.offer != 0;
		v->called = false;
		v->visitor_gone_us = v->put_off_us = v->looked_us = 0;
		conversation_set_due(c, v);
	}
}

void follow_boot(struct core *c)
{
	struct desk_state *d = c->desk;
	d->boot_us = desk_now(c);
	/* Executed again, who was there is known from the records before. */
	if (!d->live)
		d->wanted = 0;
	d->back = 0;
	for (struct config *config = d->by_key; config; config = config->by_key.next) {
		struct agent *a = config->is;
		if (config->kind != CONFIG_AGENT)
			continue;
		if (!d->live && a->presence == PRESENCE_IS_ONLINE && a->row.mode == MODE_READY)
			d->wanted++;
		a->presence = PRESENCE_IS_OFFLINE;
		a->gone_us = d->boot_us;
		if (a->staff)
			*a->staff = (struct staff){.hh = a->staff->hh, .tenant = a->staff->tenant};
		agent_check(c, a);
	}
	begin_conversations(c);
}

/* ---- rooms -------------------------------------------------------------------- */

static enum parlor_err follow_room(struct core *c, const struct record *r)
{
	struct room *room;
	struct conversation *v = NULL;
	enum parlor_err err = apply_room(c, r, &room);
	if (!err && room->row.conversation)
		err = conversation_find_no(c, room->row.conversation, &v);
	if (!err && v && v->linked)
		settle_wake(c, v);
	return err;
}

enum parlor_err follow_record(struct core *c, const struct record *r)
{
	if (r->kind == RECORD_POSTED)
		return follow_posted(c, r);
	if (!c->desk->built)
		return PARLOR_E_OK;
	if (r->kind == RECORD_PRESENCE)
		follow_presence(c, r);
	else if (r->kind == RECORD_BOOT)
		follow_boot(c);
	else if (r->kind == RECORD_ROOM_STATE)
		return follow_room(c, r);
	return PARLOR_E_OK;
}

/* ---- rows of the configuration ------------------------------------------------ */

void follow_config_change(struct core *c, struct config *config)
{
	seats_unlink(c, config);
}

/* When something is due follows from the team's settings, too. */
static void look_at_dues(struct core *c, const struct team *t)
{
	for (struct rank_node *n = rank_first(&t->open); n; n = rank_next(&t->open, n))
		conversation_set_due(c, CONTAINER(n, struct conversation, in_team));
}

static void duty_may_have_turned(struct core *c, struct team *t)
{
	t->duty_turned = true;
	prospect_mark(c, &t->prospect);
}

void follow_hours(struct core *c, struct config *hours)
{
	const struct config_list *teams = config_list(c, CONFIG_TEAM, hours->tenant, false);
	/* A look at a team that has others costs little. */
	for (struct rank_node *n = teams ? rank_first(&teams->rows) : NULL; n;
	     n = rank_next(&teams->rows, n))
		duty_may_have_turned(c, CONTAINER(n, struct config, in_list)->is);
}

void follow_config_changed(struct core *c, struct config *config)
{
	seats_link(c, config);
	if (config->kind == CONFIG_DESK)
		for (struct team *t = ((struct desk *)config->is)->teams; t; t = t->next)
			duty_may_have_turned(c, t);
	if (config->kind == CONFIG_HOURS)
		follow_hours(c, config);
	if (config->kind == CONFIG_AGENT)
		wake_agent(c, config->is);
	if (config->kind == CONFIG_SEAT)
		wake_seat(c, config->is);
	if (config->kind == CONFIG_TEAM_SEAT)
		units_count_team_seat(c, config->is);
	if (config->kind == CONFIG_TEAM) {
		duty_may_have_turned(c, config->is);
		units_count_held(c, config->is);
		queue_check_overflow(c, config->is);
		look_at_dues(c, config->is);
	}
}
