#include "core/desk/silence.h"

#include "core/desk/act.h"
#include "core/desk/seats.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"

static uint64_t take_away_due(const struct conversation *v)
{
	if (v->row.spoke != SPOKE_VISITOR || v->row.takeaways >= SETTING(v->team, takeaways_max))
		return 0;
	uint64_t since = v->row.visitor_spoke_desk_us > v->row.since_desk_us
				 ? v->row.visitor_spoke_desk_us
				 : v->row.since_desk_us;
	return cause_behind(since, SETTING_US(v->team, take_away_ms));
}

static void take_away(struct core *c, struct conversation *v)
{
	v->row.takeaways++; /* in the next record, which is made of this row */
	service_requeue(c, v, RELEASE_UNANSWERED, QUEUE_UNANSWERED);
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
	return cause_behind(v->row.visitor_spoke_desk_us, SETTING_US(v->team, remind_seat_ms));
}

static void remind_seat(struct core *c, struct conversation *v)
{
	remind(c, v, REMIND_SEAT, true);
}

static uint64_t remind_visitor_due(const struct conversation *v)
{
	if (v->row.spoke != SPOKE_SEAT || v->row.reminded_seq == v->row.spoke_seq)
		return 0;
	return cause_behind(v->row.seat_spoke_desk_us, SETTING_US(v->team, remind_visitor_ms));
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
	return cause_behind(v->row.seat_spoke_desk_us, SETTING_US(v->team, hold_ms));
}

static void hold(struct core *c, struct conversation *v)
{
	act_set_held(c, v, true, NO_ONE);
}

static uint64_t robot_silent_due(const struct conversation *v)
{
	const struct seat *s = v->seat;
	bool gone = s && s->agent->presence == PRESENCE_IS_OFFLINE && !seat_is_always(s);
	/* When all begins again it may still come back. */
	if (gone && s->agent->gone_us == v->state->boot_us)
		return v->state->boot_us + SETTING_BOOT_US;
	if (gone)
		return v->row.since_desk_us;
	if (v->row.spoke == SPOKE_SEAT)
		return 0;
	uint64_t since = v->row.visitor_spoke_desk_us > v->row.since_desk_us
				 ? v->row.visitor_spoke_desk_us
				 : v->row.since_desk_us;
	return cause_behind(since, SETTING_US(v->team, robot_silence_ms));
}

static void robot_silent(struct core *c, struct conversation *v)
{
	act_handoff(c, v, NO_ONE, NO_ONE);
}

static uint64_t sla_first_due(const struct conversation *v)
{
	if (v->row.first_response_us || v->row.reminded_sla & (1U << REMIND_FIRST))
		return 0;
	return cause_behind(v->row.opened_desk_us, SETTING_US(v->team, sla_first_ms));
}

static void sla_first(struct core *c, struct conversation *v)
{
	remind(c, v, REMIND_FIRST, false);
}

static uint64_t sla_end_due(const struct conversation *v)
{
	if (v->row.reminded_sla & (1U << REMIND_END))
		return 0;
	return cause_behind(v->row.opened_desk_us, SETTING_US(v->team, sla_close_ms));
}

static void sla_end(struct core *c, struct conversation *v)
{
	remind(c, v, REMIND_END, false);
}

/* Of several that are due at once the first is done, and the others looked at again. */
const struct cause silence_causes[] = {
	{CAUSE_IN(ACTIVE), take_away_due, take_away},
	{CAUSE_IN(ACTIVE) | CAUSE_IN(HELD), silent_due, silent},
	{CAUSE_IN(ACTIVE), hold_due, hold},
	{CAUSE_IN(BOT), robot_silent_due, robot_silent},
	{CAUSE_IN(ACTIVE), remind_seat_due, remind_seat},
	{CAUSE_IN(ACTIVE), remind_visitor_due, remind_visitor},
	{~0U, sla_first_due, sla_first},
	{~0U, sla_end_due, sla_end},
};
const size_t silence_causes_len = sizeof silence_causes / sizeof silence_causes[0];
