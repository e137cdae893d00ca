#include "fanout/attachments.h"

#include "core/membership.h"

/* What one room more, or less, costs beside what it takes to find it: memory that nobody
 * has touched for long, or ever. */
#define TOPIC_STEPS 4
/* Entries looked at that count as a step: they lie side by side. */
#define LOOKS_A_STEP 16

struct listen {
	struct fanout *fanout;
	struct session *session;
	uint64_t floor; /* nothing at or before it is wanted */
	uint64_t last;  /* room that was told */
};

static void listen_to(void *ctx, struct topic topic, uint64_t joined_pos)
{
	struct listen *l = ctx;
	l->last = topic.number;
	meter_walk(l->fanout->meter, TOPIC_STEPS);
	subscribers_put(l->fanout->subscribers, topic, l->session,
			joined_pos - 1 > l->floor ? joined_pos - 1 : l->floor);
}

static void stop_listening(void *ctx, struct topic topic, uint64_t joined_pos)
{
	struct listen *l = ctx;
	(void)joined_pos;
	meter_walk(l->fanout->meter, TOPIC_STEPS);
	(void)subscribers_drop(l->fanout->subscribers, topic, l->session);
}

/* On with the rooms of a member, as far as the meter goes. */
static enum parlor_err walk(struct listen *l, struct core_rooms_range *range, core_room_fn *fn)
{
	struct fanout *f = l->fanout;
	uint64_t looks = subscribers_looks(f->subscribers);
	enum parlor_err err = core_member_rooms(f->core, l->session->move.member, range, fn, l);
	meter_walk(f->meter, (subscribers_looks(f->subscribers) - looks) / LOOKS_A_STEP);
	return err;
}

/* The limits are looked at behind each piece: within one they may be passed, and what there is
 * to undo is known by the rooms' numbers. */
static enum parlor_err listen(struct fanout *f, struct session *s, uint64_t floor)
{
	struct listen l = {.fanout = f, .session = s, .floor = floor};
	struct session_move *move = &s->move;
	struct core_rooms_range range = {move->rooms.to, UINT64_MAX};
	enum parlor_err err = walk(&l, &range, listen_to);
	/* Of rows that cannot be read, those before. */
	move->rooms.to = err && l.last ? l.last + 1 : range.from;
	if (!err && subscribers_over_limit(f->subscribers, s))
		err = PARLOR_E_TOO_MANY;
	if (!err && range.from != UINT64_MAX)
		err = PARLOR_E_BUSY;
	if (!err)
		*move = (struct session_move){0};
	return err;
}

enum parlor_err attachments_add(struct fanout *f, struct session *s, uint64_t member,
				uint64_t floor, bool *added)
{
	*added = s->move.member == member;
	if (*added)
		return listen(f, s, floor);
	assert(!s->move.member);
	enum parlor_err err = session_attach(f->sessions, s, member, added);
	if (err || !*added)
		return err;
	err = subscribers_add(f->subscribers, topic_member(member), s, floor);
	if (err) {
		*added = !session_detach(f->sessions, s, member);
		return err;
	}
	s->move.member = member;
	return listen(f, s, floor);
}

enum parlor_err attachments_remove(struct fanout *f, struct session *s, uint64_t member,
				   bool *removed)
{
	struct listen l = {.fanout = f, .session = s};
	struct session_move *move = &s->move;
	*removed = false;
	if (move->member != member) {
		assert(!move->member);
		if (!session_member_find(s, member))
			return PARLOR_E_OK;
		*move = (struct session_move){member, CORE_ROOMS_ALL};
	}
	enum parlor_err err = walk(&l, &move->rooms, stop_listening);
	if (!err && move->rooms.from != move->rooms.to)
		return PARLOR_E_BUSY;
	/* To the member itself until the end: it is told where that one comes and goes. */
	(void)subscribers_drop(f->subscribers, topic_member(member), s);
	*removed = session_detach(f->sessions, s, member);
	*move = (struct session_move){0};
	return err;
}

/* ---- resuming ------------------------------------------------------------------------ */

struct resuming {
	struct fanout *fanout;
	struct session *session;
	enum parlor_err err;
};

static bool add_interval(void *ctx, struct topic topic, uint64_t joined_pos, uint64_t left_pos)
{
	struct resuming *r = ctx;
	r->err = intervals_add(r->fanout->intervals, topic, r->session, joined_pos, left_pos);
	return !r->err;
}

bool attachments_can_resume(const struct fanout *f, uint64_t journal, uint64_t position)
{
	return journal == store_journal_id(f->store) && position <= core_position(f->core) &&
	       position + 1 >= store_first(f->store) && position >= f->unreadable;
}

enum parlor_err attachments_add_past(struct fanout *f, struct session *s, uint64_t member,
				     struct core_past_range *past)
{
	struct resuming r = {.fanout = f, .session = s};
	enum parlor_err err = core_member_past(f->core, member, past, add_interval, &r);
	if (!err)
		err = r.err;
	return err || past->from == past->to ? err : PARLOR_E_BUSY;
}

void attachments_begin(struct fanout *f, struct session *s, bool resumes, uint64_t position)
{
	s->begins = false;
	s->floor = position;
	s->cursor = position + 1;
	if (!resumes)
		intervals_drop_session(f->intervals, s);
	session_set_state(f->sessions, s, resumes ? SESSION_CATCH_UP : SESSION_LIVE);
}
