#include "core/desk/service.h"

#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/offering.h"
#include "core/desk/say.h"
#include "core/desk/setting.h"
#include "core/desk/strategy.h"
#include "core/member_row.h"
#include "core/membership.h"
#include "core/membership_row.h"
#include "core/message.h"
#include "core/room.h"
#include "core/room_row.h"

/* ---- in the room -------------------------------------------------------------- */

static struct membership *membership_of(struct core *c, struct room *room, uint64_t member,
					struct member **m)
{
	struct membership *ms = NULL;
	enum parlor_err err = member_find_no(c, member, m);
	if (!err && !*m)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		err = membership_find(c, room, *m, &ms);
	if (err)
		core_break(c, err);
	return ms;
}

/* Where the agent's own last stay in this conversation ended, or, where that is long ago, its
 * beginning. */
static uint64_t seen_up_to(struct core *c, struct conversation *v, const struct seat *s)
{
	uint32_t looks = SETTING_STINTS_LOOKS;
	for (uint32_t n = v->row.stints; n > 0 && looks > 0; n--, looks--) {
		struct stint *stint;
		enum parlor_err err = stint_find(c, v, n, &stint);
		if (err || !stint) {
			core_break(c, err ? err : PARLOR_E_STORE_CORRUPT);
			break;
		}
		if (stint->row.agent == s->row.party_no && stint->row.ended_us)
			return stint->row.to_seq;
	}
	return v->row.first_seq - 1;
}

/* It has the visitor's words that waited as unread. Returns behind which seq. */
static uint64_t join(struct core *c, struct conversation *v, const struct seat *s)
{
	struct member *m;
	struct room *room = conversation_room(c, v);
	uint64_t from = seen_up_to(c, v, s);
	if (c->broken || membership_of(c, room, s->row.party_no, &m) || c->broken)
		return from;
	bool manages = s->agent->row.role >= ROLE_MANAGER;
	struct core_member_spec spec = {.id = m->row.id,
					.type = manages ? MEMBER_TYPE_MANAGER : MEMBER_TYPE_MEMBER,
					.name = say_name(s),
					.avatar = s->row.avatar};
	membership_emit_joined_from(c, room, m, &spec, from);
	return from;
}

static void leave(struct core *c, struct conversation *v, uint64_t member)
{
	struct member *m;
	struct room *room = conversation_room(c, v);
	if (c->broken)
		return;
	struct membership *ms = membership_of(c, room, member, &m);
	if (ms && !c->broken)
		membership_emit_left(c, ms);
}

/* ---- serving ------------------------------------------------------------------ */

/* The row of the stint that runs. */
static bool running(struct core *c, struct conversation *v, struct row_stint *out)
{
	struct stint *stint;
	enum parlor_err err = stint_find(c, v, v->row.stints, &stint);
	if (err || !stint) {
		core_break(c, err ? err : PARLOR_E_STORE_CORRUPT);
		return false;
	}
	*out = stint->row;
	return true;
}

/* What ends of the one who serves, told with its own record, in which the next one may serve
 * already. */
struct leaving {
	struct seat *seat;
	struct row_stint stint;
	uint32_t n;
	bool is;
};

static void note_leaving(struct core *c, struct conversation *v, enum release_why why,
			 struct leaving *l)
{
	l->is = v->row.seat && running(c, v, &l->stint);
	if (!l->is)
		return;
	struct room *room = conversation_room(c, v);
	l->seat = seat_find_any(c, v->row.seat);
	l->n = v->row.stints;
	l->stint.ended_us = c->now_us;
	l->stint.end_why = (uint8_t)why;
	l->stint.to_seq = room ? room->row.last_seq : 0;
	l->stint.last_us = v->row.last_message_us > l->stint.started_us ? v->row.last_message_us
									: l->stint.started_us;
}

static void emit_left(struct core *c, struct conversation *v, const struct leaving *l,
		      enum release_why why, struct span by, struct span text)
{
	struct conversation_change ch;
	conversation_begin(&ch, c, v);
	uint64_t now = desk_now(c);
	if (ch.row.stints == l->n) {
		ch.row.seat = ch.row.serving_team = 0;
		ch.row.robot = false;
		ch.row.since_desk_us = now;
	}
	uint64_t wrap_us = SETTING_US(v->team, wrap_up_ms);
	ch.seat = l->seat;
	ch.stint = &l->stint;
	ch.stint_n = l->n;
	ch.idle_us = now;
	if (wrap_us && now + wrap_us > l->seat->row.ready_us)
		ch.ready_us = now + wrap_us;
	ch.how = (uint8_t)why;
	ch.by = by;
	ch.why = text;
	conversation_emit(c, RECORD_RELEASED, &ch);
	leave(c, v, l->stint.agent);
}

static void begin_stint(struct core *c, struct conversation_change *ch, struct seat *s,
			enum assign_how how, uint64_t from_seq, struct row_stint *stint)
{
	uint64_t now = desk_now(c);
	bool robot = s->agent->row.robot;
	uint64_t waited = now > ch->row.waits_desk_us ? now - ch->row.waits_desk_us : 0;
	*stint = (struct row_stint){.no = conversation_give(ch),
				    .seat = s->config->base.at.number,
				    .agent = s->row.party_no,
				    .started_us = c->now_us,
				    .last_us = c->now_us,
				    .from_seq = from_seq,
				    .wait_ms = waited / 1000,
				    .how = (uint8_t)how,
				    .robot = robot};
	ch->row.seat = stint->seat;
	ch->row.robot = robot;
	ch->row.stint = stint->no;
	ch->row.stints++;
	ch->row.since_desk_us = now;
	if (!robot) {
		ch->row.human_stint = stint->no;
		ch->row.human_seat = stint->seat;
		if (!ch->row.assigned_us)
			ch->row.assigned_us = c->now_us;
	}
}

/* It waits for nobody any more; a transfer is still to be ended by its number. */
static void clear_waiting(struct row_conversation *row)
{
	conversation_clear_offer(row);
	row->reserved = row->reserved_until_desk_us = row->wanted = 0;
	row->transfer_seat = row->transfer_team = row->transfer_until_desk_us = 0;
	row->transfer_wait = 0;
}

/* Those of a broadcast who were not the first. */
static void withdraw_others(struct core *c, struct conversation *v, const struct seat *but)
{
	size_t i = 0;
	while (i < v->row.offered.len && !c->broken) {
		uint64_t seat = numbers_at(&v->row.offered, i);
		if (seat == but->config->base.at.number)
			i++;
		else
			offer_finish(c, v, seat_find_any(c, seat), OFFER_WITHDRAWN, false, NO_ONE);
	}
}

void service_assign(struct core *c, struct conversation *v, struct seat *s, struct team *team,
		    enum assign_how how, const struct decision *decision, struct span by)
{
	struct conversation_change ch;
	struct row_stint stint;
	struct leaving before;
	enum release_why why = v->row.transfer ? RELEASE_TRANSFER : RELEASE_HANDOFF;
	withdraw_others(c, v, s);
	if (v->row.seat == s->config->base.at.number)
		service_release(c, v, why, by, NO_ONE);
	note_leaving(c, v, why, &before);
	bool transfers = v->row.transfer != 0;
	uint64_t from = join(c, v, s);
	if (c->broken)
		return;
	conversation_begin(&ch, c, v);
	uint64_t offer = ch.row.offer;
	begin_stint(c, &ch, s, how, from, &stint);
	clear_waiting(&ch.row);
	ch.row.accepted = offer;
	ch.row.serving_team = team ? team->config->base.at.number : 0;
	if (transfers && team && team->desk == v->desk)
		ch.row.team = ch.row.serving_team;
	ch.row.state = s->agent->row.robot ? CONVERSATION_BOT : CONVERSATION_ACTIVE;
	ch.seat = s;
	ch.stint = &stint;
	ch.stint_n = ch.row.stints;
	ch.answered = true;
	struct offer_view told = {.offer = offer, .end = OFFER_ACCEPTED};
	if (offer)
		ch.offer = &told;
	else
		ch.offers++;
	if (!offer)
		offer_take_turn(&ch, s, team);
	uint64_t gap_us = SETTING_US(team ? team : v->team, gap_ms);
	bool rests = gap_us && !s->agent->row.robot;
	if (rests && desk_now(c) + gap_us > s->row.ready_us)
		ch.ready_us = desk_now(c) + gap_us;
	ch.decision = decision;
	ch.how = (uint8_t)how;
	ch.by = by;
	const struct row_text *said =
		say_prepare(c, &ch, transfers ? TEXT_TRANSFERRED : TEXT_WELCOME);
	conversation_emit(c, RECORD_ASSIGNED, &ch);
	if (before.is)
		emit_left(c, v, &before, why, by, NO_ONE);
	if (transfers)
		service_transfer_end(c, v, TRANSFER_ACCEPTED, by);
	c->desk->counts.accepted += how == HOW_ACCEPTED;
	say_text(c, v, said);
}

void service_release(struct core *c, struct conversation *v, enum release_why why, struct span by,
		     struct span text)
{
	struct leaving l;
	note_leaving(c, v, why, &l);
	if (l.is)
		emit_left(c, v, &l, why, by, text);
}

void service_queue(struct core *c, struct conversation *v, const struct queueing *q)
{
	struct conversation_change ch;
	conversation_begin(&ch, c, v);
	uint64_t now = desk_now(c);
	struct team *team = q->team ? q->team : v->team;
	ch.row.team = team->config->base.at.number;
	ch.row.state = q->why == QUEUE_DEFERRED ? CONVERSATION_DEFERRED : CONVERSATION_WAITING;
	ch.row.queue_why = (uint8_t)q->why;
	if (q->now)
		ch.row.asked_desk_us = now;
	ch.row.key = team_key(team, ch.row.asked_desk_us, ch.row.priority);
	ch.row.waits_desk_us = now;
	ch.row.level = 0;
	ch.row.overflows = false;
	ch.row.reserved = q->reserved;
	ch.row.offer_why = (uint8_t)q->reserved_why;
	ch.row.reserved_until_desk_us = q->reserved ? q->until_us : 0;
	if (q->excluded)
		conversation_exclude(&ch, q->excluded, now, now + SETTING_US(team, again_ms));
	ch.by = q->by;
	const struct row_text *said = NULL;
	if (q->why == QUEUE_GONE)
		said = say_prepare(c, &ch, TEXT_GONE);
	if (q->why == QUEUE_DEFERRED)
		said = say_prepare(c, &ch, TEXT_NO_SERVICE);
	c->desk->counts.queued[q->why]++;
	conversation_emit(c, RECORD_QUEUED, &ch);
	say_text(c, v, said);
}

void service_reserve(struct core *c, struct conversation *v, uint64_t seat, uint64_t until_us,
		     enum offer_why why)
{
	struct conversation_change ch;
	conversation_begin(&ch, c, v);
	ch.row.reserved = seat;
	ch.row.reserved_until_desk_us = until_us;
	ch.row.offer_why = (uint8_t)why;
	conversation_emit(c, RECORD_QUEUED, &ch);
}

/* ---- transfers, the end ------------------------------------------------------- */

void service_transfer_end(struct core *c, struct conversation *v, enum transfer_end end,
			  struct span by)
{
	struct conversation_change ch;
	conversation_begin(&ch, c, v);
	struct transfer_view t = {
		.no = ch.row.transfer, .end = (uint8_t)end, .ended_us = c->now_us};
	conversation_clear_transfer(&ch.row);
	ch.transfer = &t;
	c->desk->counts.transfer_ends[end]++;
	ch.how = (uint8_t)end;
	ch.by = by;
	conversation_emit(c, RECORD_TRANSFER, &ch);
}

static void close_room(struct core *c, struct conversation *v)
{
	struct room *room = v->desk->row.room_each ? conversation_room(c, v) : NULL;
	if (room && room->row.state == ROOM_STATE_OPEN)
		room_emit_state(c, room, ROOM_STATE_CLOSED);
}

void service_close(struct core *c, struct conversation *v, enum close_why why, struct span by,
		   struct span text)
{
	struct conversation_change ch;
	offer_withdraw(c, v);
	if (v->row.transfer)
		service_transfer_end(c, v, TRANSFER_CANCELLED, by);
	if (v->row.seat)
		service_release(c, v, RELEASE_CLOSED, by, text);
	struct room *room = conversation_room(c, v);
	if (c->broken)
		return;
	conversation_begin(&ch, c, v);
	uint64_t rating_us = v->row.human_stint ? SETTING_US(v->team, rating_ms) : 0;
	clear_waiting(&ch.row);
	ch.row.state = CONVERSATION_CLOSED;
	ch.row.close_why = (uint8_t)why;
	ch.row.closed_us = c->now_us;
	const struct row_text *said =
		say_prepare(c, &ch,
			    why == CLOSE_TIMEOUT                                 ? TEXT_TIMEOUT
			    : why == CLOSE_NO_SERVICE || why == CLOSE_WAITED_OUT ? TEXT_NO_SERVICE
										 : TEXT_CLOSING);
	const struct row_text *rate = rating_us ? say_prepare(c, &ch, TEXT_RATING) : NULL;
	/* What is said at the end are its last messages. */
	ch.row.last_seq = room->row.last_seq;
	if (room->row.state == ROOM_STATE_OPEN)
		ch.row.last_seq += (said ? 1U : 0U) + (rate ? 1U : 0U);
	ch.row.rating_until_us = rating_us ? c->now_us + rating_us : 0;
	ch.by = by;
	ch.why = text;
	conversation_emit(c, RECORD_CLOSED, &ch);
	say_text(c, v, said);
	say_text(c, v, rate);
	close_room(c, v);
	c->desk->counts.closed++;
	c->desk->counts.closed_by[why]++;
	c->desk->counts.abandoned += why == CLOSE_ABANDONED;
}

void service_requeue(struct core *c, struct conversation *v, enum release_why why,
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
