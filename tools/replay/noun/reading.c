#include "core/reading.h"
#include "core/room.h"
#include "noun/noun.h"
#include "rebuild_lmdb.h"

#include <inttypes.h>
#include <stdio.h>

static void what_read(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "read up to %" PRIu64 " by %s", r->read.counts.read_seq,
		 e->read->member);
}

static void draft_read(struct draft *d, const Parlor__Event *e)
{
	d->from = e->read->member;
	d->seq = e->read->read_seq;
	json_object_set_new(d->more, "unread", json_integer((json_int_t)e->read->unread));
}

/* ---- requests ------------------------------------------------------------------- */

static enum parlor_err send_read(struct operation *d, operation_send_fn *fn)
{
	return OPERATION_SEND(d, fn, READ, read, Read, .room = d->place->id,
			      .member = operation_text(d->member),
			      .seq = place_seq(d->place, d->event.seq));
}

static enum parlor_err send_mark(struct operation *d, operation_send_fn *fn)
{
	return OPERATION_SEND(d, fn, UNREAD_MARK, unread_mark, UnreadMark, .room = d->place->id,
			      .member = operation_text(d->member),
			      .seq = place_seq(d->place, d->event.seq) + 1);
}

static bool is_counted(const struct operation *d)
{
	return d->place->counted;
}

/* Forward or back: one of the two changes nothing. */
static const struct operation_kind operation_mark = {send_mark, .has_sense = is_counted,
						     .counted = OPERATION_COUNTED(reads)};
const struct operation_kind operation_read = {send_read, .has_sense = place_has,
					      .then = &operation_mark};

static const struct kind kinds[] = {
	{RECORD_READ, PARLOR__EVENT__KIND_READ, what_read, "read",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_read, .operation = &operation_read},
};

/* ---- from the tables --------------------------------------------------------------- */

static enum parlor_err rebuild_read(struct rebuild *r, const struct history_row *f)
{
	struct core *core = builder_core(r->builder);
	uint64_t read_seq = f->numbers[0], seen = f->numbers[1];
	struct core_room_view room;
	struct core_unread_view view;
	const struct core_call call = rebuild_call(f);
	enum parlor_err err = read_seq ? core_read(core, &call, f->room, f->member, read_seq, &view)
				       : core_unread(core, &call, f->room, f->member, &view);
	if (!err)
		err = core_room_show(core, &call, f->room, &room);
	if (!err && (view.read_seq != read_seq || room.counted - view.unread != seen))
		err = rebuild_misfit(r, f,
				     "read up to %" PRIu64 ", seen %" PRIu64
				     "; by the messages %" PRIu64 ", %" PRIu64,
				     read_seq, seen, view.read_seq, room.counted - view.unread);
	return err;
}

static const struct history_source history[] = {
	{HISTORY_READS,
	 "chat_group g JOIN room r ON r.ent_id = g.ent_id AND r.uuid = g.uuid",
	 {"r.updated_at", "g.ent_id", "g.uuid", "r.last_seq", "g.member_id", "g.read_seq",
	  "g.seen"},
	 rebuild_read},
};

const struct replay_noun replay_reading = {NOUN_LIST(kinds), NOUN_LIST(history)};
