#include "core/message.h"

#include "core/apply.h"
#include "core/decide.h"
#include "core/desk/tables.h"
#include "core/index.h"
#include "core/keys.h"
#include "core/member_row.h"
#include "core/membership_row.h"
#include "core/own.h"

#include <assert.h>

enum { POSTED, RECALLED, KINDS };
static const struct record_kind kinds[KINDS];

void message_emit(struct core *c, const struct message_draft *d, struct core_posted *posted)
{
	const struct room *room = d->room;
	bool counts = d->type == MESSAGE_TYPE_MESSAGE;
	uint8_t space[RECORD_MENTIONS_MAX * BUF_VARINT_MAX];
	struct buf mentions = BUF_ON(space);
	struct record r = {.tenant = room->row.tenant,
			   .room = room->no,
			   .member = d->sender_no,
			   .room_id = room->row.id,
			   .member_id = d->sender_id};
	struct record_posted *p = &r.posted;
	assert(d->mentions_len <= RECORD_MENTIONS_MAX);
	for (size_t i = 0; i < d->mentions_len; i++)
		buf_put_varint(&mentions, d->mentions[i]);
	p->seq = room->row.last_seq + 1;
	p->counts.counted = room->row.counted + counts;
	p->type = d->type;
	p->content_type = d->content_type;
	p->content = d->content;
	p->dedup = d->dedup;
	p->body = d->body;
	p->client_id = d->client_id;
	p->mentions = (struct number_list){{space, mentions.len}, d->mentions_len};
	p->mention_ids = d->mention_ids;
	if (d->sender) {
		const struct row_membership *ms = &d->sender->row;
		p->counts.seen = ms->seen + counts;
		p->own = ms->own + counts;
		p->own_prev = ms->own_last;
		p->sender_name = ms->name;
		p->sender_avatar = ms->avatar;
	}
	if (d->imported) {
		p->sender_name = d->sender_name;
		p->sender_avatar = d->sender_avatar;
	}
	core_emit(c, &kinds[POSTED], &r);
	*posted = (struct core_posted){room->no, p->seq, r.position, r.time_us};
}

enum parlor_err message_check_notice(const struct core *c, const struct core_notice *n)
{
	if (n->body.len > c->limits.body_bytes || n->sender.len > ROW_ID_MAX)
		return PARLOR_E_TOO_LONG;
	return PARLOR_E_OK;
}

void message_emit_notice(struct core *c, struct room *room, const struct core_notice *n)
{
	if (!n->body.len)
		return;
	struct message_draft draft = {
		.room = room, .type = MESSAGE_TYPE_NOTICE, .body = n->body, .sender_id = n->sender};
	if (n->sender.len) {
		struct member *m = NULL;
		enum parlor_err err = member_find(c, room->row.tenant, n->sender, &m);
		if (!err && m)
			err = membership_find(c, room, m, &draft.sender);
		draft.sender_no = !err && draft.sender ? m->no : 0;
		if (err)
			core_break(c, err);
	}
	struct core_posted posted;
	message_emit(c, &draft, &posted);
}

static enum parlor_err check_post(struct core *c, const struct core_post *q)
{
	enum parlor_err err = decide_id(q->sender);
	if (!err && q->client_id.len == 0)
		err = PARLOR_E_EMPTY;
	if (!err &&
	    (q->client_id.len > c->limits.client_id_bytes || q->body.len > c->limits.body_bytes))
		err = PARLOR_E_TOO_LONG;
	if (!err && q->type != MESSAGE_TYPE_MESSAGE && q->type != MESSAGE_TYPE_NOTICE)
		err = PARLOR_E_VALUE;
	if (!err && q->content_type > CONTENT_TYPE_MAX)
		err = PARLOR_E_VALUE;
	if (!err && q->mentions_len > c->limits.mentions)
		err = PARLOR_E_TOO_MANY;
	for (size_t i = 0; !err && i < q->mentions_len; i++)
		err = decide_id(q->mentions[i]);
	return err;
}

struct hash128 message_dedup(struct core *c, uint64_t sender, struct span client_id)
{
	buf_clear(&c->scratch);
	buf_put_u64(&c->scratch, sender);
	buf_put(&c->scratch, client_id.data, client_id.len);
	return hash128(c->scratch.data, c->scratch.len);
}

uint64_t message_content(struct core *c, const struct core_post *q)
{
	buf_clear(&c->scratch);
	buf_put_u8(&c->scratch, q->type);
	buf_put_u8(&c->scratch, q->content_type);
	buf_put_u64(&c->scratch, hash64(q->body.data, q->body.len));
	for (size_t i = 0; i < q->mentions_len; i++)
		buf_put_span(&c->scratch, q->mentions[i]);
	return hash64(c->scratch.data, c->scratch.len);
}

/* The answer of an earlier post of the same client id. */
static enum parlor_err posted_before(struct core *c, struct room *room, struct hash128 dedup,
				     uint64_t content, struct core_posted *posted, bool *before)
{
	struct row_message msg;
	uint64_t seq;
	enum parlor_err err = index_key(c, room, dedup, &seq, &msg, before);
	if (err || !*before)
		return err;
	if (msg.content && msg.content != content)
		return PARLOR_E_POST_CONFLICT;
	*posted = (struct core_posted){room->no, seq, msg.position, msg.time_us};
	return PARLOR_E_OK;
}

static enum parlor_err find_mentions(struct core *c, const struct core_call *call,
				     struct room *room, const struct core_post *q,
				     uint64_t *numbers)
{
	enum parlor_err err = decide_distinct(c, q->mentions, q->mentions_len);
	for (size_t i = 0; !err && i < q->mentions_len; i++) {
		struct membership *ms;
		err = decide_membership(c, call, room, q->mentions[i], &ms);
		if (!err) /* naming oneself is no mention: own messages never count */
			numbers[i] = span_equal(q->mentions[i], q->sender) ? 0 : ms->member->no;
	}
	return err;
}

/* Whether the room takes it from that member, whose membership it is then. */
static enum parlor_err room_takes(struct core *c, const struct core_call *call, struct room *room,
				  struct member *m, const struct core_post *q,
				  struct membership **ms, uint64_t *mentions)
{
	enum parlor_err err = PARLOR_E_OK;
	if (room->row.conversation && !room->talk)
		err = c->desk->hooks->may_post(c, room, m->no);
	/* It may open another one by it: then nothing else may be wrong with it. */
	if (err == PARLOR_E_CONVERSATION_CLOSED) {
		enum parlor_err other = find_mentions(c, call, room, q, mentions);
		return other ? other : err;
	}
	if (err)
		return err;
	if (room->row.state == ROOM_STATE_DISSOLVED)
		return PARLOR_E_ROOM_DISSOLVED;
	if (room->row.state == ROOM_STATE_CLOSED)
		return PARLOR_E_ROOM_CLOSED;
	err = membership_find(c, room, m, ms);
	if (!err && !*ms)
		err = PARLOR_E_NOT_MEMBER;
	return err ? err : find_mentions(c, call, room, q, mentions);
}

enum parlor_err core_post(struct core *c, const struct core_call *call, const struct core_post *q,
			  struct core_posted *posted)
{
	struct room *room;
	struct member *m;
	struct membership *ms = NULL;
	uint64_t mentions[RECORD_MENTIONS_MAX];
	bool before;
	core_clock(c, call);
	enum parlor_err err = check_post(c, q);
	if (!err)
		err = decide_room(c, call, q->room, &room);
	if (!err)
		err = decide_member(c, call, q->sender, &m);
	if (err)
		return err == PARLOR_E_MEMBER_UNKNOWN ? PARLOR_E_NOT_MEMBER : err;

	struct hash128 dedup = message_dedup(c, m->no, q->client_id);
	keys_prefetch(room, dedup, 0);
	uint64_t content = message_content(c, q);
	keys_prefetch(room, dedup, 1);
	err = posted_before(c, room, dedup, content, posted, &before);
	if (err || before)
		return err;
	if (q->refusal)
		return q->refusal;
	err = room_takes(c, call, room, m, q, &ms, mentions);
	if (err)
		return err;

	struct message_draft draft = {.room = room,
				      .sender = ms,
				      .sender_id = m->row.id,
				      .sender_no = m->no,
				      .type = q->type,
				      .content_type = q->content_type,
				      .body = q->body,
				      .client_id = q->client_id,
				      .dedup = dedup,
				      .content = content,
				      .mention_ids = q->mentions,
				      .mentions = mentions,
				      .mentions_len = q->mentions_len};
	message_emit(c, &draft, posted);
	return PARLOR_E_OK;
}

uint64_t message_emit_recall(struct core *c, const struct room *room, uint64_t seq, uint64_t by,
			     struct span by_id)
{
	struct record r = {.tenant = room->row.tenant,
			   .room = room->no,
			   .member = by,
			   .room_id = room->row.id,
			   .member_id = by_id,
			   .recalled = {.seq = seq}};
	core_emit(c, &kinds[RECALLED], &r);
	return r.position;
}

/* Its sender, as long as it is in the room, or a manager. */
static enum parlor_err may_recall(struct core *c, const struct core_call *call, struct room *room,
				  const struct row_message *msg, struct span by,
				  struct membership **who)
{
	enum parlor_err err = decide_membership(c, call, room, by, who);
	if (!err && (*who)->row.type != MEMBER_TYPE_MANAGER && (*who)->member->no != msg->sender)
		err = PARLOR_E_NOT_ALLOWED;
	return err;
}

static enum parlor_err find_recalled(struct core *c, const struct core_call *call, struct span id,
				     uint64_t seq, struct span by, struct room **room,
				     struct row_message *msg, struct membership **who)
{
	enum parlor_err err = decide_id(by);
	if (!err)
		err = decide_living_room(c, call, id, room);
	if (!err)
		err = core_message(c, (*room)->no, seq, msg);
	if (!err)
		err = may_recall(c, call, *room, msg, by, who);
	return err;
}

enum parlor_err core_recall_check(struct core *c, const struct core_call *call, struct span id,
				  uint64_t seq, struct span by, struct row_message *msg)
{
	struct room *room;
	struct membership *who;
	return find_recalled(c, call, id, seq, by, &room, msg, &who);
}

enum parlor_err core_recall(struct core *c, const struct core_call *call, struct span id,
			    uint64_t seq, struct span by, struct core_posted *posted)
{
	struct room *room;
	struct row_message msg;
	struct membership *who;
	core_clock(c, call);
	enum parlor_err err = find_recalled(c, call, id, seq, by, &room, &msg, &who);
	if (err)
		return err;
	*posted = (struct core_posted){.room = room->no, .seq = seq, .time_us = c->now_us};
	if (msg.recalled)
		return PARLOR_E_OK;
	posted->position = message_emit_recall(c, room, seq, who->member->no, who->member->row.id);
	return PARLOR_E_OK;
}

enum parlor_err core_message(struct core *c, uint64_t room, uint64_t seq, struct row_message *row)
{
	bool found;
	if (seq == 0)
		return PARLOR_E_MESSAGE_UNKNOWN;
	enum parlor_err err = index_message(c, room, seq, row, &found);
	if (!err && !found)
		err = PARLOR_E_MESSAGE_UNKNOWN;
	return err;
}

enum parlor_err core_history(struct core *c, const struct core_call *call, struct span id,
			     struct span member, uint64_t from, bool backwards,
			     struct core_history *h)
{
	struct room *room;
	struct membership *ms = NULL;
	enum parlor_err err = decide_room(c, call, id, &room);
	if (!err && member.len)
		err = decide_membership(c, call, room, member, &ms);
	if (err)
		return err;
	*h = (struct core_history){
		.room = room->no, .first_seq = 1, .last_seq = room->row.last_seq};
	if (ms && !room->row.open)
		h->first_seq = ms->row.joined_seq + 1;
	if (backwards)
		h->from = from == 0 || from > h->last_seq ? h->last_seq : from;
	else
		h->from = from < h->first_seq ? h->first_seq : from;
	return PARLOR_E_OK;
}

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err add_message(struct core *c, const struct record *r, struct room *room)
{
	const struct record_posted *p = &r->posted;
	struct row_message row = {.position = r->position,
				  .time_us = r->time_us,
				  .sender = r->member,
				  .counted = p->counts.counted,
				  .own = p->own,
				  .own_prev = p->own_prev,
				  .counts = p->type == MESSAGE_TYPE_MESSAGE,
				  .keyed = (p->dedup.low | p->dedup.high) != 0,
				  .key = p->dedup,
				  .content = p->content};
	return index_append(c, room, p->seq, &row, apply_is_first(c, r));
}

static enum parlor_err apply_mentions(struct core *c, const struct record *r, struct room *room)
{
	const struct number_list *mentions = &r->posted.mentions;
	struct reader in;
	enum parlor_err err = PARLOR_E_OK;
	reader_init(&in, mentions->bytes.data, mentions->bytes.len);
	for (size_t i = 0; !err && i < mentions->len; i++) {
		struct membership *ms;
		err = apply_membership(c, r, room, reader_varint(&in), &ms);
		if (err || !ms)
			continue;
		ms->row.mention_seq = r->posted.seq;
		apply_membership_changed(c, r, ms);
	}
	return err;
}

static enum parlor_err apply_posted(struct core *c, const struct record *r)
{
	const struct record_posted *p = &r->posted;
	struct room *room;
	struct membership *ms;
	bool is_new;
	enum parlor_err err = apply_room_row(c, r, &room, &is_new);
	if (err)
		return err;
	if (is_new) {
		room->row.last_seq = p->seq;
		room->row.counted = p->counts.counted;
		room->row.active_us = r->time_us;
		room->row.active_pos = r->position;
	}
	err = add_message(c, r, room);
	activity_add(&c->activity, room->no);
	if (!err)
		err = apply_membership(c, r, room, r->member, &ms);
	if (!err && ms) {
		ms->row.seen = p->counts.seen;
		if (p->type == MESSAGE_TYPE_MESSAGE) {
			ms->row.own = p->own;
			ms->row.own_last = p->seq;
		}
		apply_membership_changed(c, r, ms);
	}
	if (!err && p->own && p->own % c->limits.own_row_every == 0 &&
	    p->type == MESSAGE_TYPE_MESSAGE)
		own_add(c, r, ms);
	return err ? err : apply_mentions(c, r, room);
}

static enum parlor_err apply_recalled(struct core *c, const struct record *r)
{
	struct room *room;
	enum parlor_err err = apply_room(c, r, &room);
	return err ? err : index_recall(c, room, r->recalled.seq);
}

static const struct record_kind kinds[KINDS] = {
	[POSTED] = {.no = RECORD_POSTED,
		    .name = "posted",
		    .fields = FIELDS(
			    RECORD_FIELD(room), RECORD_FIELD(member), RECORD_FIELD(posted.seq),
			    RECORD_FIELD(posted.counts.counted), RECORD_FIELD(posted.counts.seen),
			    RECORD_FIELD(posted.own), RECORD_FIELD(posted.own_prev),
			    RECORD_FIELD_OF_HASH(posted.content), RECORD_FIELD(posted.dedup),
			    RECORD_FIELD(posted.type), RECORD_FIELD(posted.mentions)),
		    .apply = apply_posted,
		    RECORD_OF_ROOM,
		    .moves = MOVES_NOBODY,
		    .counts = RECORD_COUNTS(posted.counts)},
	[RECALLED] = {.no = RECORD_RECALLED,
		      .name = "recalled",
		      .fields = FIELDS(RECORD_FIELD(room), RECORD_FIELD(member),
				       RECORD_FIELD(recalled.seq)),
		      .apply = apply_recalled,
		      RECORD_OF_ROOM,
		      .moves = MOVES_NOBODY},
};
const struct record_noun message_records = RECORD_NOUN(kinds);
