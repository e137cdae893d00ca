/* What each record has to be, by the rules of the desk and what was before it. */
#include "desk_pairs.h"

#include "core/desk/conversation_row.h"

#include <string.h>

#define LATE_US 500000

/* ---- settings -------------------------------------------------------------------- */

static uint64_t boost_us(const struct d_team *t, unsigned priority)
{
	const uint64_t boosts[] = {0, model_us(t->row.boost1_ms, 60000),
				   model_us(t->row.boost2_ms, 300000),
				   model_us(t->row.boost3_ms, 1200000)};
	return boosts[priority];
}

/* ---- states (D1) ----------------------------------------------------------------- */

#define IN(state) (1U << CONVERSATION_##state)
#define ANY_OPEN (IN(DEFERRED) | IN(WAITING) | IN(OFFERED) | IN(BOT) | IN(ACTIVE) | IN(HELD))

static const struct {
	unsigned from, to; /* bits of states */
} steps[] = {
	[RECORD_QUEUED] = {ANY_OPEN, IN(WAITING) | IN(DEFERRED)},
	[RECORD_RAISED] = {IN(WAITING), IN(WAITING)},
	[RECORD_OFFERED] = {IN(WAITING) | IN(OFFERED) | IN(ACTIVE), IN(OFFERED) | IN(ACTIVE)},
	[RECORD_OFFER_ENDED] = {IN(OFFERED) | IN(ACTIVE), IN(OFFERED) | IN(WAITING) | IN(ACTIVE)},
	[RECORD_ASSIGNED] = {ANY_OPEN & ~IN(HELD), IN(ACTIVE) | IN(BOT)},
	[RECORD_RELEASED] = {ANY_OPEN, ANY_OPEN},
	[RECORD_HELD] = {IN(ACTIVE) | IN(HELD), IN(ACTIVE) | IN(HELD)},
	[RECORD_TRANSFER] = {IN(ACTIVE) | IN(BOT), IN(ACTIVE) | IN(BOT)},
	[RECORD_MARKED] = {ANY_OPEN, ANY_OPEN},
	[RECORD_REMINDED] = {ANY_OPEN, ANY_OPEN},
	[RECORD_CLOSED] = {ANY_OPEN, IN(CLOSED)},
	[RECORD_RATED] = {IN(CLOSED), IN(CLOSED)},
};

static bool keeps_state(enum record_kind_no kind)
{
	return kind == RECORD_RAISED || kind == RECORD_RELEASED || kind == RECORD_TRANSFER ||
	       kind == RECORD_MARKED || kind == RECORD_REMINDED || kind == RECORD_RATED;
}

static void check_step(struct world *w, enum record_kind_no kind, const struct d_conversation *c,
		       const struct row_conversation *row)
{
	WANT(w, steps[kind].from & (1U << c->row.state), "kind %d in state %d", kind, c->row.state);
	WANT(w, steps[kind].to & (1U << row->state), "kind %d brings state %d", kind, row->state);
	WANT(w, !keeps_state(kind) || row->state == c->row.state, "kind %d brings state %d from %d",
	     kind, row->state, c->row.state);
	WANT_SAME(w, row->desk, c->row.desk);
	WANT_SAME(w, row->room, c->row.room);
	WANT_SAME(w, row->visitor, c->row.visitor);
	WANT_SAME(w, row->first_seq, c->row.first_seq);
	WANT_SAME(w, row->opened_us, c->row.opened_us);
	WANT(w, row->state != CONVERSATION_OFFERED || row->offer, "offered, and no offer");
	WANT(w, row->offer || !row->offered.len, "seats of no offer");
	/* Whoever has it keeps it until somebody takes it (D8). */
	WANT(w, !c->row.transfer || !row->transfer || row->seat, "nobody has it");
}

/* ---- keys (D12) ------------------------------------------------------------------ */

static void check_key(struct world *w, struct desk_model *m, const struct record *r,
		      const struct d_conversation *c, const struct row_conversation *row)
{
	const struct d_team *team = model_team(m, row->team);
	bool queued = r->kind == RECORD_QUEUED, opened = r->kind == RECORD_OPENED;
	bool anew =
		opened || (queued && c->row.state == CONVERSATION_BOT && !team->row.handoff_keeps);
	WANT_SAME(w, row->asked_desk_us, anew ? model_now(m) : c->row.asked_desk_us);
	if (queued || opened || r->kind == RECORD_MARKED)
		WANT_SAME(w, row->key,
			  model_less(row->asked_desk_us, boost_us(team, row->priority)));
	else
		WANT_SAME(w, row->key, c->row.key);
}

/* ---- offers (D5) ----------------------------------------------------------------- */

static void check_offer(struct world *w, struct desk_model *m, const struct record *r,
			const struct d_conversation *c, const struct row_conversation *row)
{
	uint64_t seat = r->conversation.seat, now = model_now(m);
	switch (r->kind) {
	case RECORD_OFFERED:
		WANT(w, !model_is_offered(c, seat), "offered twice");
		WANT(w, c->row.offer ? row->offer == c->row.offer : row->offer > m->offers,
		     "offer %d", (int)row->offer);
		m->offers = row->offer > m->offers ? row->offer : m->offers;
		break;
	case RECORD_OFFER_ENDED:
		WANT(w, c->row.offer && model_is_offered(c, seat), "no such offer is live");
		WANT_SAME(w, row->offered.len, c->offered_len - 1);
		if (r->conversation.how == OFFER_EXPIRED)
			WANT(w, now >= c->row.offer_until_desk_us + LATE_US, "before its time");
		break;
	case RECORD_ASSIGNED:
		WANT(w, !c->offered_len || (c->offered_len == 1 && model_is_offered(c, seat)),
		     "offered to others");
		WANT(w, !row->offer && !row->offered.len && !row->reserved, "something is open");
		if (r->conversation.how == HOW_ACCEPTED)
			WANT_SAME(w, c->offered_len, (size_t)1);
		break;
	case RECORD_QUEUED:
	case RECORD_CLOSED:
	case RECORD_RAISED:
		WANT(w, !c->row.offer && !row->offer, "an offer is live");
		WANT(w, r->kind != RECORD_CLOSED || (!c->row.seat && !c->row.transfer),
		     "somebody serves it");
		break;
	default:
		WANT_SAME(w, row->offer, c->row.offer);
	}
}

/* ---- silence (D10) --------------------------------------------------------------- */

/* Once for each silence, and about who is silent; whoever waits for an answer is not let go. */
static void check_silence(struct world *w, struct desk_model *m, const struct record *r,
			  struct d_conversation *c, const struct row_conversation *row)
{
	enum { SEAT = 1, VISITOR = 2 };
	const struct d_message *last = model_last_word(m, c);
	bool visitors = last && last->sender == c->row.visitor;
	uint8_t how = r->conversation.how, which = r->conversation.told->reminded;
	if (r->kind == RECORD_REMINDED && (which == SEAT || which == VISITOR)) {
		WANT(w, last && visitors == (which == SEAT), "who is reminded has spoken");
		WANT(w, c->reminded[which] < last->seq, "reminded twice");
		c->reminded[which] = last->seq;
	}
	if (r->kind == RECORD_CLOSED && row->close_why == CLOSE_TIMEOUT)
		WANT(w, last && !visitors, "the visitor waits for an answer");
	if (r->kind == RECORD_HELD && row->state == CONVERSATION_HELD)
		c->held_at = m->messages_len;
	if (r->kind == RECORD_RELEASED && how == RELEASE_HELD)
		WANT(w, last && visitors && last >= m->messages + c->held_at, "nobody has called");
	if (r->kind == RECORD_RELEASED && how == RELEASE_UNANSWERED)
		WANT(w, last && visitors, "it was answered");
	if (r->kind == RECORD_RELEASED && how == RELEASE_GONE)
		WANT_SAME(w, m->members[r->member].presence, PRESENCE_IS_OFFLINE);
}

/* ---- taking it in
 * ------------------------------------------------------------- */

static void take_row(struct d_conversation *c, const struct row_conversation *row)
{
	c->row = *row;
	c->offered_len = row->offered.len;
	for (size_t i = 0; i < c->offered_len; i++)
		c->offered[i] = numbers_at(&row->offered, i);
	c->excluded_len = row->excluded.len / 3;
	for (size_t i = 0; i < c->excluded_len; i++)
		c->excluded[i] = (struct d_exclusion){numbers_at(&row->excluded, 3 * i),
						      numbers_at(&row->excluded, 3 * i + 1),
						      numbers_at(&row->excluded, 3 * i + 2)};
	c->row.id = c->row.room_id = c->row.product = (struct span){NULL, 0};
	c->row.visitor_id = model_word(row->visitor_id);
	c->row.offered = c->row.excluded = (struct number_list){.len = 0};
}

static struct d_conversation *add_conversation(struct world *w, struct desk_model *m,
					       const struct record *r,
					       const struct row_conversation *row)
{
	for (int i = 0; i < m->open_len; i++) {
		const struct row_conversation *o = &m->open[i].row;
		WANT(w, o->room != row->room, "two in a room");
		WANT(w, o->desk != row->desk || o->visitor != row->visitor, "two of a visitor");
	}
	WANT(w, m->open_len < D_OPEN, "too many for the model");
	struct d_conversation *c = &m->open[m->open_len++];
	*c = (struct d_conversation){
		.no = r->conversation.no, .tenant = r->tenant, .id_len = row->id.len};
	WANT(w, row->id.len < sizeof c->id, "a longer id than any");
	memcpy(c->id, row->id.data, row->id.len);
	WANT_SAME(w, row->first_seq, model_room(m, row->room)->last_seq + 1);
	WANT(w, row->state == CONVERSATION_WAITING || row->state == CONVERSATION_DEFERRED,
	     "opened as %d", row->state);
	return c;
}

static uint64_t seen_seq(const struct d_conversation *c, uint64_t member)
{
	for (int i = 0; i < c->left_len; i++)
		if (c->left[i].member == member)
			return c->left[i].read_seq;
	return c->row.first_seq - 1;
}

static void take_seat(struct desk_model *m, const struct record *r, struct d_conversation *c)
{
	struct d_seat *s = model_seat(m, r->conversation.seat);
	struct d_team *team =
		model_team(m, r->kind == RECORD_OFFERED ? c->row.offer_team : c->row.serving_team);
	struct d_team_seat *t = team && s ? model_team_seat(m, team->no, s->no) : NULL;
	bool turns = r->kind == RECORD_OFFERED ||
		     (r->kind == RECORD_ASSIGNED && r->conversation.how != HOW_ACCEPTED);
	if (turns && t) {
		t->turn = ++m->turns;
		t->pass = r->conversation.pass;
		t->came = false;
	}
	if (r->kind == RECORD_ASSIGNED) {
		uint64_t gap = model_us(team->row.gap_ms, 2000);
		c->seen_seq = seen_seq(c, s->row.party_no);
		if (gap && !c->row.robot && model_now(m) + gap > s->ready_us)
			s->ready_us = model_now(m) + gap;
	}
	if (r->kind == RECORD_RELEASED) {
		uint64_t ready =
			model_now(m) + model_us(model_team(m, c->row.team)->row.wrap_up_ms, 0);
		s->idle_us = model_now(m);
		s->ready_us = ready > s->ready_us && ready > model_now(m) ? ready : s->ready_us;
	}
}

static void take_conversation(struct world *w, struct desk_model *m, const struct record *r)
{
	struct row_conversation row;
	bool pairs = r->kind == RECORD_OFFERED || r->kind == RECORD_ASSIGNED;
	WANT(w, conversation_get_row(r->conversation.row, &row), "a damaged row");
	struct d_conversation *c = model_open(m, r->conversation.no);
	if (r->kind == RECORD_RATED)
		return;
	if (r->kind == RECORD_OPENED) {
		WANT(w, !c, "opened twice");
		c = add_conversation(w, m, r, &row);
	} else {
		WANT(w, c, "conversation %d is not open", (int)r->conversation.no);
		check_step(w, r->kind, c, &row);
	}
	WANT_SAME(w, r->tenant, c->tenant);
	WANT_SAME(w, m->members[row.visitor].tenant, c->tenant);
	check_key(w, m, r, c, &row);
	if (r->kind != RECORD_OPENED)
		check_offer(w, m, r, c, &row);
	check_silence(w, m, r, c, &row);
	if (pairs)
		pairs_before(w, m, r, c, &row);
	take_row(c, &row);
	c->position = r->position;
	take_seat(m, r, c);
	if (pairs)
		pairs_behind(w, m, r, c);
	if (r->kind == RECORD_CLOSED) {
		m->closed[m->closed_len++ % D_CLOSED] = *c;
		*c = m->open[--m->open_len];
	}
}

/* ---- rows of the configuration
 * ------------------------------------------------ */

#define TAKE(list, type)                                                            \
	do {                                                                        \
		int at_ = 0;                                                        \
		while (at_ < m->list##_len && m->list[at_].no != r->config.no)      \
			at_++;                                                      \
		WANT(w, at_ < (int)(sizeof m->list / sizeof *m->list), "too many"); \
		m->list##_len += at_ == m->list##_len;                              \
		m->list[at_].no = r->config.no;                                     \
		m->list[at_].row = *(const struct type *)r->config.is;              \
		row = &m->list[at_].row;                                            \
	} while (0)

static void intern(enum config_no kind, void *row)
{
	const struct config_form *form = config_form(kind);
	for (size_t i = 0; i < form->fields_len; i++)
		if (form->fields[i].type == FIELD_TEXT) {
			struct span *text = (void *)((char *)row + form->fields[i].at);
			*text = model_word(*text);
		}
}

static void take_config(struct world *w, struct desk_model *m, const struct record *r)
{
	void *row = NULL;
	switch ((enum config_no)r->config.kind) {
	case CONFIG_DESK:
		TAKE(desks, row_desk);
		model_desk(m, r->config.no)->tenant = r->tenant;
		break;
	case CONFIG_TEAM:
		TAKE(teams, row_team);
		model_team(m, r->config.no)->removed = r->config.removed;
		break;
	case CONFIG_AGENT:
		TAKE(agents, row_agent);
		break;
	case CONFIG_SEAT:
		TAKE(seats, row_seat);
		model_seat(m, r->config.no)->removed = r->config.removed;
		break;
	case CONFIG_TEAM_SEAT:
		TAKE(team_seats, row_team_seat);
		for (int i = 0; i < m->team_seats_len; i++)
			if (m->team_seats[i].no == r->config.no)
				m->team_seats[i].removed = r->config.removed;
		break;
	default:
		return;
	}
	intern((enum config_no)r->config.kind, row);
	/* Of an agent, or of one of its seats. */
	for (int i = 0; i < m->agents_len; i++)
		if (r->config.kind == CONFIG_AGENT || r->config.kind == CONFIG_SEAT)
			m->agents[i].set_us = model_now(m);
}

/* ---- rooms and members
 * -------------------------------------------------------- */

static void take_left(struct world *w, struct desk_model *m, const struct record *r)
{
	struct d_room *room = model_room(m, r->room);
	struct d_stay *stay = model_stay(room, r->member);
	WANT(w, stay, "it was not in the room");
	*stay = room->stays[--room->stays_len];
	for (int i = 0; i < m->open_len; i++) {
		struct d_conversation *c = &m->open[i];
		if (c->row.room != r->room)
			continue;
		int at = 0;
		while (at < c->left_len && c->left[at].member != r->member)
			at++;
		WANT(w, at < D_STAYS, "too many for the model");
		c->left[at] = (struct d_stay){r->member, room->last_seq};
		c->left_len += at == c->left_len;
	}
}

static void take_room(struct world *w, struct desk_model *m, const struct record *r)
{
	struct d_room *room = model_room(m, r->room);
	switch (r->kind) {
	case RECORD_ROOM_CREATED:
		WANT(w, m->rooms_len < D_ROOMS, "too many for the model");
		WANT(w, r->room_id.len <= sizeof room->id, "a longer id than any");
		room = &m->rooms[m->rooms_len++];
		*room = (struct d_room){
			.no = r->room, .state = ROOM_STATE_OPEN, .id_len = r->room_id.len};
		memcpy(room->id, r->room_id.data, r->room_id.len);
		break;
	case RECORD_ROOM_STATE:
		room->state = r->room_is.state;
		if (room->state == ROOM_STATE_DISSOLVED)
			room->stays_len = 0;
		break;
	case RECORD_JOINED:
		WANT(w, room->stays_len < D_STAYS && !model_stay(room, r->member), "it is there");
		room->stays[room->stays_len++] = (struct d_stay){.member = r->member};
		break;
	case RECORD_LEFT:
		take_left(w, m, r);
		break;
	case RECORD_READ:
		model_stay(room, r->member)->read_seq = r->read.counts.read_seq;
		break;
	case RECORD_POSTED:
		WANT(w, m->messages_len < D_MESSAGES, "too many for the model");
		WANT_SAME(w, r->posted.seq, ++room->last_seq);
		m->messages[m->messages_len++] = (struct d_message){
			r->room, r->posted.seq, r->member, r->posted.type == MESSAGE_TYPE_MESSAGE};
		break;
	default:
		break;
	}
}

static void boot(struct desk_model *m)
{
	m->boot_us = model_now(m);
	for (int i = 0; i < m->members_len; i++) {
		m->members[i].presence = PRESENCE_IS_OFFLINE;
		m->members[i].gone_us = m->boot_us;
	}
}

static void see_who_came(struct desk_model *m)
{
	for (int i = 0; i < m->team_seats_len; i++) {
		struct d_team_seat *t = &m->team_seats[i];
		bool is = model_available(m, model_seat(m, t->row.seat_no));
		t->came |= is && !t->available;
		t->available = is;
	}
}

void model_record(struct world *w, struct desk_model *m, const struct record *r)
{
	m->position = r->position;
	m->record_us = m->now_us = r->time_us;
	if (r->kind >= RECORD_OPENED && r->kind <= RECORD_RATED) {
		take_conversation(w, m, r);
	} else if (r->kind == RECORD_DESK_CLOCK) {
		m->offset_us = r->desk_clock.offset_us;
	} else if (r->kind >= RECORD_DESK_SET && r->kind <= RECORD_HOURS_SET) {
		take_config(w, m, r);
	} else if (r->kind == RECORD_BOOT) {
		boot(m);
	} else if (r->kind == RECORD_TENANT) {
		m->tenants[r->tenant] = model_word(r->tenant_id);
	} else if (r->kind == RECORD_MEMBER) {
		WANT(w, r->member < D_MEMBERS, "too many for the model");
		m->members[r->member] = (struct d_member){.tenant = r->tenant,
							  .id = model_word(r->member_id),
							  .presence = PRESENCE_IS_OFFLINE};
		m->members_len = (int)r->member + 1;
	} else if (r->kind == RECORD_PRESENCE) {
		struct d_member *member = &m->members[r->member];
		if (member->presence != PRESENCE_IS_OFFLINE)
			member->gone_us = model_now(m);
		member->presence = r->presence.now;
	} else {
		take_room(w, m, r);
	}
	if (r->kind < RECORD_OPENED || r->kind > RECORD_RATED)
		see_who_came(m);
}
