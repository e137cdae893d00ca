/* Requests of visitors, agents and managers, mostly right, and what they are answered. */
#include "desk_world.h"

#include "core/desk/act.h"
#include "core/desk/list.h"
#include "core/desk/open.h"
#include "core/desk/room_side.h"
#include "core/desk/transfer.h"
#include "core/message.h"
#include "core/presence.h"
#include "core/reading.h"
#include "core/room.h"
#include "core/room_members.h"

#include <stdarg.h>

static const char *const agents[] = {"a0", "a1", "a2", "a3", "r0"},
			 *const visitors[] = {"v0", "v1", "v2", "v3", "v4", "v5"},
			 *const teams[] = {"*", "x", "y"};
#define ANY(w, list) one_of((w), (list), sizeof(list) / sizeof *(list))
#define IN(state) (1U << CONVERSATION_##state)
#define NOBODY ((struct span){"", 0})

static struct span one_of(struct world *w, const char *const *words, size_t n)
{
	const char *word = words[world_below(w, n)];
	return SPAN_TEXT(word);
}

static struct desk_model *model(struct world *w)
{
	return &w->desk->now;
}

void desk_told(struct world *w, enum parlor_err err, const char *format, ...)
{
	char words[TRANSCRIPT_WIDTH];
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	world_say(w, "%.*s %s: %s", (int)w->call.tenant.len, (const char *)w->call.tenant.data,
		  words, parlor_err_name((int)err));
	WANT(w, !err || w->desk->quiet, "refused, and something was recorded");
	w->desk->quiet = true;
}

/* ---- whom it is about ------------------------------------------------------------ */

/* A conversation, and what is asked of it: as its tenant. */
struct asking {
	struct d_conversation *c; /* NULL: none is open */
	char id[40];
	struct core_desk_act act;
	struct conversation_view view;
};

/* One in one of these states, if there is one; now and then one that is closed. */
static void ask(struct world *w, struct asking *a, unsigned states)
{
	struct desk_model *m = model(w);
	struct d_conversation *fit[D_OPEN];
	size_t n = 0;
	for (int i = 0; i < m->open_len; i++)
		if (states & (1U << m->open[i].row.state))
			fit[n++] = &m->open[i];
	*a = (struct asking){.c = NULL};
	if (m->closed_len && world_chance(w, 5))
		a->c = &m->closed[world_below(w,
					      m->closed_len < D_CLOSED ? m->closed_len : D_CLOSED)];
	else if (n && world_chance(w, 95))
		a->c = fit[world_below(w, n)];
	else if (m->open_len)
		a->c = &m->open[world_below(w, (uint64_t)m->open_len)];
	if (a->c)
		w->call.tenant = m->tenants[a->c->tenant];
	/* c0 is nobody's. */
	int len = snprintf(a->id, sizeof a->id, "%s", a->c ? a->c->id : "c0");
	a->act.conversation = (struct span){a->id, (size_t)len};
	w->desk->quiet = true;
}

static struct span agent_of(struct world *w, uint64_t seat)
{
	const struct d_seat *s = seat ? model_seat(model(w), seat) : NULL;
	return s ? s->row.agent : ANY(w, agents);
}

/* Whoever serves it, or may say so otherwise; now and then nobody who may. */
static struct span by_of(struct world *w, const struct asking *a)
{
	if (a->c && a->c->row.seat && world_chance(w, 60))
		return agent_of(w, a->c->row.seat);
	return world_chance(w, 60)   ? NOBODY
	       : world_chance(w, 50) ? ANY(w, agents)
				     : ANY(w, visitors);
}

/* A seat of its desk, that this agent has: NULL when there is none. */
static struct d_seat *seat_of(struct world *w, const struct d_conversation *c, struct span agent)
{
	struct desk_model *m = model(w);
	for (int i = 0; i < m->seats_len; i++) {
		struct d_seat *s = &m->seats[i];
		if (s->row.desk_no == c->row.desk && span_equal(s->row.agent, agent) && !s->removed)
			return s;
	}
	return NULL;
}

/* What holds before anything is asked of an open one. */
static enum parlor_err may_ask(const struct asking *a, struct d_seat *s)
{
	if (!a->c)
		return PARLOR_E_CONVERSATION_UNKNOWN;
	if (a->c->row.state == CONVERSATION_CLOSED)
		return PARLOR_E_CONVERSATION_CLOSED;
	return s ? PARLOR_E_OK : PARLOR_E_SEAT_UNKNOWN;
}

static void want(struct world *w, const struct asking *a, enum parlor_err got,
		 enum parlor_err expected, const char *what)
{
	desk_told(w, got, "%s %s by %.*s", what, a->id, (int)a->act.agent.len,
		  (const char *)a->act.agent.data);
	WANT(w, got == expected, "%s, but the model says %s", parlor_err_name((int)got),
	     parlor_err_name((int)expected));
}

/* ---- visitors -------------------------------------------------------------------- */

const struct d_desk *desk_any(struct world *w)
{
	struct desk_model *m = model(w);
	const struct d_desk *d = &m->desks[world_below(w, (uint64_t)m->desks_len)];
	w->call.tenant = m->tenants[d->tenant];
	return d;
}

static void move_open(struct world *w)
{
	char id[24], client[24];
	struct conversation_view view;
	int len = snprintf(id, sizeof id, "c%llu", (unsigned long long)++w->desk->posts);
	struct core_desk_open q = {.conversation = {id, (size_t)len},
				   .desk = world_chance(w, 98) ? desk_any(w)->row.desk : NOBODY,
				   .visitor = ANY(w, visitors),
				   .team = world_chance(w, 40) ? NOBODY : ANY(w, teams),
				   .priority =
					   (uint32_t)(world_chance(w, 70) ? 0 : world_below(w, 4)),
				   .agent = world_chance(w, 85) ? NOBODY : ANY(w, agents)};
	if (world_chance(w, 50)) {
		int n = snprintf(client, sizeof client, "f%s", id);
		q.client_id = (struct span){client, (size_t)n};
		q.body = SPAN_TEXT("hello");
	}
	enum parlor_err err = core_desk_open(w->core, &w->call, &q, &view);
	desk_told(w, err, "open %s at %.*s by %.*s", id, 2, (const char *)q.desk.data, 2,
		  (const char *)q.visitor.data);
}

static void move_post(struct world *w)
{
	struct asking a;
	char id[24];
	struct core_posted posted;
	ask(w, &a, IN(WAITING) | IN(OFFERED) | IN(BOT) | IN(ACTIVE) | IN(HELD));
	if (!a.c)
		return;
	const struct d_room *room = model_room(model(w), a.c->row.room);
	bool visitor = !a.c->row.seat || world_chance(w, 50);
	int len = snprintf(id, sizeof id, "p%llu", (unsigned long long)++w->desk->posts);
	struct core_post q = {.room = {room->id, room->id_len},
			      .sender = visitor ? a.c->row.visitor_id : agent_of(w, a.c->row.seat),
			      .client_id = {id, (size_t)len},
			      .body = SPAN_TEXT("words"),
			      .type = world_chance(w, 90) ? MESSAGE_TYPE_MESSAGE
							  : MESSAGE_TYPE_NOTICE};
	enum parlor_err err = core_desk_post(w->core, &w->call, &q, &posted);
	desk_told(w, err, "post to %s by %.*s", a.id, (int)q.sender.len,
		  (const char *)q.sender.data);
}

static void move_read(struct world *w)
{
	struct asking a;
	struct core_unread_view view;
	ask(w, &a, IN(ACTIVE) | IN(BOT) | IN(HELD));
	if (!a.c || !a.c->row.seat)
		return;
	const struct d_room *room = model_room(model(w), a.c->row.room);
	enum parlor_err err =
		core_read(w->core, &w->call, (struct span){room->id, room->id_len},
			  agent_of(w, a.c->row.seat), world_below(w, room->last_seq + 1), &view);
	desk_told(w, err, "read %s", a.id);
}

static void move_rate(struct world *w)
{
	struct asking a;
	struct desk_model *m = model(w);
	if (!m->closed_len)
		return;
	ask(w, &a, 0);
	if (!a.c)
		return;
	a.act.by = a.c->row.visitor_id;
	enum parlor_err err = core_desk_rate(w->core, &w->call, &a.act,
					     1 + (uint32_t)world_below(w, 5), NOBODY, &a.view);
	desk_told(w, err, "rate %s", a.id);
}

/* ---- agents
 * ------------------------------------------------------------------- */

/* Whose answer it is: the offer's, or wrong in one way. */
static void ask_offer(struct world *w, struct asking *a)
{
	ask(w, a, IN(OFFERED) | (world_chance(w, 30) ? IN(ACTIVE) : 0));
	a->act.agent = ANY(w, agents);
	if (!a->c)
		return;
	a->act.offer = a->c->row.offer ? a->c->row.offer : a->c->row.accepted;
	if (a->c->offered_len && world_chance(w, 90))
		a->act.agent = agent_of(w, a->c->offered[world_below(w, a->c->offered_len)]);
	else if (!a->c->offered_len && a->c->row.seat)
		a->act.agent = agent_of(w, a->c->row.seat);
	if (world_chance(w, 5))
		a->act.offer += 1 - 2 * world_below(w, 2);
}

static enum parlor_err live(const struct asking *a, const struct d_seat *s)
{
	if (!a->act.offer || a->c->row.offer != a->act.offer)
		return PARLOR_E_OFFER_GONE;
	return model_is_offered(a->c, s->no) ? PARLOR_E_OK : PARLOR_E_NOT_YOURS;
}

static void move_accept(struct world *w)
{
	struct asking a;
	ask_offer(w, &a);
	struct d_seat *s = a.c ? seat_of(w, a.c, a.act.agent) : NULL;
	enum parlor_err expected = may_ask(&a, s);
	bool again = !expected && a.act.offer && a.c->row.accepted == a.act.offer &&
		     a.c->row.seat == s->no;
	if (!expected && !again)
		expected = live(&a, s);
	uint64_t no = a.c ? a.c->no : 0, seat = s ? s->no : 0;
	enum parlor_err got = core_desk_accept(w->core, &w->call, &a.act, &a.view);
	want(w, &a, got, expected, "accept");
	if (!got)
		WANT_SAME(w, model_open(model(w), no)->row.seat, seat);
	WANT(w, !again || w->desk->quiet, "accepted again");
}

static void move_decline(struct world *w)
{
	struct asking a;
	ask_offer(w, &a);
	struct d_seat *s = a.c ? seat_of(w, a.c, a.act.agent) : NULL;
	enum parlor_err expected = may_ask(&a, s);
	if (!expected)
		expected = live(&a, s);
	want(w, &a, core_desk_decline(w->core, &w->call, &a.act, &a.view), expected, "decline");
}

static bool is_away(struct world *w, const struct d_seat *s)
{
	const struct d_agent *a = model_agent(model(w), s->row.party_no);
	return s->row.off || a->row.off || a->removed || a->row.mode == MODE_AWAY ||
	       s->row.mode == MODE_AWAY;
}

static enum parlor_err may_claim(struct world *w, const struct d_conversation *c,
				 const struct d_seat *s)
{
	struct desk_model *m = model(w);
	uint64_t queue = model_queue(c);
	if (c->row.offer || !queue)
		return PARLOR_E_NOT_WAITING;
	struct d_team_seat *t = model_team_seat(m, queue, s->no);
	struct d_team *over = c->row.overflows ? model_overflow(m, model_team(m, queue)) : NULL;
	if (!t && over)
		t = model_team_seat(m, over->no, s->no);
	if (is_away(w, s))
		return PARLOR_E_SEAT_AWAY;
	if (!t)
		return PARLOR_E_NOT_SEATED;
	return model_has_room(m, s, t) ? PARLOR_E_OK : PARLOR_E_SEAT_FULL;
}

static void move_claim(struct world *w)
{
	struct asking a;
	ask(w, &a, IN(WAITING) | (world_chance(w, 30) ? IN(OFFERED) | IN(ACTIVE) : 0));
	a.act.agent = ANY(w, agents);
	struct d_seat *s = a.c ? seat_of(w, a.c, a.act.agent) : NULL;
	enum parlor_err expected = may_ask(&a, s);
	uint8_t state = a.c ? a.c->row.state : 0;
	bool served = state == CONVERSATION_ACTIVE || state == CONVERSATION_BOT;
	bool has = !expected && served && a.c->row.seat == s->no;
	if (!expected && !has)
		expected = may_claim(w, a.c, s);
	want(w, &a, core_desk_claim(w->core, &w->call, &a.act, &a.view), expected, "claim");
}

static void move_assign(struct world *w)
{
	struct asking a;
	ask(w, &a, IN(WAITING) | IN(OFFERED) | IN(BOT) | IN(DEFERRED));
	a.act.agent = ANY(w, agents);
	a.act.by = by_of(w, &a);
	bool over = world_chance(w, 50);
	enum parlor_err err = core_desk_assign(w->core, &w->call, &a.act, over, &a.view);
	desk_told(w, err, "assign %s to %.*s%s", a.id, (int)a.act.agent.len,
		  (const char *)a.act.agent.data, over ? " over" : "");
}

typedef enum parlor_err simple_fn(struct core *, const struct core_call *,
				  const struct core_desk_act *, struct conversation_view *);

static void simple(struct world *w, unsigned states, simple_fn *fn, const char *what)
{
	struct asking a;
	ask(w, &a, states);
	a.act.by = by_of(w, &a);
	desk_told(w, fn(w->core, &w->call, &a.act, &a.view), "%s %s by %.*s", what, a.id,
		  (int)a.act.by.len, (const char *)a.act.by.data);
}

static void move_return(struct world *w)
{
	simple(w, IN(ACTIVE) | IN(HELD), core_desk_return, "return");
}

static void move_hold(struct world *w)
{
	simple(w, IN(ACTIVE), core_desk_hold, "hold");
}

static void move_resume(struct world *w)
{
	simple(w, IN(HELD), core_desk_resume, "resume");
}

static void move_handoff(struct world *w)
{
	simple(w, IN(BOT), core_desk_handoff, "hand off");
}

static void move_close(struct world *w)
{
	simple(w, ~0U, core_desk_close, "close");
}

static void move_transfer(struct world *w)
{
	struct asking a;
	struct core_desk_transfer q = {.let_go = world_chance(w, 40), .wait = world_chance(w, 50)};
	ask(w, &a, IN(ACTIVE));
	a.act.by = by_of(w, &a);
	q.agent = q.team = NOBODY;
	if (world_chance(w, 50))
		q.agent = ANY(w, agents);
	else
		q.team = ANY(w, teams);
	enum parlor_err err = core_desk_transfer(w->core, &w->call, &a.act, &q, &a.view);
	desk_told(w, err, "transfer %s to %.*s%.*s%s", a.id, (int)q.agent.len,
		  (const char *)q.agent.data, (int)q.team.len, (const char *)q.team.data,
		  q.let_go ? ", let go"
		  : q.wait ? ", wait"
			   : "");
}

static void move_cancel(struct world *w)
{
	struct asking a;
	ask(w, &a, IN(ACTIVE));
	for (int i = 0; i < model(w)->open_len && a.c && !a.c->row.transfer; i++)
		if (model(w)->open[i].row.transfer)
			ask(w, &a, IN(ACTIVE));
	a.act.by = by_of(w, &a);
	a.act.offer = a.c ? a.c->row.transfer : 1;
	desk_told(w, core_desk_transfer_cancel(w->core, &w->call, &a.act, &a.view), "cancel %s",
		  a.id);
}

static void move_mark(struct world *w)
{
	struct asking a;
	ask(w, &a, IN(WAITING) | IN(OFFERED) | IN(ACTIVE));
	uint32_t priority = (uint32_t)world_below(w, 5);
	enum parlor_err err = core_desk_mark(w->core, &w->call, &a.act, priority, NOBODY, &a.view);
	desk_told(w, err, "mark %s as %u", a.id, priority);
}

static void move_mode(struct world *w)
{
	uint64_t position;
	struct core_desk_act act = {.agent = ANY(w, agents)};
	(void)desk_any(w);
	uint8_t mode =
		(uint8_t)ONE_OF(w, MODE_READY, MODE_READY, MODE_READY, MODE_AWAY, MODE_ALWAYS);
	enum parlor_err err = core_desk_mode(w->core, &w->call, &act, mode, &position);
	desk_told(w, err, "mode %d of %.*s", mode, (int)act.agent.len,
		  (const char *)act.agent.data);
}

/* ---- whoever is there, and rooms
 * ---------------------------------------------- */

static void move_presence(struct world *w)
{
	struct desk_model *m = model(w);
	uint64_t member = 1 + world_below(w, (uint64_t)(m->members_len ? m->members_len - 1 : 1));
	uint8_t presence =
		(uint8_t)ONE_OF(w, PRESENCE_IS_ONLINE, PRESENCE_IS_ONLINE, PRESENCE_IS_ONLINE,
				PRESENCE_IS_BUSY, PRESENCE_IS_OFFLINE);
	enum parlor_err err = core_presence_set(w->core, &w->call, member, presence);
	desk_told(w, err, "presence %d of %d", presence, (int)member);
}

static void everybody(struct world *w, uint8_t presence)
{
	for (int i = 1; i < model(w)->members_len; i++)
		if (world_chance(w, 80))
			desk_told(w, core_presence_set(w->core, &w->call, (uint64_t)i, presence),
				  "presence %d of %d", presence, i);
}

static void move_all_come(struct world *w)
{
	everybody(w, PRESENCE_IS_ONLINE);
}

static void move_all_go(struct world *w)
{
	everybody(w, PRESENCE_IS_OFFLINE);
}

static void move_room_state(struct world *w)
{
	struct asking a;
	struct core_room_view view;
	ask(w, &a, ~0U);
	if (!a.c)
		return;
	const struct d_room *room = model_room(model(w), a.c->row.room);
	uint8_t state = world_chance(w, 70) ? ROOM_STATE_CLOSED : ROOM_STATE_DISSOLVED;
	enum parlor_err err =
		core_room_set_state(w->core, &w->call, (struct span){room->id, room->id_len}, state,
				    &(struct core_notice){.body = NOBODY}, &view);
	desk_told(w, err, "room of %s is %d", a.id, state);
}

static void move_remove_member(struct world *w)
{
	struct asking a;
	struct core_room_view view;
	ask(w, &a, ~0U);
	if (!a.c)
		return;
	const struct d_room *room = model_room(model(w), a.c->row.room);
	bool closed = a.c->row.state == CONVERSATION_CLOSED;
	struct span in = {room->id, room->id_len};
	struct span who = a.c->row.seat ? agent_of(w, a.c->row.seat) : a.c->row.visitor_id;
	enum parlor_err err = core_desk_may_leave(w->core, &w->call, in, &who, 1);
	if (!err)
		err = core_members_remove(w->core, &w->call, in, &who, 1,
					  &(struct core_notice){.body = NOBODY}, &view);
	desk_told(w, err, "remove %.*s from %s", (int)who.len, (const char *)who.data, a.id);
	WANT(w, err || closed, "it was needed there");
}

static const struct {
	unsigned weight;
	void (*make)(struct world *);
} moves[] = {
	{160, move_open},     {130, move_post},        {40, move_read},    {10, move_rate},
	{130, move_accept},   {40, move_decline},      {50, move_claim},   {20, move_assign},
	{25, move_return},    {20, move_hold},         {20, move_resume},  {15, move_handoff},
	{90, move_close},     {60, move_transfer},     {20, move_cancel},  {15, move_mark},
	{25, move_mode},      {80, move_presence},     {6, move_all_come}, {3, move_all_go},
	{5, move_room_state}, {5, move_remove_member}, {40, desk_change},
};

void desk_move(struct world *w)
{
	uint64_t sum = 0;
	size_t at = 0;
	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
		sum += moves[i].weight;
	uint64_t dice = world_below(w, sum);
	while (dice >= moves[at].weight)
		dice -= moves[at++].weight;
	w->desk->quiet = true;
	moves[at].make(w);
}
