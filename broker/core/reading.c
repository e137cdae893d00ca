#include "core/reading.h"

#include "core/decide.h"
#include "core/message.h"
#include "core/own.h"

static const struct record_kind kinds[1];

/* A message that has to be there. */
static enum parlor_err its_message(struct core *c, const struct membership *ms, uint64_t seq,
				   struct row_message *msg)
{
	enum parlor_err err = core_message(c, ms->room->no, seq, msg);
	return err == PARLOR_E_MESSAGE_UNKNOWN ? PARLOR_E_STORE_CORRUPT : err;
}

/* Own counted messages up to seq: walks back over own messages behind it, from
 * the nearest of those that have a row. */
static enum parlor_err own_at(struct core *c, const struct membership *ms, uint64_t seq,
			      uint64_t *own)
{
	uint64_t at = ms->row.own_last, behind = 0;
	struct row_message msg;
	enum parlor_err err = PARLOR_E_OK;
	*own = ms->row.own;
	if (at > seq)
		err = own_behind(c, ms, seq, &behind);
	if (behind)
		at = behind;
	while (!err && at > seq) {
		err = its_message(c, ms, at, &msg);
		if (err)
			return err;
		at = msg.own_prev;
		*own = msg.own - 1;
	}
	return err;
}

/* `seen` after reading up to seq. */
static enum parlor_err seen_at(struct core *c, const struct membership *ms, uint64_t seq,
			       uint64_t *seen)
{
	if (seq == ms->room->row.last_seq) {
		*seen = ms->room->row.counted;
		return PARLOR_E_OK;
	}
	struct row_message msg = {.counted = 0};
	uint64_t own;
	enum parlor_err err = PARLOR_E_OK;
	if (seq > 0)
		err = its_message(c, ms, seq, &msg);
	if (!err)
		err = own_at(c, ms, seq, &own);
	if (!err)
		*seen = msg.counted + (ms->row.own - own);
	return err;
}

static void view(const struct membership *ms, struct core_unread_view *v)
{
	const struct room *room = ms->room;
	*v = (struct core_unread_view){
		.room = room->no,
		.unread = room->row.counted - ms->row.seen,
		.read_seq = ms->row.read_seq,
		.last_seq = room->row.last_seq,
		.mentioned = ms->row.mention_seq > ms->row.read_seq,
	};
}

static enum parlor_err find(struct core *c, const struct core_call *call, struct span room_id,
			    struct span member, struct membership **ms)
{
	struct room *room;
	core_clock(c, call);
	enum parlor_err err = decide_id(member);
	if (!err)
		err = decide_living_room(c, call, room_id, &room);
	if (!err)
		err = decide_membership(c, call, room, member, ms);
	return err;
}

static enum parlor_err move(struct core *c, struct membership *ms, uint64_t seq,
			    struct core_unread_view *v)
{
	struct room *room = ms->room;
	struct record r = {.tenant = room->row.tenant,
			   .room = room->no,
			   .member = ms->member->no,
			   .room_id = room->row.id,
			   .member_id = ms->member->row.id};
	struct record_counts *counts = &r.read.counts;
	*counts = (struct record_counts){.counted = room->row.counted, .read_seq = seq};
	enum parlor_err err = seen_at(c, ms, seq, &counts->seen);
	if (err)
		return err;
	r.read.unread = counts->counted - counts->seen;
	core_emit(c, &kinds[0], &r);
	view(ms, v);
	v->position = r.position;
	return PARLOR_E_OK;
}

enum parlor_err core_read(struct core *c, const struct core_call *call, struct span room,
			  struct span member, uint64_t seq, struct core_unread_view *v)
{
	struct membership *ms;
	enum parlor_err err = find(c, call, room, member, &ms);
	if (err)
		return err;
	uint64_t last = ms->room->row.last_seq;
	if (seq == 0 || seq > last)
		seq = last;
	if (seq > ms->row.read_seq)
		return move(c, ms, seq, v);
	view(ms, v);
	return PARLOR_E_OK;
}

enum parlor_err core_mark_unread(struct core *c, const struct core_call *call, struct span room,
				 struct span member, uint64_t seq, struct core_unread_view *v)
{
	struct membership *ms;
	enum parlor_err err = find(c, call, room, member, &ms);
	if (!err && seq == 0)
		err = PARLOR_E_VALUE;
	if (err)
		return err;
	uint64_t read_seq = seq - 1;
	if (read_seq < ms->row.joined_seq)
		read_seq = ms->row.joined_seq;
	if (read_seq < ms->row.read_seq)
		return move(c, ms, read_seq, v);
	view(ms, v);
	return PARLOR_E_OK;
}

enum parlor_err core_unread(struct core *c, const struct core_call *call, struct span room,
			    struct span member, struct core_unread_view *v)
{
	struct membership *ms;
	enum parlor_err err = find(c, call, room, member, &ms);
	if (!err)
		view(ms, v);
	return err;
}

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err apply_read(struct core *c, const struct record *r)
{
	struct membership *ms;
	enum parlor_err err = apply_membership_row(c, r, &ms);
	if (!err && ms) {
		ms->row.seen = r->read.counts.seen;
		ms->row.read_seq = r->read.counts.read_seq;
		apply_membership_changed(c, r, ms);
	}
	return err;
}

static const struct record_kind kinds[1] = {{
	.no = RECORD_READ,
	.name = "read",
	.fields =
		FIELDS(RECORD_FIELD(room), RECORD_FIELD(member), RECORD_FIELD(read.counts.counted),
		       RECORD_FIELD(read.counts.seen), RECORD_FIELD(read.counts.read_seq)),
	.apply = apply_read,
	.about = TOPIC_ROOM,
	.heard = TOPIC_MEMBER,
	.partition = PARTITION_BY_TOPIC,
	.moves = MOVES_NOBODY,
	.counts = RECORD_COUNTS(read.counts),
}};
const struct record_noun reading_records = RECORD_NOUN(kinds);
