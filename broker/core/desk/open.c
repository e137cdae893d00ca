#include "core/desk/open.h"

#include "core/decide.h"
#include "core/desk/clock.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation.h"
#include "core/desk/conversation_row.h"
#include "core/desk/duty.h"
#include "core/desk/match.h"
#include "core/desk/queue.h"
#include "core/desk/route.h"
#include "core/desk/service.h"
#include "core/desk/setting.h"
#include "core/desk/settle.h"
#include "core/desk/show.h"
#include "core/desk/visitor_row.h"
#include "core/member.h"
#include "core/member_row.h"
#include "core/membership.h"
#include "core/membership_row.h"
#include "core/message.h"
#include "core/name.h"
#include "core/room.h"
#include "core/room_row.h"
#include "core/tenant.h"
#include "core/tenant_row.h"

#include <assert.h>
#include <stdio.h>

#define PRODUCT_BYTES 150
#define ID_OF_RANDOM 33

/* What the request names, as far as it is known. */
struct opening {
	struct core *core;
	const struct core_call *call;
	const struct core_desk_open *q;
	struct tenant *tenant;
	struct desk *desk;
	struct team *team;
	struct config *type;
	struct seat *wanted;
	struct member *visitor; /* NULL: nobody of that id is known */
	struct guest *guest;    /* NULL: it was never here */
	struct room *room;      /* NULL: it has to be made */
	uint64_t content;
	bool deferred;
};

static enum parlor_err check(const struct core *c, const struct core_desk_open *q)
{
	enum parlor_err err = decide_id(q->desk);
	if (!err)
		err = decide_id(q->visitor);
	if (err)
		return err;
	if (q->conversation.len > ROW_ID_MAX || q->room.len > ROW_ID_MAX ||
	    q->product.len > PRODUCT_BYTES || q->visitor_name.len > c->limits.name_bytes ||
	    q->visitor_avatar.len > c->limits.avatar_bytes || q->body.len > c->limits.body_bytes ||
	    q->client_id.len > c->limits.client_id_bytes)
		return PARLOR_E_TOO_LONG;
	if (q->priority >= DESK_PRIORITIES)
		return PARLOR_E_VALUE;
	return q->body.len && !q->client_id.len ? PARLOR_E_EMPTY : PARLOR_E_OK;
}

static uint64_t content_of(struct core *c, const struct core_desk_open *q)
{
	buf_clear(&c->scratch);
	buf_put_span(&c->scratch, q->desk);
	buf_put_span(&c->scratch, q->visitor);
	buf_put_span(&c->scratch, q->team);
	buf_put_span(&c->scratch, q->product);
	buf_put_span(&c->scratch, q->type);
	buf_put_varint(&c->scratch, q->business);
	buf_put_varint(&c->scratch, q->priority);
	return hash64(c->scratch.data, c->scratch.len);
}

/* ---- routing ------------------------------------------------------------------ */

static enum parlor_err find_type(struct opening *o)
{
	if (!o->q->type.len)
		return PARLOR_E_OK;
	if (o->q->type.len > ROW_ID_MAX)
		return PARLOR_E_TOO_LONG;
	o->type = type_find(o->core, o->tenant->no, o->desk->config->base.at.number, o->q->type);
	return o->type ? PARLOR_E_OK : PARLOR_E_TYPE_UNKNOWN;
}

static enum parlor_err find_team(struct opening *o)
{
	struct core *c = o->core;
	enum parlor_err err = find_type(o);
	if (err)
		return err;
	if (o->q->team.len) {
		o->team = team_find(c, o->desk, o->q->team);
		return o->team ? PARLOR_E_OK : PARLOR_E_TEAM_UNKNOWN;
	}
	o->team = route_by(c, o->desk, ROUTE_PRODUCT, o->q->product);
	if (!o->team)
		o->team = route_by(c, o->desk, ROUTE_TYPE, o->q->type);
	if (!o->team && o->type)
		o->team = team_find_no(c, ((const struct row_type *)o->type->is)->team_no);
	if (!o->team || o->team->desk != o->desk)
		o->team = route_business(c, o->desk, o->q->business);
	if (!o->team)
		o->team = o->desk->team;
	return PARLOR_E_OK;
}

static enum parlor_err find_wanted(struct opening *o)
{
	struct member *m;
	if (!o->q->agent.len)
		return PARLOR_E_OK;
	enum parlor_err err = decide_member(o->core, o->call, o->q->agent, &m);
	if (!err)
		o->wanted = seat_find(o->core, o->desk, m->no);
	if (err == PARLOR_E_MEMBER_UNKNOWN || (!err && !o->wanted))
		return PARLOR_E_AGENT_UNKNOWN;
	return err;
}

/* ---- whether it may wait ------------------------------------------------------ */

static enum parlor_err check_hours(struct opening *o)
{
	if (!duty_closed(o->core, o->team))
		return PARLOR_E_OK;
	if (o->team->row.when_closed == 1)
		return PARLOR_E_TEAM_CLOSED;
	struct team *other =
		o->team->row.when_closed == 2 ? queue_overflow(o->core, o->team) : NULL;
	if (other && !duty_closed(o->core, other))
		o->team = other;
	else
		o->deferred = true;
	return PARLOR_E_OK;
}

static enum parlor_err check_space(struct opening *o)
{
	struct core *c = o->core;
	uint64_t open = 0;
	for (int i = 0; i < CONVERSATION_CLOSED; i++)
		open += c->desk->counts.open[i];
	uint64_t most = SETTING(o->team, max_waiting); /* 0: off */
	if (open >= c->limits.conversations_open ||
	    o->desk->of_tenant->open >= c->limits.tenant_conversations ||
	    (most && rank_count(&o->team->all) >= most))
		return PARLOR_E_QUEUE_FULL;
	if (o->desk->row.queue_off && !match_may_serve(c, o->team))
		return PARLOR_E_QUEUE_FULL;
	return PARLOR_E_OK;
}

/* ---- its room ----------------------------------------------------------------- */

static enum parlor_err is_busy(struct core *c, const struct room *room, bool *busy)
{
	struct conversation *v = NULL;
	enum parlor_err err = room->row.conversation
				      ? conversation_find_no(c, room->row.conversation, &v)
				      : PARLOR_E_OK;
	*busy = !err && v && v->row.state != CONVERSATION_CLOSED;
	return err;
}

static enum parlor_err find_room(struct opening *o)
{
	struct core *c = o->core;
	bool busy, given = o->q->room.len > 0;
	enum parlor_err err = PARLOR_E_OK;
	if (given)
		err = room_find(c, o->tenant->no, o->q->room, &o->room);
	else if (o->guest && o->guest->row.room && !o->desk->row.room_each)
		err = room_find_no(c, o->guest->row.room, &o->room);
	if (err || !o->room)
		return err;
	err = is_busy(c, o->room, &busy);
	if (err)
		return err;
	if (given && o->room->row.state == ROOM_STATE_DISSOLVED)
		return PARLOR_E_ROOM_DISSOLVED;
	if (given && busy)
		return PARLOR_E_ROOM_BUSY;
	if (busy || o->room->row.state == ROOM_STATE_DISSOLVED)
		o->room = NULL;
	return PARLOR_E_OK;
}

static enum parlor_err check_numbers(struct opening *o)
{
	struct core_member_spec spec = {.id = o->q->visitor};
	enum parlor_err err = member_capacity(o->core, o->tenant, &spec, 1);
	if (!err && !o->room)
		err = tenant_capacity(o->core, o->tenant, 1, 0);
	if (!err && o->room && o->room->row.members >= o->core->limits.room_members)
		err = PARLOR_E_ROOM_FULL;
	return err;
}

/* Of random numbers, which a caller brings: another one of the same. */
static struct span make_id(char out[ID_OF_RANDOM], const struct core_call *call, char first)
{
	assert(call->random[0] || call->random[1]);
	snprintf(out, ID_OF_RANDOM, "%c%015llx%016llx", first,
		 (unsigned long long)call->random[0] & 0xfffffffffffffff,
		 (unsigned long long)call->random[1]);
	return (struct span){out, ID_OF_RANDOM - 1};
}

static enum parlor_err make_room(struct opening *o)
{
	char made[ID_OF_RANDOM];
	struct core *c = o->core;
	struct span id = o->q->room.len ? o->q->room : make_id(made, o->call, 'r');
	enum parlor_err err = PARLOR_E_OK;
	if (!o->room) {
		const struct core_room_made making = {.id = id, .name = o->q->visitor_name};
		err = room_emit_created(c, o->tenant, &making, &o->room);
	} else if (o->room->row.state == ROOM_STATE_CLOSED) {
		room_emit_state(c, o->room, ROOM_STATE_OPEN);
	}
	if (err)
		return err;
	struct core_member_spec visitor = {.id = o->q->visitor,
					   .type = MEMBER_TYPE_MEMBER,
					   .name = o->q->visitor_name,
					   .avatar = o->q->visitor_avatar};
	return membership_emit_joins(c, o->tenant, o->room, &visitor, 1);
}

/* ---- opening ------------------------------------------------------------------ */

static void fill(struct opening *o, struct conversation_change *ch, struct span id)
{
	struct core *c = o->core;
	struct row_conversation *row = &ch->row;
	uint64_t now = desk_now(c);
	unsigned priority = o->q->priority;
	if (!priority && o->type)
		priority = ((const struct row_type *)o->type->is)->priority;
	*row = (struct row_conversation){
		.id = id,
		.room_id = o->room->row.id,
		.visitor_id = o->q->visitor,
		.product = o->q->product,
		.desk = o->desk->config->base.at.number,
		.team = o->team->config->base.at.number,
		.room = o->room->no,
		.visitor = o->visitor->no,
		.type = o->type ? o->type->base.at.number : 0,
		.business = o->q->business,
		.content = o->content,
		.state = o->deferred ? CONVERSATION_DEFERRED : CONVERSATION_WAITING,
		.priority = (uint8_t)priority,
		.queue_why = o->deferred ? QUEUE_DEFERRED : QUEUE_NEW,
		.key = team_key(o->team, now, priority),
		.asked_desk_us = now,
		.waits_desk_us = now,
		.since_desk_us = now,
		.opened_desk_us = now,
		.wanted = o->wanted ? o->wanted->config->base.at.number : 0,
		.asks = o->q->body.len ? 0 : 1, /* its first message counts itself */
		.first_seq = o->room->row.last_seq + 1,
		.opened_us = c->now_us,
		.queued_us = c->now_us,
		.last_message_us = c->now_us,
	};
	uint64_t reopen_us = SETTING_US(o->team, reopen_ms);
	if (o->guest && o->guest->row.ended_us && reopen_us &&
	    o->guest->row.ended_us + reopen_us > now)
		row->reopens = o->guest->row.conversation;
}

static struct core_post first_post(const struct opening *o)
{
	return (struct core_post){.sender = o->q->visitor,
				  .client_id = o->q->client_id,
				  .body = o->q->body,
				  .type = MESSAGE_TYPE_MESSAGE};
}

static enum parlor_err post_first(struct opening *o, const struct room *room)
{
	struct core_post post = first_post(o);
	struct core_posted posted;
	post.room = room->row.id;
	return o->q->body.len ? core_post(o->core, o->call, &post, &posted) : PARLOR_E_OK;
}

static enum parlor_err emit_opened(struct opening *o, struct conversation **v)
{
	char made[ID_OF_RANDOM];
	struct core *c = o->core;
	struct conversation_change ch;
	struct span id = o->q->conversation.len ? o->q->conversation : make_id(made, o->call, 'c');
	conversation_begin(&ch, c, NULL);
	ch.no = conversation_give(&ch);
	ch.tenant = o->tenant->no;
	fill(o, &ch, id);
	const struct row_text *text = NULL;
	if (o->deferred)
		text = say_prepare(c, &ch, TEXT_NO_SERVICE);
	else if (!match_may_serve(c, o->team))
		text = say_prepare(c, &ch, TEXT_QUEUED);
	conversation_emit(c, RECORD_OPENED, &ch);
	enum parlor_err err = c->broken ? c->broken : conversation_find_no(c, ch.no, v);
	if (err)
		return err;
	err = post_first(o, o->room);
	say_text(c, *v, text);
	return err;
}

static enum parlor_err open_new(struct opening *o, struct conversation **v)
{
	struct core *c = o->core;
	bool alone = !desk_unsettled(c);
	enum parlor_err err = tenant_introduce(c, o->call, &o->tenant);
	if (!err)
		err = member_introduce(c, o->tenant, o->q->visitor, &o->visitor);
	if (!err)
		err = make_room(o);
	if (!err)
		err = emit_opened(o, v);
	if (err)
		return err;
	struct team_seat *robot =
		team_robot_policy(o->team) == ROBOT_FIRST ? match_robot(o->team) : NULL;
	if (robot && (*v)->row.state == CONVERSATION_WAITING)
		service_assign(c, *v, robot->seat, o->team, HOW_ROBOT, NULL, NO_ONE);
	else
		match_prefer(c, *v, alone);
	return c->broken;
}

/* The visitor, as far as it is known: blocked, here before, and here still. */
static enum parlor_err find_visitor(struct opening *o, struct conversation **open)
{
	struct core *c = o->core;
	struct visitor *profile = NULL;
	uint64_t desk = o->desk->config->base.at.number;
	enum parlor_err err = member_find(c, o->tenant->no, o->q->visitor, &o->visitor);
	if (err || !o->visitor)
		return err;
	err = visitor_find(c, o->visitor, &profile);
	if (!err && profile && !profile->removed && profile->row.blocked)
		return PARLOR_E_VISITOR_BLOCKED;
	if (!err)
		err = guest_find(c, o->visitor, desk, &o->guest);
	*open = err ? NULL : conversation_of_visitor(c, desk, o->visitor->no);
	return err;
}

/* One of that id, whatever has become of it. */
static enum parlor_err find_same(struct opening *o, struct conversation **v)
{
	enum parlor_err err = PARLOR_E_OK;
	if (o->q->conversation.len)
		err = conversation_find(o->core, o->tenant->no, o->q->conversation, v);
	if (!err && *v && (*v)->row.content && (*v)->row.content != o->content)
		err = PARLOR_E_DESK_CONFLICT;
	return err;
}

static enum parlor_err find(struct opening *o, struct conversation **v)
{
	struct core *c = o->core;
	*v = NULL;
	enum parlor_err err = tenant_find(c, o->call->tenant, &o->tenant);
	if (!err)
		o->desk = o->tenant ? desk_find(c, o->tenant->no, o->q->desk) : NULL;
	if (!err && !o->desk)
		err = PARLOR_E_DESK_UNKNOWN;
	if (!err)
		err = find_same(o, v);
	if (err || *v)
		return err;
	return find_visitor(o, v);
}

/* Its client id may have been used for another message. */
static enum parlor_err check_first(struct opening *o)
{
	struct core_posted posted;
	struct core_post post = first_post(o);
	post.refusal = PARLOR_E_STORE_FULL;
	if (!post.body.len || !o->room || !o->visitor)
		return PARLOR_E_OK;
	post.room = o->room->row.id;
	enum parlor_err err = core_post(o->core, o->call, &post, &posted);
	return err == PARLOR_E_STORE_FULL || err == PARLOR_E_NOT_MEMBER ? PARLOR_E_OK : err;
}

static enum parlor_err may_open(struct opening *o)
{
	if (o->desk->row.off && !o->q->imported)
		return PARLOR_E_TEAM_CLOSED;
	enum parlor_err err = find_team(o);
	if (!err)
		err = find_wanted(o);
	if (!err && !o->q->imported)
		err = check_hours(o);
	if (!err && !o->q->imported)
		err = check_space(o);
	if (!err)
		err = find_room(o);
	if (!err)
		err = check_first(o);
	return err ? err : check_numbers(o);
}

enum parlor_err core_desk_open(struct core *c, const struct core_call *call,
			       const struct core_desk_open *q, struct conversation_view *view)
{
	struct opening o = {.core = c, .call = call, .q = q};
	struct conversation *v;
	core_clock(c, call);
	uint64_t before = c->state.position;
	enum parlor_err err = check(c, q);
	if (!err) {
		o.content = content_of(c, q);
		err = find(&o, &v);
	}
	if (err)
		return err;
	if (!v) {
		err = may_open(&o);
		if (!err) {
			desk_clock_see(c, call);
			err = open_new(&o, &v);
		}
	} else if (v->row.state != CONVERSATION_CLOSED) {
		struct room *room = conversation_room(c, v);
		err = room ? post_first(&o, room) : c->broken;
	}
	if (err)
		return err;
	desk_settle(c);
	uint64_t position = c->state.position;
	conversation_show(c, v->no, &v->row, position == before ? 0 : position, view);
	return c->broken;
}
