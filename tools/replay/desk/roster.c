#include "desk/roster.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Head starts of the priorities, unless the team says otherwise (PROTOCOL.md, "The desk"). */
static const uint64_t boosts_ms[DESK_PRIORITIES] = {0, 60000, 300000, 1200000};

static void set_text(char to[ROSTER_ID], struct span from)
{
	size_t len = from.len < ROSTER_ID ? from.len : ROSTER_ID - 1;
	if (len)
		memcpy(to, from.data, len);
	to[len] = 0;
}

/* ---- by number -------------------------------------------------------------------- */

#define FIND(type, table, number) \
	struct type *found;       \
	HASH_FIND(hh, roster->table, &(number), sizeof(number), found)

struct roster_team *roster_team(const struct roster *roster, uint64_t no)
{
	FIND(roster_team, teams, no);
	return found;
}

struct roster_seat *roster_seat(const struct roster *roster, uint64_t no)
{
	FIND(roster_seat, seats, no);
	return found;
}

#define FIND_OR_ADD(type, table, field, number)                            \
	FIND(type, table, number);                                         \
	if (!found) {                                                      \
		found = mem_new(sizeof *found);                            \
		found->field = (number);                                   \
		HASH_ADD(hh, roster->table, field, sizeof(number), found); \
	}

static struct roster_desk *desk_of(struct roster *roster, uint64_t no)
{
	FIND_OR_ADD(roster_desk, desks, no, no);
	return found;
}

static struct roster_agent *agent_of(struct roster *roster, uint64_t member)
{
	FIND_OR_ADD(roster_agent, agents, member, member);
	return found;
}

struct roster_post *roster_post(struct roster *roster, uint64_t team, uint64_t seat)
{
	struct roster_post *post;
	const uint64_t key[2] = {team, seat};
	HASH_FIND(hh, roster->posts, key, sizeof key, post);
	if (post)
		return post;
	struct roster_team *t = roster_team(roster, team);
	struct roster_seat *s = roster_seat(roster, seat);
	if (!t || !s)
		return NULL;
	post = mem_new(sizeof *post);
	*post = (struct roster_post){.key = {team, seat},
				     .team = t,
				     .seat = s,
				     .as_of_us = roster->now_us,
				     .next_of_seat = s->posts};
	s->posts = post;
	DL_APPEND2(t->posts, post, prev_of_team, next_of_team);
	HASH_ADD(hh, roster->posts, key, sizeof post->key, post);
	return post;
}

struct roster_team *roster_overflow(const struct roster *roster, const struct roster_team *team)
{
	for (struct roster_team *t = roster->teams; t && team->overflow[0]; t = t->hh.next)
		if (t->desk == team->desk && !t->removed && strcmp(t->id, team->overflow) == 0)
			return t;
	return NULL;
}

/* ---- who is there ----------------------------------------------------------------- */

enum strategy roster_strategy(const struct roster_team *t)
{
	uint8_t strategy = t->strategy ? t->strategy : t->desk->strategy;
	return strategy ? (enum strategy)strategy : STRATEGY_ROUND_ROBIN;
}

bool roster_available(const struct roster *roster, const struct roster_seat *s)
{
	const struct roster_agent *a = s->agent;
	if (s->off || a->off || a->mode == MODE_AWAY || s->mode == MODE_AWAY)
		return false;
	if (a->mode == MODE_ALWAYS || s->mode == MODE_ALWAYS || s->bind)
		return true;
	FIND(roster_online, online, a->member);
	return found != NULL;
}

bool roster_has_room(const struct roster_seat *s, const struct roster_post *post)
{
	const struct roster_agent *a = s->agent;
	bool no_limit = a->robot && !s->max;
	return (s->load < s->max || no_limit) && (!a->max || a->load < a->max) &&
	       (!post || !post->stands || !post->max || post->load < post->max);
}

unsigned roster_lowest_level(const struct roster *roster, const struct roster_team *team)
{
	unsigned lowest = DESK_LEVELS - 1;
	for (const struct roster_post *p = team->posts; p; p = p->next_of_team)
		if (p->stands && !p->seat->agent->robot && p->level < lowest &&
		    roster_available(roster, p->seat))
			lowest = p->level;
	return lowest;
}

/* ---- time --------------------------------------------------------------------------- */

static void settle(struct roster *roster, struct roster_post *p)
{
	uint64_t us = roster->now_us - p->as_of_us;
	p->as_of_us = roster->now_us;
	p->busy_us += p->serves ? us : 0;
	/* Whoever still has a conversation is there for it, whatever its presence says. */
	p->available_us += p->serves || p->available ? us : 0;
}

static void mark(struct roster *roster, struct roster_seat *s)
{
	for (struct roster_post *p = s->posts; p; p = p->next_of_seat) {
		if (p->changed)
			continue;
		p->changed = true;
		p->next_changed = roster->changed;
		roster->changed = p;
	}
}

void roster_changed(struct roster *roster, struct roster_seat *seat)
{
	if (!seat->agent->max) {
		mark(roster, seat);
		return;
	}
	for (struct roster_seat *s = seat->agent->seats; s; s = s->next)
		mark(roster, s);
}

static void look_at(struct roster *roster, struct roster_seat *s)
{
	mark(roster, s);
	for (struct roster_post *p = s->posts; p; p = p->next_of_seat) {
		settle(roster, p);
		p->available = p->stands && roster_available(roster, s);
	}
}

static void look_at_agent(struct roster *roster, struct roster_agent *a)
{
	for (struct roster_seat *s = a ? a->seats : NULL; s; s = s->next)
		look_at(roster, s);
}

void roster_settle(struct roster *roster)
{
	for (struct roster_post *p = roster->posts; p; p = p->hh.next)
		settle(roster, p);
}

void roster_serves(struct roster *roster, struct roster_post *p, int by)
{
	settle(roster, p);
	p->serves += (uint64_t)(int64_t)by;
}

/* ---- records ------------------------------------------------------------------------ */

static uint64_t setting_us(uint64_t said_ms, uint64_t otherwise_ms)
{
	return 1000 * (said_ms == 0 ? otherwise_ms : said_ms == DESK_OFF ? 0 : said_ms);
}

static void take_desk(struct roster *roster, uint64_t no, const struct row_desk *row)
{
	struct roster_desk *d = desk_of(roster, no);
	set_text(d->id, row->desk);
	d->strategy = row->strategy;
}

static void take_team(struct roster *roster, const struct record *r, const struct row_team *row)
{
	uint64_t no = r->config.no;
	FIND_OR_ADD(roster_team, teams, no, no);
	const uint64_t said[DESK_PRIORITIES] = {0, row->boost1_ms, row->boost2_ms, row->boost3_ms};
	found->tenant = r->tenant;
	found->desk = desk_of(roster, row->desk_no);
	set_text(found->id, row->team);
	set_text(found->overflow, row->overflow_team);
	found->strategy = row->strategy;
	found->sticky_full = row->sticky_full;
	found->hold_frees = row->hold_frees;
	found->handoff_keeps = row->handoff_keeps;
	found->levels_wait = row->levels_wait;
	found->removed = r->config.removed;
	found->weight_us = setting_us(row->weight_ms, 0);
	for (int i = 0; i < DESK_PRIORITIES; i++)
		found->boost_us[i] = setting_us(said[i], boosts_ms[i]);
}

static void take_agent(struct roster *roster, const struct record *r, const struct row_agent *row)
{
	struct roster_agent *a = agent_of(roster, row->party_no);
	set_text(a->id, row->agent);
	a->max = row->max;
	a->mode = row->mode;
	a->robot = row->robot;
	a->off = row->off || r->config.removed;
	look_at_agent(roster, a);
}

static void take_seat(struct roster *roster, const struct record *r, const struct row_seat *row)
{
	uint64_t no = r->config.no;
	FIND_OR_ADD(roster_seat, seats, no, no);
	if (!found->agent) {
		found->agent = agent_of(roster, row->party_no);
		found->next = found->agent->seats;
		found->agent->seats = found;
	}
	found->max = row->max;
	found->mode = row->mode;
	found->bind = row->bind;
	found->off = row->off || r->config.removed;
	look_at(roster, found);
}

static bool take_team_seat(struct roster *roster, const struct record *r,
			   const struct row_team_seat *row)
{
	struct roster_post *p = roster_post(roster, row->team_no, row->seat_no);
	if (!p)
		return false;
	p->row = r->config.no;
	p->stands = !r->config.removed;
	p->level = row->level;
	p->max = row->max;
	look_at(roster, p->seat);
	return true;
}

static bool take_config(struct roster *roster, const struct record *r)
{
	union row_any row = {0};
	if (r->config.kind > CONFIG_TEAM_SEAT)
		return true;
	if (!fields_decode_whole(r->config.fields, config_form(r->config.kind)->fields, &row))
		return false;
	switch ((enum config_no)r->config.kind) {
	case CONFIG_DESK:
		take_desk(roster, r->config.no, &row.desk);
		return true;
	case CONFIG_TEAM:
		take_team(roster, r, &row.team);
		return true;
	case CONFIG_AGENT:
		take_agent(roster, r, &row.agent);
		return true;
	case CONFIG_SEAT:
		take_seat(roster, r, &row.seat);
		return true;
	case CONFIG_TEAM_SEAT:
		return take_team_seat(roster, r, &row.team_seat);
	default:
		return false;
	}
}

static void take_presence(struct roster *roster, uint64_t member, bool is_online)
{
	FIND(roster_online, online, member);
	if (is_online == (found != NULL))
		return;
	if (found) {
		HASH_DEL(roster->online, found);
		free(found);
	} else {
		found = mem_new(sizeof *found);
		found->member = member;
		HASH_ADD(hh, roster->online, member, sizeof found->member, found);
	}
	struct roster_agent *agent;
	HASH_FIND(hh, roster->agents, &member, sizeof member, agent);
	look_at_agent(roster, agent);
}

/* Presence is of one run of the broker. */
static void boot(struct roster *roster)
{
	MEM_FREE_TABLE(roster->online);
	for (struct roster_seat *s = roster->seats; s; s = s->hh.next)
		look_at(roster, s);
}

bool roster_take(struct roster *roster, const struct record *r)
{
	if (r->kind >= RECORD_DESK_SET && r->kind <= RECORD_TEAM_SEAT_SET)
		return take_config(roster, r);
	if (r->kind == RECORD_PRESENCE)
		take_presence(roster, r->member, r->presence.now == PRESENCE_IS_ONLINE);
	if (r->kind == RECORD_BOOT)
		boot(roster);
	return true;
}

void roster_fini(struct roster *roster)
{
	for (struct roster_team *t = roster->teams; t; t = t->hh.next)
		free(t->figures.waits);
	MEM_FREE_TABLE(roster->posts);
	MEM_FREE_TABLE(roster->seats);
	MEM_FREE_TABLE(roster->agents);
	MEM_FREE_TABLE(roster->teams);
	MEM_FREE_TABLE(roster->desks);
	MEM_FREE_TABLE(roster->online);
}
