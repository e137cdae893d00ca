#include "core/desk/timer.h"

#include "core/decide.h"
#include "core/desk/act.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/duty.h"
#include "core/desk/match.h"
#include "core/desk/queue.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"
#include "core/room_row.h"

/* A cause: when it is due in this state (0: never), and what comes of it. */
struct cause {
	unsigned states; /* bits of states */
	uint64_t (*due)(const struct conversation *);
	void (*act)(struct core *, struct conversation *);
};
#define IN(state) (1U << CONVERSATION_##state)

static uint64_t behind(uint64_t since_us, uint64_t us)
{
	return us ? since_us + us : 0;
}

/* ---- offers ------------------------------------------------------------------- */

/* Whoever has just begun may not have been able to answer. */
static uint64_t boot_over(const struct conversation *v)
{
	return v->state->boot_us + SETTING_BOOT_US + SETTING_LATE_US;
}

static uint64_t offer_due(const struct conversation *v)
{
	uint64_t until = v->row.offer_until_desk_us;
	if (!v->row.offer || until == UINT64_MAX)
		return 0;
	uint64_t due = until + SETTING_LATE_US;
	return due < boot_over(v) && v->offered_before_boot ? boot_over(v) : due;
}

static void offer_ends(struct core *c, struct conversation *v)
{
	const struct team *team = team_find_no(c, v->row.offer_team);
	uint64_t misses = SETTING(team ? team : v->team, misses);
	bool to_seat = v->row.transfer_seat != 0;
	while (v->row.offered.len && !c->broken) {
		struct seat *s = seat_find_any(c, numbers_at(&v->row.offered, 0));
		offer_finish(c, v, s, OFFER_EXPIRED, true, NO_ONE);
		if (misses && s->agent->row.misses >= misses && s->agent->row.mode == MODE_READY)
			act_set_mode(c, s->agent, MODE_AWAY, SPAN_TEXT("missed"));
	}
	if (to_seat && v->row.transfer)
		service_transfer_end(c, v, TRANSFER_EXPIRED, NO_ONE);
}

/* Of this run: whoever has not been heard of since it began may come back for a while. */
static bool is_gone(const struct core *c, const struct conversation *v, const struct seat *s)
{
	if (!seat_is_on(s))
		return true;
	return s->agent->presence == PRESENCE_IS_OFFLINE && !s->available &&
	       (s->agent->gone_us != v->state->boot_us || desk_now(c) >= boot_over(v));
}

static void end_offers_of_gone(struct core *c, struct conversation *v)
{
	bool transfer = v->row.transfer_seat != 0;
	for (size_t i = 0; i < v->row.offered.len && !c->broken;) {
		struct seat *s = seat_find_any(c, numbers_at(&v->row.offered, i));
		if (is_gone(c, v, s))
			offer_finish(c, v, s, OFFER_SEAT_GONE, false, NO_ONE);
		else
			i++;
	}
	if (transfer && v->row.transfer && !v->row.offer && !v->row.transfer_wait)
		service_transfer_end(c, v, TRANSFER_EXPIRED, NO_ONE);
}

/* Who was asked before this run began, and has not come back: it is asked no more. */
static uint64_t absent_due(const struct conversation *v)
{
	return v->row.offer && v->offered_before_boot ? boot_over(v) : 0;
}

static void absent(struct core *c, struct conversation *v)
{
	v->offered_before_boot = false;
	end_offers_of_gone(c, v);
}

/* Of a transfer that waits for room. */
static uint64_t transfer_due(const struct conversation *v)
{
	return v->row.offer ? 0 : v->row.transfer_until_desk_us;
}

static void transfer_ends(struct core *c, struct conversation *v)
{
	service_transfer_end(c, v, TRANSFER_EXPIRED, NO_ONE);
}

/* ---- waiting ------------------------------------------------------------------ */

static uint64_t reserved_due(const struct conversation *v)
{
	return v->row.reserved ? v->row.reserved_until_desk_us : 0;
}

static void reserved_ends(struct core *c, struct conversation *v)
{
	service_queue(c, v, &(struct queueing){.why = (enum queue_why)v->row.queue_why});
}

/* The next level that lets it in, or the team that helps. */
static uint64_t raise_due(const struct conversation *v)
{
	const struct team *t = v->team;
	const uint64_t levels[DESK_LEVELS] = {SETTING_US(t, level1_ms), SETTING_US(t, level2_ms),
					      SETTING_US(t, level3_ms), 0};
	uint64_t next = behind(v->row.waits_desk_us, levels[v->row.level]);
	uint64_t over = v->row.overflows || !t->row.overflow_team.len
				? 0
				: behind(v->row.waits_desk_us, SETTING_US(t, overflow_ms));
	return !next || (over && over < next) ? over : next;
}

static void raise(struct core *c, struct conversation *v)
{
	struct conversation_change ch;
	const struct team *t = v->team;
	uint64_t now = desk_now(c);
	conversation_begin(&ch, c, v);
	const uint64_t levels[DESK_LEVELS] = {SETTING_US(t, level1_ms), SETTING_US(t, level2_ms),
					      SETTING_US(t, level3_ms), 0};
	uint64_t over_us = SETTING_US(t, overflow_ms);
	while (levels[ch.row.level] && v->row.waits_desk_us + levels[ch.row.level] <= now)
		ch.row.level++;
	ch.row.overflows = over_us && v->row.waits_desk_us + over_us <= now;
	conversation_emit(c, RECORD_RAISED, &ch);
}

static uint64_t waited_due(const struct conversation *v)
{
	return behind(v->row.waits_desk_us, SETTING_US(v->team, max_wait_ms));
}

static void waited_out(struct core *c, struct conversation *v)
{
	service_close(c, v, CLOSE_WAITED_OUT, NO_ONE, NO_ONE);
}

/* A visitor whose presence was never known is not gone. */
static uint64_t visitor_gone_due(const struct conversation *v)
{
	return v->visitor_gone_us ? behind(v->visitor_gone_us, SETTING_US(v->team, visitor_gone_ms))
				  : 0;
}

static void visitor_gone(struct core *c, struct conversation *v)
{
	service_close(c, v, CLOSE_ABANDONED, NO_ONE, NO_ONE);
}

static uint64_t robot_due(const struct conversation *v)
{
	const struct team *t = v->team;
	uint8_t policy = t->row.robot_policy ? t->row.robot_policy : t->desk->row.robot_policy;
	bool wanted = policy == ROBOT_HUMANS_FIRST && !v->row.seat && v->row.queue_why == QUEUE_NEW;
	return wanted && rank_count(&t->robots)
		       ? behind(v->row.waits_desk_us, SETTING_US(t, robot_after_ms))
		       : 0;
}

static void robot_takes(struct core *c, struct conversation *v)
{
	struct team_seat *robot = match_robot(c, v->team);
	if (robot)
		service_assign(c, v, robot->seat, v->team, HOW_ROBOT, NULL, NO_ONE);
}

static uint64_t exclusion_due(const struct conversation *v)
{
	return match_exclusion_due(v, v->looked_us);
}

static void exclusion_ends(struct core *c, struct conversation *v)
{
	struct team *t = v->row.transfer_team ? team_find_no(c, v->row.transfer_team) : v->team;
	prospect_mark(c, &t->prospect);
	struct team *over = queue_overflow(c, t);
	if (over)
		prospect_mark(c, &over->prospect);
}

/* ---- serving ------------------------------------------------------------------ */

static uint64_t agent_gone_due(const struct conversation *v)
{
	const struct seat *s = v->seat;
	if (!s || s->agent->row.robot || s->agent->presence != PRESENCE_IS_OFFLINE ||
	    s->agent->row.mode == MODE_ALWAYS || s->row.mode == MODE_ALWAYS || s->row.bind ||
	    v->team->row.when_gone == 1)
		return 0;
	uint64_t grace_us = SETTING_US(v->team, grace_ms);
	uint64_t gone = s->agent->gone_us;
	if (grace_us && gone == v->state->boot_us && grace_us < SETTING_BOOT_US)
		grace_us = SETTING_BOOT_US;
	const struct staff *staff = s->agent->staff;
	bool with_many = staff && staff->storm_us && gone >= staff->storm_us;
	/* Whoever took it without being there has as long to come. */
	uint64_t since = gone > v->row.since_desk_us ? gone : v->row.since_desk_us;
	uint64_t due = behind(since, with_many ? 2 * grace_us : grace_us);
	return due && due < v->put_off_us ? v->put_off_us : due;
}

static void back_to_queue(struct core *c, struct conversation *v, enum release_why why,
			  enum queue_why queued)
{
	uint64_t seat = v->row.seat;
	uint64_t to = v->row.transfer_seat;
	offer_withdraw(c, v);
	if (v->row.transfer)
		service_transfer_end(c, v, TRANSFER_CANCELLED, NO_ONE);
	service_release(c, v, why, NO_ONE, NO_ONE);
	/* Whom it was to be passed on to is still the first who should have it. */
	service_queue(
		c, v,
		&(struct queueing){.why = queued,
				   .excluded = seat,
				   .reserved = to,
				   .until_us = desk_now(c) + SETTING_US(v->team, sticky_wait_ms)});
}

/* Of one tick: when thousands go, others are served between them. */
#define RELEASES 200

static void agent_gone(struct core *c, struct conversation *v)
{
	if (c->desk->releases++ >= RELEASES) {
		v->put_off_us = desk_now(c) + 1;
		return;
	}
	if (v->team->row.when_gone == 2)
		service_close(c, v, CLOSE_GONE, NO_ONE, NO_ONE);
	else
		back_to_queue(c, v, RELEASE_GONE, QUEUE_GONE);
}

static uint64_t take_away_due(const struct conversation *v)
{
	if (v->row.spoke != SPOKE_VISITOR || v->row.takeaways >= SETTING(v->team, takeaways_max))
		return 0;
	uint64_t since = v->row.visitor_spoke_desk_us > v->row.since_desk_us
				 ? v->row.visitor_spoke_desk_us
				 : v->row.since_desk_us;
	return behind(since, SETTING_US(v->team, take_away_ms));
}

static void take_away(struct core *c, struct conversation *v)
{
	v->row.takeaways++; /* in the next record, which is made of this row */
	back_to_queue(c, v, RELEASE_UNANSWERED, QUEUE_UNANSWERED);
}

static void remind(struct core *c, struct conversation *v, uint8_t which, bool of_words)
{
	struct conversation_change ch;
	conversation_begin(&ch, c, v);
	if (of_words)
		ch.row.reminded_seq = ch.row.spoke_seq;
	else
		ch.row.reminded_sla |= (uint8_t)(1U << which);
	ch.reminded = which;
	conversation_emit(c, RECORD_REMINDED, &ch);
}

enum { REMIND_NOTHING, REMIND_SEAT, REMIND_VISITOR, REMIND_FIRST, REMIND_END };

/* Once for a silence: it is about the last message. */
static uint64_t remind_seat_due(const struct conversation *v)
{
	if (v->row.spoke != SPOKE_VISITOR || v->row.reminded_seq == v->row.spoke_seq)
		return 0;
	return behind(v->row.visitor_spoke_desk_us, SETTING_US(v->team, remind_seat_ms));
}

static void remind_seat(struct core *c, struct conversation *v)
{
	remind(c, v, REMIND_SEAT, true);
}

static uint64_t remind_visitor_due(const struct conversation *v)
{
	if (v->row.spoke != SPOKE_SEAT || v->row.reminded_seq == v->row.spoke_seq)
		return 0;
	return behind(v->row.seat_spoke_desk_us, SETTING_US(v->team, remind_visitor_ms));
}

static void remind_visitor(struct core *c, struct conversation *v)
{
	remind(c, v, REMIND_VISITOR, true);
}

/* A visitor who waits for an answer is never let go. */
static uint64_t silent_due(const struct conversation *v)
{
	uint64_t close_us = SETTING_US(v->team, close_silent_ms);
	if (v->row.spoke != SPOKE_SEAT || !close_us)
		return 0;
	return v->row.seat_spoke_desk_us + SETTING_US(v->team, remind_visitor_ms) + close_us;
}

static void silent(struct core *c, struct conversation *v)
{
	service_close(c, v, CLOSE_TIMEOUT, NO_ONE, NO_ONE);
}

static uint64_t hold_due(const struct conversation *v)
{
	if (v->row.spoke != SPOKE_SEAT || v->row.transfer)
		return 0;
	return behind(v->row.seat_spoke_desk_us, SETTING_US(v->team, hold_ms));
}

static void hold(struct core *c, struct conversation *v)
{
	act_set_held(c, v, true, NO_ONE);
}

static uint64_t robot_silent_due(const struct conversation *v)
{
	const struct seat *s = v->seat;
	if (s && s->agent->presence == PRESENCE_IS_OFFLINE && !s->row.bind &&
	    s->agent->row.mode != MODE_ALWAYS && s->row.mode != MODE_ALWAYS)
		return v->row.since_desk_us;
	if (v->row.spoke == SPOKE_SEAT)
		return 0;
	uint64_t since = v->row.visitor_spoke_desk_us > v->row.since_desk_us
				 ? v->row.visitor_spoke_desk_us
				 : v->row.since_desk_us;
	return behind(since, SETTING_US(v->team, robot_silence_ms));
}

static void robot_silent(struct core *c, struct conversation *v)
{
	act_handoff(c, v, NO_ONE, NO_ONE);
}

static uint64_t sla_first_due(const struct conversation *v)
{
	if (v->row.first_response_us || v->row.reminded_sla & (1U << REMIND_FIRST))
		return 0;
	return behind(v->row.opened_desk_us, SETTING_US(v->team, sla_first_ms));
}

static void sla_first(struct core *c, struct conversation *v)
{
	remind(c, v, REMIND_FIRST, false);
}

static uint64_t sla_end_due(const struct conversation *v)
{
	if (v->row.reminded_sla & (1U << REMIND_END))
		return 0;
	return behind(v->row.opened_desk_us, SETTING_US(v->team, sla_close_ms));
}

static void sla_end(struct core *c, struct conversation *v)
{
	remind(c, v, REMIND_END, false);
}

/* ---- all of them -------------------------------------------------------------- */

/* Of several that are due at once the first is done, and the others looked at again. */
static const struct cause causes[] = {
	{IN(OFFERED) | IN(ACTIVE), offer_due, offer_ends},
	{IN(OFFERED) | IN(ACTIVE), absent_due, absent},
	{IN(ACTIVE), transfer_due, transfer_ends},
	{IN(WAITING) | IN(OFFERED) | IN(DEFERRED), visitor_gone_due, visitor_gone},
	{IN(WAITING) | IN(DEFERRED), waited_due, waited_out},
	{IN(WAITING), reserved_due, reserved_ends},
	{IN(WAITING), raise_due, raise},
	{IN(WAITING), robot_due, robot_takes},
	{IN(ACTIVE) | IN(HELD), agent_gone_due, agent_gone},
	{IN(ACTIVE), take_away_due, take_away},
	{IN(ACTIVE) | IN(HELD), silent_due, silent},
	{IN(ACTIVE), hold_due, hold},
	{IN(BOT), robot_silent_due, robot_silent},
	{IN(ACTIVE), remind_seat_due, remind_seat},
	{IN(ACTIVE), remind_visitor_due, remind_visitor},
	{~0U, sla_first_due, sla_first},
	{~0U, sla_end_due, sla_end},
	{IN(WAITING) | IN(ACTIVE), exclusion_due, exclusion_ends},
};
#define CAUSES (sizeof causes / sizeof causes[0])

static uint64_t due_of(const struct conversation *v, const struct cause *cause)
{
	return cause->states & (1U << v->row.state) ? cause->due(v) : 0;
}

uint64_t timer_due(const struct conversation *v)
{
	uint64_t first = 0;
	for (size_t i = 0; i < CAUSES; i++) {
		uint64_t due = due_of(v, &causes[i]);
		if (due && (!first || due < first))
			first = due;
	}
	return first;
}

/* The first cause whose time has come; NULL: none. */
static const struct cause *due_now(const struct conversation *v, uint64_t now)
{
	for (size_t i = 0; i < CAUSES; i++) {
		uint64_t due = due_of(v, &causes[i]);
		if (due && due <= now)
			return &causes[i];
	}
	return NULL;
}

enum parlor_err timer_expire(struct core *c, struct conversation *v)
{
	const struct cause *cause;
	uint64_t now = desk_now(c);
	/* None is due again at once: what it does moves its time. */
	for (size_t i = 0; i < CAUSES && v->linked && !c->broken; i++) {
		cause = due_now(v, now);
		if (!cause)
			break;
		/* Exclusions that are over are passed, and looked for no more. */
		if (cause->due == exclusion_due)
			v->looked_us = now;
		cause->act(c, v);
	}
	conversation_set_due(c, v);
	return c->broken;
}

enum parlor_err timer_rested(struct core *c, struct seat *s)
{
	seat_out(s);
	seat_in(c, s);
	row_set_due(&c->engine, &s->config->base);
	return PARLOR_E_OK;
}

/* ---- woken -------------------------------------------------------------------- */

/* The visitor has spoken: to whoever has it, or, when that one cannot, as it had asked. */
static void resume(struct core *c, struct conversation *v)
{
	struct seat *s = v->seat;
	bool room = !v->team->row.hold_frees || seat_has_room(s, team_seat_find(v->team, s));
	if (s->available && room) {
		act_set_held(c, v, false, NO_ONE);
		return;
	}
	uint64_t seat = v->row.seat, wait_us = SETTING_US(v->team, resume_wait_ms);
	service_release(c, v, RELEASE_HELD, NO_ONE, NO_ONE);
	service_queue(c, v,
		      &(struct queueing){.why = QUEUE_RESUMED,
					 .reserved = wait_us ? seat : 0,
					 .reserved_why = WHY_RESUMED,
					 .until_us = desk_now(c) + wait_us});
}

void timer_look(struct core *c, struct conversation *v)
{
	struct room *room = conversation_room(c, v);
	if (!room)
		return;
	if (room->row.state != ROOM_STATE_OPEN) {
		service_close(c, v, CLOSE_ROOM, NO_ONE, NO_ONE);
		return;
	}
	end_offers_of_gone(c, v);
	if (v->seat && !seat_is_on(v->seat) && v->row.state == CONVERSATION_BOT)
		act_handoff(c, v, NO_ONE, NO_ONE);
	else if (v->seat && !seat_is_on(v->seat))
		back_to_queue(c, v, RELEASE_REMOVED, QUEUE_GONE);
	else if (v->row.state == CONVERSATION_HELD && v->called)
		resume(c, v);
	v->called = false;
	if (v->linked)
		conversation_set_due(c, v);
}
