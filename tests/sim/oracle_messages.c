/* The oracle on messages and on reading them. */
#include "oracle_parts.h"

/* ---- messages ------------------------------------------------------------------ */

static enum parlor_err check_post(const struct oracle *o, const struct core_post *q)
{
	enum parlor_err err = o_check_id(q->sender);
	if (!err && q->client_id.len == 0)
		err = PARLOR_E_EMPTY;
	if (!err &&
	    (q->client_id.len > o->limits->client_id_bytes || q->body.len > o->limits->body_bytes))
		err = PARLOR_E_TOO_LONG;
	if (!err && ((q->type != MESSAGE_TYPE_MESSAGE && q->type != MESSAGE_TYPE_NOTICE) ||
		     q->content_type > 3))
		err = PARLOR_E_VALUE;
	if (!err && q->mentions_len > o->limits->mentions)
		err = PARLOR_E_TOO_MANY;
	for (size_t i = 0; !err && i < q->mentions_len; i++)
		err = o_check_id(q->mentions[i]);
	return err;
}

static const struct o_message *posted_before(const struct oracle *o, int room, int sender,
					     struct span client_id)
{
	for (int i = o->rooms[room].last_message; i >= 0; i = o->messages[i].before) {
		const struct o_message *m = &o->messages[i];
		if (m->has_client_id && m->sender == sender &&
		    o_same(o_label_span(&m->client_id), client_id))
			return m;
	}
	return NULL;
}

static bool same_content(const struct oracle *o, const struct o_message *m,
			 const struct core_post *q)
{
	if (m->type != q->type || m->content_type != q->content_type ||
	    m->mentions_len != q->mentions_len || !o_same(o_label_span(&m->body), q->body))
		return false;
	for (size_t i = 0; i < q->mentions_len; i++)
		if (!o_same(o_span(&o->members[m->mentions[i]].id), q->mentions[i]))
			return false;
	return true;
}

enum parlor_err oracle_post(struct oracle *o, const struct core_call *call,
			    const struct core_post *q, struct core_posted *posted)
{
	int room, sender, mentions[O_MENTIONS];
	o_clock(o, call);
	enum parlor_err err = check_post(o, q);
	if (!err)
		err = o_find_room(o, call, q->room, &room);
	if (!err)
		err = o_find_member(o, call, q->sender, &sender);
	if (err)
		return err == PARLOR_E_MEMBER_UNKNOWN ? PARLOR_E_NOT_MEMBER : err;

	const struct o_message *was = posted_before(o, room, sender, q->client_id);
	if (was && !same_content(o, was, q))
		return PARLOR_E_POST_CONFLICT;
	if (was) {
		*posted = (struct core_posted){(uint64_t)room + 1, was->seq, was->position,
					       was->time_us};
		return PARLOR_E_OK;
	}
	struct o_room *r = &o->rooms[room];
	if (r->state != ROOM_STATE_OPEN)
		return r->state == ROOM_STATE_CLOSED ? PARLOR_E_ROOM_CLOSED
						     : PARLOR_E_ROOM_DISSOLVED;
	if (!r->intervals[sender].in)
		return PARLOR_E_NOT_MEMBER;
	if (o_repeated(q->mentions, q->mentions_len))
		return PARLOR_E_REPEATED;
	for (size_t i = 0; i < q->mentions_len; i++)
		if (o_find_interval(o, call, room, q->mentions[i], &mentions[i]))
			return PARLOR_E_NOT_MEMBER;

	struct o_message *m = o_add_message(o, room, sender);
	m->type = q->type;
	m->content_type = q->content_type;
	m->body = o_label(q->body);
	m->has_client_id = true;
	m->client_id = o_label(q->client_id);
	m->mentions_len = q->mentions_len;
	for (size_t i = 0; i < q->mentions_len; i++)
		m->mentions[i] = mentions[i];
	*posted = (struct core_posted){(uint64_t)room + 1, m->seq, m->position, m->time_us};
	return PARLOR_E_OK;
}

enum parlor_err oracle_recall(struct oracle *o, const struct core_call *call, struct span id,
			      uint64_t seq, struct span by, struct core_posted *posted)
{
	int room, who;
	o_clock(o, call);
	enum parlor_err err = o_check_id(by);
	if (!err)
		err = o_find_living(o, call, id, &room);
	if (err)
		return err;
	const struct o_message *m = oracle_message(o, room, seq);
	if (!m)
		return PARLOR_E_MESSAGE_UNKNOWN;
	err = o_find_interval(o, call, room, by, &who);
	if (err)
		return err;
	if (m->sender != who && o->rooms[room].intervals[who].type != MEMBER_TYPE_MANAGER)
		return PARLOR_E_NOT_ALLOWED;
	*posted =
		(struct core_posted){.room = (uint64_t)room + 1, .seq = seq, .time_us = o->now_us};
	if (!m->recalled) {
		posted->position = o_emit(o);
		o->messages[m - o->messages].recalled = true;
	}
	return PARLOR_E_OK;
}

enum parlor_err oracle_history(const struct oracle *o, const struct core_call *call, struct span id,
			       struct span member, uint64_t from, bool backwards,
			       struct core_history *h)
{
	int room, who = O_NOBODY;
	enum parlor_err err = o_find_room(o, call, id, &room);
	if (!err && member.len)
		err = o_find_interval(o, call, room, member, &who);
	if (err)
		return err;
	const struct o_room *r = &o->rooms[room];
	uint64_t first_seq = who == O_NOBODY || r->open ? 1 : r->intervals[who].joined_seq + 1;
	uint64_t last = r->last_seq;
	*h = (struct core_history){
		.room = (uint64_t)room + 1, .first_seq = first_seq, .last_seq = last};
	if (backwards)
		h->from = from && from < last ? from : last;
	else
		h->from = from > first_seq ? from : first_seq;
	return PARLOR_E_OK;
}

/* ---- reading -------------------------------------------------------------------- */

static enum parlor_err find_reader(struct oracle *o, const struct core_call *call, struct span id,
				   struct span member, int *room, int *who)
{
	o_clock(o, call);
	enum parlor_err err = o_check_id(member);
	if (!err)
		err = o_find_living(o, call, id, room);
	if (!err)
		err = o_find_interval(o, call, *room, member, who);
	return err;
}

static void view_unread(const struct oracle *o, int room, int who, uint64_t position,
			struct core_unread_view *v)
{
	*v = (struct core_unread_view){.room = (uint64_t)room + 1,
				       .unread = oracle_count_unread(o, room, who),
				       .read_seq = o->rooms[room].intervals[who].read_seq,
				       .last_seq = o->rooms[room].last_seq,
				       .mentioned = oracle_mentioned(o, room, who),
				       .position = position};
}

enum parlor_err oracle_read(struct oracle *o, const struct core_call *call, struct span id,
			    struct span member, uint64_t seq, struct core_unread_view *v)
{
	int room, who;
	uint64_t position = 0;
	enum parlor_err err = find_reader(o, call, id, member, &room, &who);
	if (err)
		return err;
	struct o_room *r = &o->rooms[room];
	if (seq == 0 || seq > r->last_seq)
		seq = r->last_seq;
	if (seq > r->intervals[who].read_seq) {
		position = o_emit(o);
		r->intervals[who].read_seq = seq;
	}
	view_unread(o, room, who, position, v);
	return PARLOR_E_OK;
}

enum parlor_err oracle_mark_unread(struct oracle *o, const struct core_call *call, struct span id,
				   struct span member, uint64_t seq, struct core_unread_view *v)
{
	int room, who;
	uint64_t position = 0;
	enum parlor_err err = find_reader(o, call, id, member, &room, &who);
	if (!err && seq == 0)
		err = PARLOR_E_VALUE;
	if (err)
		return err;
	struct o_interval *interval = &o->rooms[room].intervals[who];
	uint64_t read_seq = seq - 1 > interval->joined_seq ? seq - 1 : interval->joined_seq;
	if (read_seq < interval->read_seq) {
		position = o_emit(o);
		interval->read_seq = read_seq;
	}
	view_unread(o, room, who, position, v);
	return PARLOR_E_OK;
}

enum parlor_err oracle_unread(struct oracle *o, const struct core_call *call, struct span id,
			      struct span member, struct core_unread_view *v)
{
	int room, who;
	enum parlor_err err = find_reader(o, call, id, member, &room, &who);
	if (!err)
		view_unread(o, room, who, 0, v);
	return err;
}
