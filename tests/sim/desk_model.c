#include "desk_model.h"

#include <assert.h>
#include <string.h>

void model_copy(struct desk_model *to, const struct desk_model *from)
{
	memcpy(to, from, offsetof(struct desk_model, rooms));
	to->rooms_len = from->rooms_len;
	to->messages_len = from->messages_len;
	memcpy(to->rooms, from->rooms, (size_t)from->rooms_len * sizeof *from->rooms);
	memcpy(to->messages, from->messages, (size_t)from->messages_len * sizeof *from->messages);
}

struct span model_word(struct span s)
{
	static const char *const words[] = {"",   "*",  "x",  "y",  "d0", "d1", "a0",
					    "a1", "a2", "a3", "r0", "v0", "v1", "v2",
					    "v3", "v4", "v5", "h0", "t0", "t1"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_equal(s, SPAN_TEXT(words[i])))
			return SPAN_TEXT(words[i]);
	return SPAN_TEXT("?");
}

uint64_t model_now(const struct desk_model *m)
{
	return m->now_us + m->offset_us;
}

/* ---- settings -------------------------------------------------------------------- */

uint64_t model_us(uint64_t said, uint64_t otherwise)
{
	return 1000 * (said == 0 ? otherwise : said == DESK_OFF ? 0 : said);
}

uint64_t model_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* ---- by number ------------------------------------------------------------------- */

#define FIND(list, len, condition)         \
	for (int i = 0; i < (len); i++)    \
		if ((list)[i].condition)   \
			return &(list)[i]; \
	return NULL

struct d_desk *model_desk(struct desk_model *m, uint64_t number)
{
	FIND(m->desks, m->desks_len, no == number);
}

struct d_team *model_team(struct desk_model *m, uint64_t number)
{
	FIND(m->teams, m->teams_len, no == number);
}

struct d_seat *model_seat(struct desk_model *m, uint64_t number)
{
	FIND(m->seats, m->seats_len, no == number);
}

struct d_agent *model_agent(struct desk_model *m, uint64_t member)
{
	FIND(m->agents, m->agents_len, row.party_no == member);
}

struct d_conversation *model_open(struct desk_model *m, uint64_t number)
{
	FIND(m->open, m->open_len, no == number);
}

struct d_room *model_room(struct desk_model *m, uint64_t number)
{
	FIND(m->rooms, m->rooms_len, no == number);
}

struct d_stay *model_stay(struct d_room *room, uint64_t who)
{
	FIND(room->stays, room->stays_len, member == who);
}

struct d_team_seat *model_team_seat(struct desk_model *m, uint64_t team, uint64_t seat)
{
	for (int i = 0; i < m->team_seats_len; i++) {
		struct d_team_seat *t = &m->team_seats[i];
		if (t->row.team_no == team && t->row.seat_no == seat && !t->removed)
			return t;
	}
	return NULL;
}

struct d_team *model_overflow(struct desk_model *m, const struct d_team *team)
{
	for (int i = 0; i < m->teams_len && team->row.overflow_team.len; i++) {
		struct d_team *t = &m->teams[i];
		if (t->row.desk_no == team->row.desk_no && !t->removed &&
		    span_equal(t->row.team, team->row.overflow_team))
			return t;
	}
	return NULL;
}

/* ---- counted --------------------------------------------------------------------- */

bool model_is_offered(const struct d_conversation *c, uint64_t seat)
{
	for (size_t i = 0; i < c->offered_len; i++)
		if (c->offered[i] == seat)
			return true;
	return false;
}

/* Whether who serves has a place taken by it. */
static bool serving_counts(struct desk_model *m, const struct d_conversation *c)
{
	const struct d_team *team = model_team(m, c->row.team);
	return c->row.seat && !(c->row.state == CONVERSATION_HELD && team->row.hold_frees);
}

static void add(struct desk_model *m, struct d_load *load, const struct d_seat *s, uint64_t team,
		uint64_t seat, uint64_t as_of)
{
	const struct d_seat *other = model_seat(m, seat);
	load->seat += seat == s->no;
	load->agent += other->row.party_no == s->row.party_no;
	load->team_seat += seat == s->no && as_of == team;
}

struct d_load model_load(struct desk_model *m, const struct d_seat *s, uint64_t team)
{
	struct d_load load = {0};
	for (int i = 0; i < m->open_len; i++) {
		const struct d_conversation *c = &m->open[i];
		if (serving_counts(m, c))
			add(m, &load, s, team, c->row.seat, c->row.serving_team);
		for (size_t k = 0; k < c->offered_len; k++)
			add(m, &load, s, team, c->offered[k], c->row.offer_team);
	}
	return load;
}

bool model_has_room(struct desk_model *m, const struct d_seat *s, const struct d_team_seat *t)
{
	const struct d_agent *a = model_agent(m, s->row.party_no);
	struct d_load load = model_load(m, s, t ? t->row.team_no : 0);
	bool no_limit = a->row.robot && !s->row.max;
	return (load.seat < s->row.max || no_limit) && (!a->row.max || load.agent < a->row.max) &&
	       (!t || !t->row.max || load.team_seat < t->row.max);
}

bool model_available(struct desk_model *m, const struct d_seat *s)
{
	const struct d_agent *a = model_agent(m, s->row.party_no);
	if (s->removed || s->row.off || a->removed || a->row.off || a->row.mode == MODE_AWAY ||
	    s->row.mode == MODE_AWAY)
		return false;
	return a->row.mode == MODE_ALWAYS || s->row.mode == MODE_ALWAYS || s->row.bind ||
	       m->members[a->row.party_no].presence == PRESENCE_IS_ONLINE;
}

enum strategy model_strategy(struct desk_model *m, const struct d_team *t)
{
	uint8_t own = t->row.strategy, other = model_desk(m, t->row.desk_no)->row.strategy;
	return own ? own : other ? other : STRATEGY_ROUND_ROBIN;
}

/* The lowest level where a human is on duty: nobody waits for a level without. */
static unsigned lowest_level(struct desk_model *m, const struct d_team *team)
{
	unsigned lowest = DESK_LEVELS - 1;
	for (int i = 0; i < m->team_seats_len; i++) {
		const struct d_team_seat *t = &m->team_seats[i];
		const struct d_seat *s = model_seat(m, t->row.seat_no);
		if (t->row.team_no == team->no && !t->removed && model_available(m, s) &&
		    !model_agent(m, s->row.party_no)->row.robot && t->row.level < lowest)
			lowest = t->row.level;
	}
	return lowest;
}

static const struct d_exclusion *exclusion(const struct desk_model *m,
					   const struct d_conversation *c, uint64_t seat)
{
	for (size_t i = 0; i < c->excluded_len; i++)
		if (c->excluded[i].seat == seat && c->excluded[i].until_us > model_now(m))
			return &c->excluded[i];
	return NULL;
}

static bool level_fits(struct desk_model *m, const struct d_conversation *c,
		       const struct d_team *team, const struct d_team_seat *t)
{
	if (team->no != c->row.team && team->no != c->row.transfer_team)
		return true; /* it helps with all it has */
	return t->row.level <= c->row.level ||
	       (!team->row.levels_wait && t->row.level <= lowest_level(m, team));
}

bool model_could(struct desk_model *m, const struct d_conversation *c, struct d_team *team,
		 struct d_team_seat *t)
{
	const struct d_seat *s = model_seat(m, t->row.seat_no);
	return !t->removed && !model_agent(m, s->row.party_no)->row.robot &&
	       model_available(m, s) && model_has_room(m, s, t) && s->ready_us <= model_now(m) &&
	       !exclusion(m, c, s->no) && c->row.seat != s->no && level_fits(m, c, team, t) &&
	       model_strategy(m, team) != STRATEGY_MANUAL;
}

#define OFFERS_MAX 100 /* of a conversation: beyond it is left to be claimed */

bool model_is_free(const struct d_conversation *c)
{
	bool waits = c->row.state == CONVERSATION_WAITING ||
		     (c->row.state == CONVERSATION_ACTIVE && c->row.transfer_team);
	return waits && !c->row.offer && !c->row.reserved && c->row.offers < OFFERS_MAX;
}

uint64_t model_queue(const struct d_conversation *c)
{
	if (c->row.state == CONVERSATION_WAITING || c->row.state == CONVERSATION_OFFERED)
		return c->row.team;
	return c->row.state == CONVERSATION_ACTIVE ? c->row.transfer_team : 0;
}

uint64_t model_place(struct desk_model *m, const struct d_conversation *c, uint64_t *of)
{
	uint64_t before = 0;
	*of = 0;
	for (int i = 0; i < m->open_len; i++) {
		const struct d_conversation *o = &m->open[i];
		if (model_queue(o) != c->row.team)
			continue;
		++*of;
		before += o->row.key != c->row.key ? o->row.key < c->row.key : o->no < c->no;
	}
	return model_queue(c) == c->row.team ? before + 1 : 0;
}

const struct d_message *model_last_word(const struct desk_model *m, const struct d_conversation *c)
{
	for (int i = m->messages_len - 1; i >= 0; i--) {
		const struct d_message *msg = &m->messages[i];
		if (msg->room == c->row.room && msg->counts)
			return msg->seq >= c->row.first_seq ? msg : NULL;
	}
	return NULL;
}

uint64_t model_unread(struct desk_model *m, const struct d_conversation *c, uint64_t member)
{
	const struct d_stay *stay = model_stay(model_room(m, c->row.room), member);
	uint64_t n = 0, behind = stay->read_seq > c->seen_seq ? stay->read_seq : c->seen_seq;
	for (int i = 0; i < m->messages_len; i++) {
		const struct d_message *msg = &m->messages[i];
		n += msg->room == c->row.room && msg->seq > behind && msg->counts &&
		     msg->sender != member;
	}
	return n;
}
