/* Deciding about messages: post, recall, and where history lies. */
#include "core/decide.h"
#include "core/index.h"

#include <assert.h>
#include <string.h>

void core_emit_message(struct core *c, const struct message_draft *d, struct core_posted *posted)
{
	struct room *room = d->room;
	bool counts = d->type == MESSAGE_TYPE_MESSAGE;
	struct record r = {.kind = RECORD_POSTED,
			   .tenant = room->row.tenant,
			   .room = room->no,
			   .member = d->sender_no,
			   .seq = room->row.last_seq + 1,
			   .counted = room->row.counted + counts,
			   .type = d->type,
			   .content_type = d->content_type,
			   .content = d->content,
			   .dedup = d->dedup,
			   .members = room->row.members,
			   .room_id = room->row.id,
			   .room_name = room->row.name,
			   .member_id = d->sender_id,
			   .body = d->body,
			   .client_id = d->client_id,
			   .mentions_len = d->mentions_len};
	if (d->sender) {
		const struct row_membership *ms = &d->sender->row;
		r.seen = ms->seen + counts;
		r.own = ms->own + counts;
		r.own_prev = ms->own_last;
		r.name = ms->name;
		r.avatar = ms->avatar;
	}
	if (d->told) {
		r.name = d->sender_name;
		r.avatar = d->sender_avatar;
	}
	for (size_t i = 0; i < d->mentions_len; i++) {
		r.mentions[i] = d->mentions[i];
		r.mention_ids[i] = d->mention_ids[i];
	}
	core_emit(c, &r);
	*posted = (struct core_posted){room->no, r.seq, r.position, r.time_us};
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
	if (!err && q->content_type > 3)
		err = PARLOR_E_VALUE;
	if (!err && q->mentions_len > c->limits.mentions)
		err = PARLOR_E_TOO_MANY;
	for (size_t i = 0; !err && i < q->mentions_len; i++)
		err = decide_id(q->mentions[i]);
	return err;
}

struct hash128 decide_dedup(struct core *c, uint64_t sender, struct span client_id)
{
	buf_clear(&c->scratch);
	buf_put_u64(&c->scratch, sender);
	buf_put(&c->scratch, client_id.data, client_id.len);
	return hash128(c->scratch.data, c->scratch.len);
}

uint64_t decide_content(struct core *c, const struct core_post *q)
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

	struct hash128 dedup = decide_dedup(c, m->no, q->client_id);
	uint64_t content = decide_content(c, q);
	err = posted_before(c, room, dedup, content, posted, &before);
	if (err || before)
		return err;
	if (q->repeat_only)
		return PARLOR_E_STORE_FULL;

	if (room->row.state == ROOM_STATE_DISSOLVED)
		return PARLOR_E_ROOM_DISSOLVED;
	if (room->row.state == ROOM_STATE_CLOSED)
		return PARLOR_E_ROOM_CLOSED;
	err = tables_membership(c, room, m, &ms);
	if (!err && !ms)
		err = PARLOR_E_NOT_MEMBER;
	if (!err)
		err = find_mentions(c, call, room, q, mentions);
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
	core_emit_message(c, &draft, posted);
	return PARLOR_E_OK;
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

enum parlor_err core_recall(struct core *c, const struct core_call *call, struct span id,
			    uint64_t seq, struct span by, struct core_posted *posted)
{
	struct room *room;
	struct row_message msg;
	struct membership *who;
	core_clock(c, call);
	enum parlor_err err = decide_id(by);
	if (!err)
		err = decide_living_room(c, call, id, &room);
	if (!err)
		err = core_message(c, room->no, seq, &msg);
	if (!err)
		err = may_recall(c, call, room, &msg, by, &who);
	if (err)
		return err;
	*posted = (struct core_posted){.room = room->no, .seq = seq, .time_us = c->now_us};
	if (msg.recalled)
		return PARLOR_E_OK;
	struct record r = {.kind = RECORD_RECALLED,
			   .tenant = room->row.tenant,
			   .room = room->no,
			   .member = who->member->no,
			   .seq = seq,
			   .members = room->row.members,
			   .room_id = room->row.id,
			   .room_name = room->row.name,
			   .member_id = who->member->row.id};
	core_emit(c, &r);
	posted->position = r.position;
	posted->time_us = r.time_us;
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
	*h = (struct core_history){.room = room->no, .floor = 1, .last_seq = room->row.last_seq};
	if (ms && !room->row.open)
		h->floor = ms->row.joined_seq + 1;
	if (backwards)
		h->from = from == 0 || from > h->last_seq ? h->last_seq : from;
	else
		h->from = from < h->floor ? h->floor : from;
	return PARLOR_E_OK;
}
