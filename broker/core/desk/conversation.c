#include "core/desk/conversation.h"

#include "core/apply.h"
#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/queue.h"
#include "core/desk/seats.h"
#include "core/desk/show.h"
#include "core/desk/tally.h"
#include "core/desk/units.h"
#include "core/desk/visitor_row.h"
#include "core/member_row.h"
#include "core/room_row.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

static const struct record_kind kinds[RECORD_RATED - RECORD_OPENED + 1];

/* ---- a change ----------------------------------------------------------------- */

void conversation_begin(struct conversation_change *ch, struct core *c, struct conversation *v)
{
	*ch = (struct conversation_change){
		.of = v, .given = c->desk->row.given, .offers = c->desk->row.offers};
	if (!v)
		return;
	ch->no = v->no;
	ch->tenant = v->tenant;
	ch->row = v->row;
}

uint64_t conversation_give(struct conversation_change *ch)
{
	return ++ch->given;
}

bool conversation_is_offered(const struct row_conversation *row, uint64_t seat)
{
	for (size_t i = 0; i < row->offered.len; i++)
		if (numbers_at(&row->offered, i) == seat)
			return true;
	return false;
}

static void put_number(struct buf *b, struct number_list *list, uint64_t number)
{
	buf_put_varint(b, number);
	list->len++;
	list->bytes = buf_span(b);
}

void conversation_add_offered(struct conversation_change *ch, uint64_t seat)
{
	struct number_list was = ch->row.offered;
	ch->row.offered = (struct number_list){.len = 0};
	for (size_t i = 0; i < was.len; i++)
		put_number(&ch->offered, &ch->row.offered, numbers_at(&was, i));
	put_number(&ch->offered, &ch->row.offered, seat);
}

void conversation_drop_offered(struct conversation_change *ch, uint64_t seat)
{
	struct number_list was = ch->row.offered;
	ch->row.offered = (struct number_list){.len = 0};
	for (size_t i = 0; i < was.len; i++)
		if (numbers_at(&was, i) != seat)
			put_number(&ch->offered, &ch->row.offered, numbers_at(&was, i));
}

void conversation_exclude(struct conversation_change *ch, uint64_t seat, uint64_t now_us,
			  uint64_t until_us)
{
	struct number_list was = ch->row.excluded;
	size_t first = was.len >= 3 * (size_t)DESK_ASKED_MAX ? 3 : 0; /* the oldest goes */
	ch->row.excluded = (struct number_list){.len = 0};
	for (size_t i = first; i + 2 < was.len; i += 3) {
		if (numbers_at(&was, i) == seat || numbers_at(&was, i + 2) <= now_us)
			continue;
		for (size_t k = i; k < i + 3; k++)
			put_number(&ch->excluded, &ch->row.excluded, numbers_at(&was, k));
	}
	put_number(&ch->excluded, &ch->row.excluded, seat);
	put_number(&ch->excluded, &ch->row.excluded, now_us);
	put_number(&ch->excluded, &ch->row.excluded, until_us);
}

/* ---- recording ---------------------------------------------------------------- */

static void fill_offer(struct core *c, const struct conversation_change *ch)
{
	struct offer_view *o = ch->offer;
	const struct team *team =
		show_row(c, ch->row.offer_team ? ch->row.offer_team : ch->row.team);
	if (!o)
		return;
	if (ch->seat) {
		o->seat_no = ch->seat->config->base.at.number;
		o->agent = ch->seat->row.agent;
		o->agent_no = ch->seat->row.party_no;
		o->misses = (uint32_t)(ch->missed ? ch->seat->agent->row.misses + 1 : 0);
	}
	if (team) {
		o->team = team->row.team;
		o->team_no = team->config->base.at.number;
	}
}

static void fill_record(const struct conversation_change *ch, struct record *r)
{
	struct record_conversation *out = &r->conversation;
	r->tenant = ch->tenant;
	r->room = ch->row.room;
	out->no = ch->no;
	out->given = ch->given;
	out->offers = ch->offers;
	out->team = ch->told ? ch->told->config->base.at.number : ch->row.team;
	out->how = ch->how;
	if (ch->seat) {
		const struct seat *s = ch->seat;
		r->member = s->row.party_no;
		r->member_id = s->row.agent;
		out->seat = s->config->base.at.number;
		out->ready_us = ch->ready_us ? ch->ready_us : s->row.ready_us;
		out->idle_us = ch->idle_us ? ch->idle_us : s->row.idle_us;
		out->agent = s->agent->config->base.at.number;
		out->misses = ch->missed     ? s->agent->row.misses + 1
			      : ch->answered ? 0
					     : s->agent->row.misses;
	}
	if (ch->team_seat) {
		out->team_seat = ch->team_seat->config->base.at.number;
		out->turn = ch->turn;
		out->pass = ch->pass;
	}
}

/* Memory for one is asked for once. */
#define ROW_BYTES_USUAL 512

/* The record borrows from the row that it replaces, which is kept as long. */
static void emit(struct core *c, const struct record_kind *kind, struct record *r,
		 struct conversation *v)
{
	char *bytes = v ? v->bytes : NULL;
	if (v)
		v->bytes = NULL;
	core_emit(c, kind, r);
	if (v && !v->bytes)
		v->bytes = bytes; /* it could not be applied */
	else
		free(bytes);
}

void conversation_emit(struct core *c, enum record_kind_no no, struct conversation_change *ch)
{
	struct buf row = {0}, stint = {0}, decision = {0};
	struct conversation_view view;
	struct stint_view stint_is;
	struct record r = {.tenant = ch->tenant, .room_id = ch->row.room_id};
	struct conversation_told told = {.conversation = &view,
					 .before = ch->of ? ch->of->row.told : 0,
					 .transfer = ch->transfer,
					 .decision = ch->decision,
					 .queued = ch->row.queue_why,
					 .reminded = ch->reminded,
					 .by = ch->by,
					 .comment = ch->comment,
					 .why = ch->why};
	fill_record(ch, &r);
	fill_offer(c, ch);
	told.offer = ch->offer;
	ch->row.told = c->state.position + 1;
	(void)buf_reserve(&row, ROW_BYTES_USUAL);
	conversation_put_row(&row, &ch->row);
	r.conversation.row = buf_span(&row);
	conversation_show(c, ch->no, &ch->row, ch->row.told, &view);
	if (ch->stint) {
		stint_put_row(&stint, ch->stint);
		r.conversation.stint = buf_span(&stint);
		r.conversation.stint_n = ch->stint_n;
		stint_show(c, ch->stint, ch->stint_n, &stint_is);
		told.stint = &stint_is;
	}
	if (ch->decision) {
		fields_encode(&decision, decision_fields, ch->decision);
		r.conversation.decision = buf_span(&decision);
	}
	r.conversation.told = &told;
	emit(c, &kinds[no - RECORD_OPENED], &r, ch->of);
	buf_fini(&row);
	buf_fini(&stint);
	buf_fini(&decision);
	buf_fini(&ch->offered);
	buf_fini(&ch->excluded);
}

/* ---- what is derived ---------------------------------------------------------- */

static void link_guest(struct desk_state *d, struct conversation *v)
{
	struct guests *g;
	HASH_FIND(hh, d->guests, &v->row.visitor, sizeof v->row.visitor, g);
	if (!g) {
		g = mem_new(sizeof *g);
		g->member = v->row.visitor;
		HASH_ADD(hh, d->guests, member, sizeof g->member, g);
	}
	v->guests = g;
	DL_APPEND2(g->open, v, guest_prev, guest_next);
}

static void unlink_guest(struct desk_state *d, struct conversation *v)
{
	struct guests *g = v->guests;
	DL_DELETE2(g->open, v, guest_prev, guest_next);
	v->guests = NULL;
	if (g->open)
		return;
	HASH_DEL(d->guests, g);
	free(g);
}

/* What changes with its state: its team and place there, whose seat it takes, who serves. */
static void step_in(struct core *c, struct conversation *v)
{
	v->team = config_find_no(c, v->row.team)->is;
	v->in_team.id = v->no;
	rank_insert(&v->team->open, &v->in_team);
	c->desk->counts.open[v->row.state]++;
	units_take(c, v);
	struct config *seat = v->row.seat ? config_find_no(c, v->row.seat) : NULL;
	v->seat = seat ? seat->is : NULL;
	if (v->seat)
		DL_APPEND(v->seat->serves, v);
	queue_enter(c, v);
	conversation_set_due(c, v);
}

static void step_out(struct core *c, struct conversation *v)
{
	queue_leave(c, v);
	if (v->seat)
		DL_DELETE(v->seat->serves, v);
	v->seat = NULL;
	units_give_back(c, v);
	c->desk->counts.open[v->row.state]--;
	rank_remove(&v->team->open, &v->in_team);
}

void conversation_link(struct core *c, struct conversation *v)
{
	struct desk_state *d = c->desk;
	v->state = d;
	v->desk = config_find_no(c, v->row.desk)->is;
	v->visitor_key[0] = v->row.desk;
	v->visitor_key[1] = v->row.visitor;
	HASH_ADD(by_visitor, d->by_visitor, visitor_key, sizeof v->visitor_key, v);
	link_guest(d, v);
	v->in_open.id = v->no;
	rank_insert(&v->desk->open, &v->in_open);
	v->desk->of_tenant->open++;
	v->linked = true;
	step_in(c, v);
}

/* The room that remembers it may have left memory before it. */
static void forget_in_room(struct core *c, const struct conversation *v)
{
	struct room *room = (struct room *)row_find(&c->engine, &room_kind, v->row.room, 0);
	if (room && room->talk == v)
		room->talk = NULL;
}

/* It has stepped out. */
static void unlink_conversation(struct core *c, struct conversation *v)
{
	struct desk_state *d = c->desk;
	v->linked = false;
	forget_in_room(c, v);
	rank_remove(&v->desk->open, &v->in_open);
	v->desk->of_tenant->open--;
	unlink_guest(d, v);
	HASH_DELETE(by_visitor, d->by_visitor, v);
	conversation_set_due(c, v);
}

/* ---- records ------------------------------------------------------------------ */

static bool waits(const struct row_conversation *row)
{
	return row->state == CONVERSATION_WAITING || row->state == CONVERSATION_OFFERED;
}

static void pin(struct core *c, struct conversation *v)
{
	bool open = v->row.state != CONVERSATION_CLOSED;
	if (v->pinned == open)
		return;
	v->pinned = open;
	v->base.refs += open ? 1 : -1U;
	if (!c->desk->built && open)
		DL_APPEND(c->desk->loaded, v);
	else if (!c->desk->built)
		DL_DELETE(c->desk->loaded, v);
}

static enum parlor_err apply_row(struct core *c, const struct record *r, struct conversation **out)
{
	struct desk_state *d = c->desk;
	struct conversation *v = NULL;
	enum parlor_err err = PARLOR_E_OK;
	if (r->kind != RECORD_OPENED || !apply_is_first(c, r))
		err = conversation_find_no(c, r->conversation.no, &v);
	*out = v;
	if (err || (v && v->as_of >= r->position))
		return err;
	bool linked = v && v->linked, waited = linked && waits(&v->row);
	struct team *team = waited ? v->team : NULL;
	if (linked)
		step_out(c, v);
	err = conversation_put_in(c, r->conversation.no, r->tenant, r->conversation.row, &v);
	if (err)
		return err;
	*out = v;
	v->as_of = r->position;
	v->offered_before_boot &= v->row.offer != 0 && r->kind != RECORD_OFFERED;
	row_touch(&c->engine, &v->base);
	pin(c, v);
	if (waited && !waits(&v->row))
		queue_departed(c, team);
	if (linked && !v->pinned)
		unlink_conversation(c, v);
	else if (linked)
		step_in(c, v);
	else if (d->built && v->pinned)
		conversation_link(c, v);
	return PARLOR_E_OK;
}

static enum parlor_err apply_room_of(struct core *c, const struct record *r)
{
	struct room *room;
	bool is_new;
	if (r->kind != RECORD_OPENED)
		return PARLOR_E_OK;
	enum parlor_err err = apply_room_row(c, r, &room, &is_new);
	if (!err && is_new)
		room->row.conversation = r->conversation.no;
	return err;
}

/* By what the record says: the conversation's row may contain what came later. */
static enum parlor_err apply_guest(struct core *c, const struct record *r,
				   const struct conversation *v)
{
	struct member *m;
	struct guest *g;
	struct row_conversation row = v->row;
	if (r->kind != RECORD_OPENED && r->kind != RECORD_RELEASED && r->kind != RECORD_CLOSED)
		return PARLOR_E_OK;
	if (v->as_of != r->position && !conversation_get_row(r->conversation.row, &row))
		return PARLOR_E_STORE_CORRUPT;
	if (!show_row(c, row.desk))
		return PARLOR_E_STORE_CORRUPT;
	enum parlor_err err = member_find_no(c, row.visitor, &m);
	if (!err && !m)
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		err = guest_put_in(c, m, row.desk, &g);
	if (err || g->as_of >= r->position)
		return err;
	g->as_of = r->position;
	g->row.conversation = r->conversation.no;
	g->row.room = row.room;
	if (row.human_seat)
		g->row.seat = row.human_seat;
	if (r->kind == RECORD_RELEASED)
		g->row.served_us = desk_at(c, r);
	if (r->kind == RECORD_CLOSED)
		g->row.ended_us = desk_at(c, r);
	row_touch(&c->engine, &g->base);
	return PARLOR_E_OK;
}

/* A row of the configuration that does not contain the record yet. */
static struct config *newer(struct core *c, const struct record *r, uint64_t no)
{
	struct config *config = no ? config_find_no(c, no) : NULL;
	if (!config || config->as_of >= r->position)
		return NULL;
	config->as_of = r->position;
	row_touch(&c->engine, &config->base);
	return config;
}

static void apply_seat(struct core *c, const struct record *r)
{
	const struct record_conversation *in = &r->conversation;
	struct config *of = in->seat ? config_find_no(c, in->seat) : NULL;
	struct seat *s = of ? of->is : NULL;
	if (!s)
		return;
	if (c->desk->built)
		seat_out(s);
	if (newer(c, r, in->seat)) {
		s->row.ready_us = in->ready_us;
		s->row.idle_us = in->idle_us;
	}
	struct config *agent = newer(c, r, in->agent);
	if (agent)
		((struct agent *)agent->is)->row.misses = in->misses;
	struct config *team_seat = newer(c, r, in->team_seat);
	if (team_seat) {
		((struct team_seat *)team_seat->is)->row.turn = in->turn;
		((struct team_seat *)team_seat->is)->row.pass = in->pass;
	}
	if (c->desk->built)
		seat_in(c, s);
}

static void apply_numbers(struct core *c, const struct record *r)
{
	struct row_desk_state *row = &c->desk->row;
	if (row->given < r->conversation.given)
		row->given = r->conversation.given;
	if (row->offers < r->conversation.offers)
		row->offers = r->conversation.offers;
}

static enum parlor_err apply_conversation(struct core *c, const struct record *r)
{
	struct conversation *v;
	enum parlor_err err = apply_row(c, r, &v);
	if (!err)
		err = apply_room_of(c, r);
	if (!err)
		err = apply_guest(c, r, v);
	if (!err && r->conversation.stint.len)
		err = stint_put_in(c, v, r);
	if (err)
		return err;
	apply_seat(c, r);
	apply_numbers(c, r);
	if (c->desk->built)
		tally_record(c, r, &v->row);
	return PARLOR_E_OK;
}

#define CONVERSATION_FIELDS                                                             \
	FIELDS(RECORD_FIELD(room), RECORD_FIELD(member), RECORD_FIELD(conversation.no), \
	       RECORD_FIELD(conversation.row), RECORD_FIELD(conversation.stint_n),      \
	       RECORD_FIELD(conversation.stint), RECORD_FIELD(conversation.given),      \
	       RECORD_FIELD(conversation.offers), RECORD_FIELD(conversation.team),      \
	       RECORD_FIELD(conversation.team_seat), RECORD_FIELD(conversation.turn),   \
	       RECORD_FIELD(conversation.pass), RECORD_FIELD(conversation.seat),        \
	       RECORD_FIELD(conversation.ready_us), RECORD_FIELD(conversation.idle_us), \
	       RECORD_FIELD(conversation.agent), RECORD_FIELD(conversation.misses),     \
	       RECORD_FIELD(conversation.how), RECORD_FIELD(conversation.decision))
#define CHANGE(NO, text, who)                                             \
	[RECORD_##NO - RECORD_OPENED] = {.no = RECORD_##NO,               \
					 .name = (text),                  \
					 .fields = CONVERSATION_FIELDS,   \
					 .apply = apply_conversation,     \
					 .about = TOPIC_ROOM,             \
					 .heard = (who),                  \
					 .also = TOPIC_TEAM,              \
					 .partition = PARTITION_BY_TOPIC, \
					 .moves = MOVES_NOBODY}

static const struct record_kind kinds[RECORD_RATED - RECORD_OPENED + 1] = {
	CHANGE(OPENED, "opened", TOPIC_ROOM),
	CHANGE(QUEUED, "queued", TOPIC_ROOM),
	CHANGE(RAISED, "raised", TOPIC_ROOM),
	CHANGE(OFFERED, "offered", TOPIC_MEMBER),
	CHANGE(OFFER_ENDED, "offer ended", TOPIC_MEMBER),
	CHANGE(ASSIGNED, "assigned", TOPIC_ROOM),
	CHANGE(RELEASED, "released", TOPIC_ROOM),
	CHANGE(HELD, "held", TOPIC_ROOM),
	CHANGE(TRANSFER, "transfer", TOPIC_ROOM),
	CHANGE(MARKED, "marked", TOPIC_ROOM),
	CHANGE(REMINDED, "reminded", TOPIC_ROOM),
	CHANGE(CLOSED, "closed", TOPIC_ROOM),
	CHANGE(RATED, "rated", TOPIC_ROOM),
};
const struct record_noun conversation_records = RECORD_NOUN(kinds);
