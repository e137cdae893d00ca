/* What must hold of a desk when nothing is left to be settled, counted from the model and
 * asked of the core. */
#include "desk_world.h"

#include "core/desk/config_row.h"
#include "core/desk/list.h"
#include "core/reading.h"

#define BOOT_US 20000000
#define BOOT_HOLD_US 3000000
#define LATE_US 500000
#define TOLERANCE_US 100000

/* ---- who has it (D1, D6) --------------------------------------------------------- */

static void check_owner(struct world *w, struct desk_model *m, const struct d_conversation *c)
{
	struct d_room *room = model_room(m, c->row.room);
	uint8_t state = c->row.state;
	bool served = state == CONVERSATION_ACTIVE || state == CONVERSATION_BOT ||
		      state == CONVERSATION_HELD;
	WANT(w, !served || c->row.seat, "conversation %d, state %d: nobody serves", (int)c->no,
	     state);
	WANT(w, served || !c->row.seat || c->row.robot, "conversation %d, state %d: served",
	     (int)c->no, state);
	WANT(w, state != CONVERSATION_BOT || c->row.robot, "no robot");
	WANT(w, state != CONVERSATION_ACTIVE || !c->row.robot, "a robot");
	WANT(w,
	     (state == CONVERSATION_OFFERED) == (c->row.offer && !c->row.seat) ||
		     (c->row.offer && c->row.robot),
	     "state %d, offer %d", state, (int)c->row.offer);
	const struct d_seat *s = c->row.seat ? model_seat(m, c->row.seat) : NULL;
	for (int i = 0; i < room->stays_len; i++) {
		uint64_t member = room->stays[i].member;
		WANT(w, member == c->row.visitor || (s && member == s->row.party_no),
		     "member %d is in the room of conversation %d", (int)member, (int)c->no);
	}
	WANT(w, !s || model_stay(room, s->row.party_no), "conversation %d: not in the room",
	     (int)c->no);
	WANT(w, room->state == ROOM_STATE_OPEN, "open in a room that is closed");
}

/* The visitor's next word ends it, and nothing else does. */
static void check_held(struct world *w, const struct desk_model *m, const struct d_conversation *c)
{
	const struct d_message *last = model_last_word(m, c);
	WANT(w,
	     c->row.state != CONVERSATION_HELD || !last || last->sender != c->row.visitor ||
		     last < m->messages + c->held_at,
	     "conversation %d is held, and its visitor has spoken", (int)c->no);
}

/* ---- unread (D7) ----------------------------------------------------------------- */

static void check_unread(struct world *w, struct desk_model *m, const struct d_conversation *c)
{
	struct core_unread_view is;
	struct core_call call = {.tenant = m->tenants[c->tenant]};
	const struct d_room *room = model_room(m, c->row.room);
	const struct d_seat *s = c->row.seat ? model_seat(m, c->row.seat) : NULL;
	if (!s)
		return;
	WANT_SAME(w,
		  core_unread(w->core, &call, (struct span){room->id, room->id_len}, s->row.agent,
			      &is),
		  PARLOR_E_OK);
	WANT_SAME(w, is.unread, model_unread(m, c, s->row.party_no));
}

/* ---- places (D9) ----------------------------------------------------------------- */

static void check_place(struct world *w, struct desk_model *m, const struct d_conversation *c)
{
	uint64_t of, place = model_place(m, c, &of);
	struct conversation_view view;
	struct place_view is;
	struct core_call call = {.tenant = m->tenants[c->tenant]};
	const struct span id = {c->id, c->id_len};
	WANT_SAME(w, core_desk_place(w->core, &call, id, &view, &is), PARLOR_E_OK);
	WANT_SAME(w, is.place, place);
	WANT(w, !place || is.of == of, "%d of %d, not of %d", (int)place, (int)is.of, (int)of);
	WANT_SAME(w, view.no, c->no);
	WANT_SAME(w, view.state, c->row.state);
	WANT_SAME(w, view.seat_no, c->row.seat);
	WANT_SAME(w, view.offer, c->row.offer);
	WANT_SAME(w, view.team_no, c->row.team);
}

/* ---- loads (D2), looked at from inside
 * ---------------------------------------- */

static void check_loads(struct world *w, struct desk_model *m)
{
	for (int i = 0; i < m->seats_len; i++) {
		const struct d_seat *s = &m->seats[i];
		struct d_load load = model_load(m, s, 0);
		const struct config *is = config_find_no(w->core, s->no);
		WANT_SAME(w, ((const struct seat *)is->is)->load, load.seat);
		WANT_SAME(w, ((const struct seat *)is->is)->agent->load, load.agent);
	}
	for (int i = 0; i < m->team_seats_len; i++) {
		const struct d_team_seat *t = &m->team_seats[i];
		struct d_load load = model_load(m, model_seat(m, t->row.seat_no), t->row.team_no);
		const struct config *is = config_find_no(w->core, t->no);
		if (!t->removed)
			WANT_SAME(w, ((const struct team_seat *)is->is)->load, load.team_seat);
	}
}

/* ---- pairs that were left (D3)
 * ------------------------------------------------ */

static void check_left(struct world *w, struct desk_model *m, struct d_conversation *c,
		       struct d_team *team)
{
	for (int i = 0; team && i < m->team_seats_len; i++) {
		struct d_team_seat *t = &m->team_seats[i];
		WANT(w, t->row.team_no != team->no || !model_could(m, c, team, t),
		     "conversation %d waits, and seat %d could have it", (int)c->no,
		     (int)t->row.seat_no);
	}
}

static void check_pairs(struct world *w, struct desk_model *m, struct d_conversation *c)
{
	struct d_team *home = model_team(m, model_queue(c));
	if (!home || model_now(m) < m->boot_us + BOOT_HOLD_US + TOLERANCE_US || !model_is_free(c))
		return;
	check_left(w, m, c, home);
	if (c->row.overflows)
		check_left(w, m, c, model_overflow(m, home));
}

/* ---- time (D10)
 * --------------------------------------------------------------- */

void desk_check_clock(struct world *w)
{
	struct desk_model *m = &w->desk->now;
	if (!m->desks_len)
		return;
	m->now_us = core_time(w->core);
	uint64_t is = model_now(m), want = w->desk->desk_us;
	WANT(w, is + TOLERANCE_US > want && is < want + TOLERANCE_US,
	     "the desk's clock is %lld off", (long long)(is - want));
}

static void check_overdue(struct world *w, struct desk_model *m, const struct d_conversation *c)
{
	uint64_t now = model_now(m), boot = m->boot_us + BOOT_US + LATE_US;
	if (!c->row.offer || c->row.offer_until_desk_us == UINT64_MAX || now <= boot)
		return;
	WANT(w, now <= c->row.offer_until_desk_us + LATE_US, "offer %d of conversation %d is over",
	     (int)c->row.offer, (int)c->no);
}

/* Whoever serves is not gone for ever: its time is doubled where many go at once. */
static void check_gone(struct world *w, struct desk_model *m, const struct d_conversation *c)
{
	const struct d_team *team = model_team(m, c->row.team);
	const struct d_seat *s = c->row.seat ? model_seat(m, c->row.seat) : NULL;
	uint64_t grace = model_us(team->row.grace_ms, 60000), now = model_now(m);
	if (!s || c->row.robot || team->row.when_gone == 1 || !grace)
		return;
	const struct d_member *member = &m->members[s->row.party_no];
	const struct d_agent *a = model_agent(m, s->row.party_no);
	if (member->presence != PRESENCE_IS_OFFLINE || a->row.mode == MODE_ALWAYS ||
	    s->row.mode == MODE_ALWAYS || s->row.bind)
		return;
	grace = grace < BOOT_US ? BOOT_US : grace;
	uint64_t since = member->gone_us > a->set_us ? member->gone_us : a->set_us;
	since = since > c->row.since_desk_us ? since : c->row.since_desk_us;
	WANT(w, now <= since + 2 * grace + LATE_US,
	     "conversation %d is still with an agent that is gone", (int)c->no);
}

static void check_waits(struct world *w, struct desk_model *m, const struct d_conversation *c)
{
	const struct d_team *team = model_team(m, c->row.team);
	uint64_t most = model_us(team->row.max_wait_ms, 0);
	WANT(w,
	     !most || c->row.state != CONVERSATION_WAITING ||
		     model_now(m) <= c->row.waits_desk_us + most + LATE_US,
	     "conversation %d waits for too long", (int)c->no);
}

void desk_check(struct world *w)
{
	struct desk_model *m = &w->desk->now;
	if (!m->desks_len)
		return;
	m->now_us = core_time(w->core);
	check_loads(w, m);
	for (int i = 0; i < m->open_len; i++) {
		struct d_conversation *c = &m->open[i];
		check_owner(w, m, c);
		check_held(w, m, c);
		check_unread(w, m, c);
		check_place(w, m, c);
		check_pairs(w, m, c);
		check_overdue(w, m, c);
		check_gone(w, m, c);
		check_waits(w, m, c);
	}
}
