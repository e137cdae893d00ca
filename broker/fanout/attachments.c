#include "fanout/attachments.h"

#include "core/membership.h"
#include "core/presence.h"
#include "fanout/event/event.h"
#include "fanout/presence.h"
#include "turn/commit.h"
#include "wire.h"

#include "base/log.h"

#include "base/mem.h"

#include <parlor/version.h>

#include <stdlib.h>
#include <string.h>

#define EVENTS_FIELD 2 /* of FromBroker */

struct core_call roster_call(const struct broker *b, const struct session *s)
{
	return (struct core_call){.tenant = {s->tenant->id, s->tenant->id_len},
				  .now_us = b->wall_us};
}

/* ---- members ----------------------------------------------------------------------- */

struct listen {
	struct broker *broker;
	struct session *session;
	uint64_t floor; /* nothing at or before it is wanted */
	enum parlor_err err;
};

static void listen_to(void *ctx, uint64_t room, uint64_t joined_pos, uint64_t left_pos)
{
	struct listen *l = ctx;
	(void)left_pos;
	uint64_t since = joined_pos - 1 > l->floor ? joined_pos - 1 : l->floor;
	if (!l->err)
		l->err = audience_add(l->broker->audience, room, l->session, since);
}

static void stop_listening(void *ctx, uint64_t room, uint64_t joined_pos, uint64_t left_pos)
{
	struct listen *l = ctx;
	(void)joined_pos;
	(void)left_pos;
	audience_drop(l->broker->audience, room, l->session);
}

static enum parlor_err detach_one(struct broker *b, struct session *s, uint64_t member)
{
	size_t devices;
	struct listen l = {.broker = b, .session = s};
	if (!session_detach(b->sessions, s, member, &devices))
		return PARLOR_E_OK;
	enum parlor_err err = core_member_rooms(b->core, member, stop_listening, &l);
	if (!err && devices == 0)
		err = presence_changed(b, member, false);
	return err;
}

/* The member's number; where nothing can be written it must have one. */
static enum parlor_err find_or_introduce(struct broker *b, const struct core_call *call,
					 struct span id, bool full, uint64_t *member)
{
	if (!full)
		return core_member_intern(b->core, call, id, member);
	enum parlor_err err = core_member_find(b->core, call, id, member);
	return err || *member ? err : PARLOR_E_STORE_FULL;
}

static enum parlor_err attach_one(struct broker *b, struct session *s, struct span id,
				  uint64_t floor, bool full, bool *added)
{
	struct core_call call = roster_call(b, s);
	uint64_t member;
	size_t devices;
	*added = false;
	enum parlor_err err = find_or_introduce(b, &call, id, full, &member);
	if (!err)
		err = session_attach(b->sessions, s, member, id, added, &devices);
	if (err || !*added)
		return err;
	struct listen l = {.broker = b, .session = s, .floor = floor};
	err = core_member_rooms(b->core, member, listen_to, &l);
	if (!err)
		err = l.err;
	if (!err && devices == 1)
		err = presence_changed(b, member, true);
	return err;
}

/* Attaches in order; what was added before a failure is taken back. full: nothing
 * can be written. */
static enum parlor_err attach_all(struct broker *b, struct session *s, char **members, size_t n,
				  uint64_t floor, bool full)
{
	enum parlor_err err = PARLOR_E_OK;
	size_t i;
	if (full && n && presence_owed(b) >= PRESENCE_OWED_MAX)
		return PARLOR_E_STORE_FULL;
	bool *added = mem_new(n + 1);
	for (i = 0; i < n && !err; i++)
		err = attach_one(b, s, SPAN_TEXT(members[i]), floor, full, &added[i]);
	while (err && i-- > 0) {
		struct core_call call = roster_call(b, s);
		uint64_t member;
		if (added[i] &&
		    core_member_find(b->core, &call, SPAN_TEXT(members[i]), &member) ==
			    PARLOR_E_OK &&
		    detach_one(b, s, member) != PARLOR_E_OK)
			roster_fail(b, s, PARLOR_E_STORE);
	}
	free(added);
	return err;
}

/* Checked before anything is done, so that a refusal leaves no trace. */
static enum parlor_err check_members(const struct broker *b, const struct session *s,
				     char **members, size_t n)
{
	if (n + (s ? session_member_count(s) : 0) > b->settings.session_members)
		return PARLOR_E_TOO_MANY;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(members[i]);
		if (len == 0)
			return PARLOR_E_EMPTY;
		if (len > ROW_ID_MAX)
			return PARLOR_E_TOO_LONG;
	}
	return PARLOR_E_OK;
}

enum parlor_err roster_attach(struct broker *b, struct session *s, char **members, size_t n,
			      bool full)
{
	enum parlor_err err = check_members(b, s, members, n);
	if (!err)
		err = commit_moves(b);
	if (!err)
		err = attach_all(b, s, members, n, core_position(b->core), full);
	return err;
}

enum parlor_err roster_detach(struct broker *b, struct session *s, char **members, size_t n)
{
	enum parlor_err err = check_members(b, NULL, members, n);
	if (!err)
		err = commit_moves(b);
	for (size_t i = 0; i < n && !err; i++) {
		struct core_call call = roster_call(b, s);
		uint64_t member;
		err = core_member_find(b->core, &call, SPAN_TEXT(members[i]), &member);
		if (!err && member)
			err = detach_one(b, s, member);
	}
	return err;
}

/* ---- begin --------------------------------------------------------------------------- */

struct stays {
	struct session_table *sessions;
	struct session *session;
	enum parlor_err err;
};

static void add_stay(void *ctx, uint64_t room, uint64_t joined_pos, uint64_t left_pos)
{
	struct stays *st = ctx;
	if (!st->err)
		st->err = session_stays_add(st->sessions, st->session, room, joined_pos, left_pos);
}

/* The session's place in the journal; false: it has to begin anew. */
static bool resume(struct broker *b, struct session *s, const Parlor__Hello *hello)
{
	if (hello->journal != store_journal_id(b->store) ||
	    hello->position > core_position(b->core) ||
	    hello->position + 1 < store_first(b->store) || hello->position < b->unreadable)
		return false;
	struct stays st = {.sessions = b->sessions, .session = s};
	for (struct session_member *m = s->members; m && !st.err; m = m->hh.next) {
		enum parlor_err err =
			core_member_formers(b->core, m->no, hello->position, add_stay, &st);
		if (err)
			st.err = err;
	}
	if (st.err) {
		session_stays_clear(s);
		return false;
	}
	s->cursor = hello->position + 1;
	s->floor = hello->position;
	session_set_state(b->sessions, s, SESSION_CATCH_UP);
	return true;
}

static enum parlor_err check_hello(const struct broker *b, const struct roster_begin *q)
{
	struct span tenant = SPAN_TEXT(q->hello->tenant);
	if (q->hello->version != PARLOR_PROTOCOL_VERSION)
		return PARLOR_E_VERSION;
	if (tenant.len == 0)
		return PARLOR_E_EMPTY;
	if (tenant.len > ROW_ID_MAX)
		return PARLOR_E_TOO_LONG;
	if (!auth_tenant_allowed(b->auth, q->user, tenant))
		return PARLOR_E_TENANT;
	if (b->stopping)
		return PARLOR_E_STOPPING;
	return check_members(b, NULL, q->hello->members, q->hello->n_members);
}

enum parlor_err roster_begin(struct broker *b, const struct roster_begin *q, struct session **out,
			     bool *reset)
{
	const Parlor__Hello *hello = q->hello;
	struct session *s = NULL;
	*reset = false;
	enum parlor_err err = check_hello(b, q);
	bool full = false;
	if (!err && hello->n_members) { /* those that are new are written */
		err = commit_room(b, hello->n_members * 2 * ROW_ID_MAX);
		full = err == PARLOR_E_STORE_FULL;
	}
	if (!err || full)
		err = commit_moves(b);
	if (err)
		return err;
	uint64_t credit = hello->credit < b->settings.credit ? hello->credit : b->settings.credit;
	struct session_hello how = {.routing = q->routing,
				    .user = q->user,
				    .tenant = SPAN_TEXT(hello->tenant),
				    .client = SPAN_TEXT(hello->client),
				    .presence = hello->presence,
				    .credit = (uint32_t)credit,
				    .now_us = b->listened_us};
	err = session_open(b->sessions, &how, &s);
	b->counts.sessions_refused += err == PARLOR_E_SESSIONS_FULL;
	if (err)
		return err;
	s->out = outbox_open(b->outbox, q->routing, s);
	s->floor = core_position(b->core);
	err = attach_all(b, s, hello->members, hello->n_members,
			 hello->resume ? 0 : core_position(b->core), full);
	if (err) {
		roster_end(b, s, PARLOR_E_OK);
		return err;
	}
	if (hello->resume)
		*reset = !resume(b, s, hello);
	b->counts.sessions_opened++;
	*out = s;
	return PARLOR_E_OK;
}

/* ---- end ------------------------------------------------------------------------------ */

static void tell_end(struct broker *b, struct session *s, int code)
{
	buf_clear(&b->scratch);
	event_put_end(&b->scratch, code);
	wire_put_bytes_field(outbox_begin(b->outbox), EVENTS_FIELD,
			     (struct span){b->scratch.data, b->scratch.len});
	outbox_add(b->outbox, s->out, outbox_end(b->outbox));
}

void roster_end(struct broker *b, struct session *s, int code)
{
	char name[SESSION_NAME_MAX];
	if (code)
		tell_end(b, s, code);
	log_debug("session %s ends: %s", session_name(s, name), parlor_err_text(code));
	sync_cancel(b->sync, s->number);
	waiting_remove_session(b->waiting, s);
	backlog_clear(&b->backlog, &s->backlog);
	audience_drop_session(b->audience, s);
	struct session_member *m;
	while ((m = session_member_first(s)) != NULL) {
		uint64_t member = m->no;
		size_t devices;
		session_detach(b->sessions, s, member, &devices);
		enum parlor_err err = devices ? PARLOR_E_OK : presence_changed(b, member, false);
		if (err)
			log_error("presence of a member of %s: %s", session_name(s, name),
				  parlor_err_text(err));
	}
	outbox_close(b->outbox, s->out);
	session_close(b->sessions, s);
}

void roster_drop_all(struct broker *b)
{
	struct session *s;
	while (b->sessions && (s = session_first(b->sessions)) != NULL) {
		struct session_member *m;
		size_t devices;
		waiting_remove_session(b->waiting, s);
		backlog_clear(&b->backlog, &s->backlog);
		audience_drop_session(b->audience, s);
		while ((m = session_member_first(s)) != NULL)
			session_detach(b->sessions, s, m->no, &devices);
		outbox_close(b->outbox, s->out);
		session_close(b->sessions, s);
	}
}

void roster_fail(struct broker *b, struct session *s, int code)
{
	s->ending = true;
	s->end_code = code;
	b->ending = true;
}

static void end_marked(struct broker *b)
{
	struct session *next;
	b->ending = false;
	for (struct session *s = session_first(b->sessions); s; s = next) {
		next = s->heard_next;
		if (s->ending)
			roster_end(b, s, s->end_code);
	}
}

void roster_sweep(struct broker *b)
{
	struct session *s;
	while ((s = outbox_failed(b->outbox)) != NULL) {
		b->counts.sessions_failed++;
		roster_end(b, s, PARLOR_E_OK);
	}
	if (b->ending)
		end_marked(b);
}

void roster_expire(struct broker *b)
{
	struct session *s;
	uint64_t timeout_us = b->settings.timeout_ms * 1000;
	while ((s = session_expired(b->sessions, b->listened_us, timeout_us)) != NULL) {
		b->counts.sessions_expired++;
		roster_end(b, s, PARLOR_E_TIMEOUT);
	}
}
