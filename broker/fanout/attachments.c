#include "fanout/attachments.h"

#include "core/membership.h"

struct listen {
	struct fanout *fanout;
	struct session *session;
	uint64_t floor; /* nothing at or before it is wanted */
	size_t rooms;   /* listened to, or to be left */
	enum parlor_err err;
};

static void listen_to(void *ctx, uint64_t room, uint64_t joined_pos, uint64_t left_pos)
{
	struct listen *l = ctx;
	(void)left_pos;
	uint64_t since = joined_pos - 1 > l->floor ? joined_pos - 1 : l->floor;
	if (!l->err)
		l->err = subscribers_add(l->fanout->subscribers, room, l->session, since);
	l->rooms += !l->err;
}

static void stop_listening(void *ctx, uint64_t room, uint64_t joined_pos, uint64_t left_pos)
{
	struct listen *l = ctx;
	(void)joined_pos;
	(void)left_pos;
	if (l->rooms == 0)
		return;
	l->rooms--;
	subscribers_drop(l->fanout->subscribers, room, l->session);
}

/* To all rooms of the member or, when the table is full, to none: another member
 * of the session may be in those that it did not come to. */
static enum parlor_err listen(struct fanout *f, struct session *s, uint64_t member, uint64_t floor)
{
	struct listen l = {.fanout = f, .session = s, .floor = floor};
	enum parlor_err err = core_member_rooms(f->core, member, listen_to, &l);
	if (err || !l.err)
		return err;
	err = core_member_rooms(f->core, member, stop_listening, &l);
	return err ? err : l.err;
}

enum parlor_err attachments_add(struct fanout *f, struct session *s, uint64_t member,
				struct span id, uint64_t floor, bool *added, size_t *devices)
{
	*added = false;
	enum parlor_err err = core_member_rooms_read(f->core, member);
	if (!err)
		err = session_attach(f->sessions, s, member, id, added, devices);
	if (err || !*added)
		return err;
	err = listen(f, s, member, floor);
	if (err)
		*added = !session_detach(f->sessions, s, member, devices);
	return err;
}

enum parlor_err attachments_remove(struct fanout *f, struct session *s, uint64_t member,
				   bool *removed, size_t *devices)
{
	struct listen l = {.fanout = f, .session = s, .rooms = SIZE_MAX};
	*removed = session_detach(f->sessions, s, member, devices);
	return *removed ? core_member_rooms(f->core, member, stop_listening, &l) : PARLOR_E_OK;
}

/* ---- resuming ------------------------------------------------------------------------ */

struct intervals {
	struct session_table *sessions;
	struct session *session;
	enum parlor_err err;
};

static void add_interval(void *ctx, uint64_t room, uint64_t joined_pos, uint64_t left_pos)
{
	struct intervals *st = ctx;
	if (!st->err)
		st->err = session_intervals_add(st->sessions, st->session, room, joined_pos,
						left_pos);
}

bool attachments_resume(struct fanout *f, struct session *s, uint64_t journal, uint64_t position)
{
	if (journal != store_journal_id(f->store) || position > core_position(f->core) ||
	    position + 1 < store_first(f->store) || position < f->unreadable)
		return false;
	struct intervals st = {.sessions = f->sessions, .session = s};
	for (struct session_member *m = s->members; m && !st.err; m = m->hh.next) {
		enum parlor_err err = core_member_past(f->core, m->no, position, add_interval, &st);
		if (err)
			st.err = err;
	}
	if (st.err) {
		session_intervals_clear(s);
		return false;
	}
	s->cursor = position + 1;
	s->floor = position;
	session_set_state(f->sessions, s, SESSION_CATCH_UP);
	return true;
}
