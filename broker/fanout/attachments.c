#include "fanout/attachments.h"

#include "core/membership.h"

struct listen {
	struct fanout *fanout;
	struct session *session;
	uint64_t floor; /* nothing at or before it is wanted */
	size_t topics;  /* listened to, or to be left */
	enum parlor_err err;
};

static bool listen_to(void *ctx, struct topic topic, uint64_t joined_pos, uint64_t left_pos)
{
	struct listen *l = ctx;
	(void)left_pos;
	uint64_t since = joined_pos - 1 > l->floor ? joined_pos - 1 : l->floor;
	l->err = subscribers_add(l->fanout->subscribers, topic, l->session, since);
	l->topics += !l->err;
	return !l->err;
}

static bool stop_listening(void *ctx, struct topic topic, uint64_t joined_pos, uint64_t left_pos)
{
	struct listen *l = ctx;
	(void)joined_pos;
	(void)left_pos;
	if (l->topics == 0)
		return false;
	l->topics--;
	(void)subscribers_drop(l->fanout->subscribers, topic, l->session);
	return true;
}

/* To the member and all it is in or, when the table is full, to nothing: another
 * member of the session may be where it did not come to. */
static enum parlor_err listen(struct fanout *f, struct session *s, uint64_t member, uint64_t floor)
{
	struct listen l = {.fanout = f, .session = s, .floor = floor};
	struct topic own = topic_member(member);
	enum parlor_err err = subscribers_add(f->subscribers, own, s, floor);
	if (err)
		return err;
	err = core_member_rooms(f->core, member, listen_to, &l);
	if (!err && !l.err)
		return PARLOR_E_OK;
	(void)subscribers_drop(f->subscribers, own, s);
	/* The way back comes as far as it came, and meets the same damage, if any. */
	enum parlor_err back = core_member_rooms(f->core, member, stop_listening, &l);
	return err ? err : l.err ? l.err : back;
}

enum parlor_err attachments_add(struct fanout *f, struct session *s, uint64_t member,
				struct span id, uint64_t floor, bool *added)
{
	*added = false;
	enum parlor_err err = session_attach(f->sessions, s, member, id, added);
	if (err || !*added)
		return err;
	err = listen(f, s, member, floor);
	if (err)
		*added = !session_detach(f->sessions, s, member);
	return err;
}

enum parlor_err attachments_remove(struct fanout *f, struct session *s, uint64_t member,
				   bool *removed)
{
	struct listen l = {.fanout = f, .session = s, .topics = SIZE_MAX};
	*removed = session_detach(f->sessions, s, member);
	if (!*removed)
		return PARLOR_E_OK;
	(void)subscribers_drop(f->subscribers, topic_member(member), s);
	return core_member_rooms(f->core, member, stop_listening, &l);
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

bool attachments_resume(struct fanout *f, struct session *s, uint64_t journal, uint64_t position)
{
	if (journal != store_journal_id(f->store) || position > core_position(f->core) ||
	    position + 1 < store_first(f->store) || position < f->unreadable)
		return false;
	struct resuming r = {.fanout = f, .session = s};
	for (struct session_member *m = s->members; m && !r.err; m = m->hh.next) {
		enum parlor_err err = core_member_past(f->core, m->no, position, add_interval, &r);
		if (err)
			r.err = err;
	}
	if (r.err) {
		intervals_drop_session(f->intervals, s);
		return false;
	}
	s->cursor = position + 1;
	s->floor = position;
	session_set_state(f->sessions, s, SESSION_CATCH_UP);
	return true;
}
