#include "core/desk/timer.h"

#include "core/decide.h"
#include "core/desk/act.h"
#include "core/desk/cause.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/match.h"
#include "core/desk/queue.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"
#include "core/desk/silence.h"
#include "core/room_row.h"

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
	service_reserve(c, v, 0, 0, WHY_NONE);
}

/* The first level above its own that lets it in, or the team that helps. */
static uint64_t raise_due(const struct conversation *v)
{
	const struct team *t = v->team;
	const uint64_t after_us[DESK_LEVELS] = {0, SETTING_US(t, level1_ms),
						SETTING_US(t, level2_ms), SETTING_US(t, level3_ms)};
	bool helps = !v->row.overflows && t->row.overflow_team.len;
	uint64_t first_us = helps ? SETTING_US(t, overflow_ms) : 0;
	for (unsigned level = v->row.level + 1U; level < DESK_LEVELS; level++)
		if (after_us[level] && (!first_us || after_us[level] < first_us))
			first_us = after_us[level];
	return cause_behind(v->row.waits_desk_us, first_us);
}

static void raise(struct core *c, struct conversation *v)
{
	struct conversation_change ch;
	const struct team *t = v->team;
	uint64_t waited_us = desk_now(c) - v->row.waits_desk_us;
	const uint64_t after_us[DESK_LEVELS] = {0, SETTING_US(t, level1_ms),
						SETTING_US(t, level2_ms), SETTING_US(t, level3_ms)};
	uint64_t over_us = SETTING_US(t, overflow_ms);
	conversation_begin(&ch, c, v);
	for (uint8_t level = ch.row.level + 1; level < DESK_LEVELS; level++)
		if (after_us[level] && after_us[level] <= waited_us)
			ch.row.level = level;
	ch.row.overflows = over_us && over_us <= waited_us;
	conversation_emit(c, RECORD_RAISED, &ch);
}

static uint64_t waited_due(const struct conversation *v)
{
	return cause_behind(v->row.waits_desk_us, SETTING_US(v->team, max_wait_ms));
}

static void waited_out(struct core *c, struct conversation *v)
{
	service_close(c, v, CLOSE_WAITED_OUT, NO_ONE, NO_ONE);
}

/* A visitor whose presence was never known is not gone. */
static uint64_t visitor_gone_due(const struct conversation *v)
{
	return v->visitor_gone_us
		       ? cause_behind(v->visitor_gone_us, SETTING_US(v->team, visitor_gone_ms))
		       : 0;
}

static void visitor_gone(struct core *c, struct conversation *v)
{
	service_close(c, v, CLOSE_ABANDONED, NO_ONE, NO_ONE);
}

static uint64_t robot_due(const struct conversation *v)
{
	const struct team *t = v->team;
	bool wanted = team_robot_policy(t) == ROBOT_HUMANS_FIRST && !v->row.seat &&
		      v->row.queue_why == QUEUE_NEW;
	return wanted && rank_count(&t->robots)
		       ? cause_behind(v->row.waits_desk_us, SETTING_US(t, robot_after_ms))
		       : 0;
}

static void robot_takes(struct core *c, struct conversation *v)
{
	struct team_seat *robot = match_robot(v->team);
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
	    seat_is_always(s) || v->team->row.when_gone == 1)
		return 0;
	uint64_t grace_us = SETTING_US(v->team, grace_ms);
	uint64_t gone = s->agent->gone_us;
	if (grace_us && gone == v->state->boot_us && grace_us < SETTING_BOOT_US)
		grace_us = SETTING_BOOT_US;
	const struct staff *staff = s->agent->staff;
	bool with_many = staff && staff->storm_us && gone >= staff->storm_us;
	/* Whoever took it without being there has as long to come. */
	uint64_t since = gone > v->row.since_desk_us ? gone : v->row.since_desk_us;
	uint64_t due = cause_behind(since, with_many ? 2 * grace_us : grace_us);
	return due && due < v->put_off_us ? v->put_off_us : due;
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
		service_requeue(c, v, RELEASE_GONE, QUEUE_GONE);
}

/* ---- all of them -------------------------------------------------------------- */

/* Of several that are due at once the first is done, and the others looked at again. */
static const struct cause causes[] = {
	{CAUSE_IN(OFFERED) | CAUSE_IN(ACTIVE), offer_due, offer_ends},
	{CAUSE_IN(OFFERED) | CAUSE_IN(ACTIVE), absent_due, absent},
	{CAUSE_IN(ACTIVE), transfer_due, transfer_ends},
	{CAUSE_IN(WAITING) | CAUSE_IN(OFFERED) | CAUSE_IN(DEFERRED), visitor_gone_due,
	 visitor_gone},
	{CAUSE_IN(WAITING) | CAUSE_IN(DEFERRED), waited_due, waited_out},
	{CAUSE_IN(WAITING), reserved_due, reserved_ends},
	{CAUSE_IN(WAITING), raise_due, raise},
	{CAUSE_IN(WAITING), robot_due, robot_takes},
	{CAUSE_IN(ACTIVE) | CAUSE_IN(HELD), agent_gone_due, agent_gone},
	{CAUSE_IN(WAITING) | CAUSE_IN(ACTIVE), exclusion_due, exclusion_ends},
};
#define CAUSES (sizeof causes / sizeof causes[0])

/* Those of silence.h stand behind them. */
static const struct cause *cause_at(size_t i)
{
	return i < CAUSES ? &causes[i] : &silence_causes[i - CAUSES];
}

static size_t causes_len(void)
{
	return CAUSES + silence_causes_len;
}

static uint64_t due_of(const struct conversation *v, const struct cause *cause)
{
	return cause->states & (1U << v->row.state) ? cause->due(v) : 0;
}

uint64_t timer_due(const struct conversation *v)
{
	uint64_t first = 0;
	for (size_t i = 0; i < causes_len(); i++) {
		uint64_t due = due_of(v, cause_at(i));
		if (due && (!first || due < first))
			first = due;
	}
	return first;
}

/* The first cause whose time has come; NULL: none. */
static const struct cause *due_now(const struct conversation *v, uint64_t now)
{
	for (size_t i = 0; i < causes_len(); i++) {
		uint64_t due = due_of(v, cause_at(i));
		if (due && due <= now)
			return cause_at(i);
	}
	return NULL;
}

enum parlor_err timer_expire(struct core *c, struct conversation *v)
{
	const struct cause *cause;
	uint64_t now = desk_now(c);
	/* None is due again at once: what it does moves its time. */
	for (size_t i = 0; i < causes_len() && v->linked && !c->broken; i++) {
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
		service_requeue(c, v, RELEASE_REMOVED, QUEUE_GONE);
	else if (v->row.state == CONVERSATION_HELD && v->called)
		resume(c, v);
	v->called = false;
	if (v->linked)
		conversation_set_due(c, v);
}
