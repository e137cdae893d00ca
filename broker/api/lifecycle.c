#include "api/lifecycle.h"

#include "api/waiting.h"
#include "core/member.h"
#include "core/tenant.h"
#include "event/event.h"
#include "fanout/attachments.h"
#include "front/auth.h"
#include "sync/sync.h"
#include "turn/presence.h"
#include "wire.h"

#include "base/log.h"
#include "base/mem.h"

#include <parlor/fields.h>
#include <parlor/version.h>

#include <stdlib.h>
#include <string.h>

struct core_call lifecycle_call(const struct broker *b, const struct session *s)
{
	return (struct core_call){.tenant = {s->tenant->id, s->tenant->id_len},
				  .now_us = b->wall_us};
}

/* ---- members ----------------------------------------------------------------------- */

static enum parlor_err detach_one(struct broker *b, struct session *s, uint64_t member)
{
	bool removed;
	enum parlor_err err = attachments_remove(&b->fanout, s, member, &removed);
	if (!err && removed && fanout_devices(&b->fanout, member) == 0)
		err = presence_changed(&b->commit, member, false);
	return err;
}

/* A member being attached. */
struct attaching {
	uint64_t member; /* 0: not known so far */
	bool added;
};

/* Whoever is known comes first: what they listen to may be too much, and then
 * nobody has been introduced. */
static enum parlor_err attach_known(struct broker *b, struct session *s, struct span id,
				    uint64_t floor, struct attaching *a)
{
	struct core_call call = lifecycle_call(b, s);
	enum parlor_err err = core_member_find(b->core, &call, id, &a->member);
	if (!err && a->member)
		err = attachments_add(&b->fanout, s, a->member, id, floor, &a->added);
	return err;
}

static enum parlor_err attach_new(struct broker *b, struct session *s, struct span id, bool full,
				  struct attaching *a)
{
	struct core_call call = lifecycle_call(b, s);
	if (a->member)
		return PARLOR_E_OK;
	if (full)
		return PARLOR_E_STORE_FULL;
	enum parlor_err err = core_member_intern(b->core, &call, id, &a->member);
	return err ? err : attachments_add(&b->fanout, s, a->member, id, 0, &a->added);
}

/* Whether those that are not known so far can be introduced, all of them, and listen:
 * a name once given is known for ever, and a refusal must not leave any. */
static enum parlor_err check_left(struct broker *b, struct session *s, const struct attaching *list,
				  size_t n, size_t beside)
{
	struct core_call call = lifecycle_call(b, s);
	size_t unknown = 0;
	for (size_t i = 0; i < n; i++)
		unknown += !list[i].member;
	if (unknown + beside > subscribers_left(b->fanout.subscribers))
		return PARLOR_E_TOO_MANY;
	return core_member_capacity(b->core, &call, unknown);
}

/* All or, on a refusal, none. Presence comes last: what is refused is not told.
 * full: nothing can be written. beside: topics that the session will listen to as well. */
static enum parlor_err attach_all(struct broker *b, struct session *s, char **members, size_t n,
				  uint64_t floor, bool full, size_t beside)
{
	if (full && n && presence_owed(&b->commit) >= PRESENCE_OWED_MAX)
		return PARLOR_E_STORE_FULL;
	struct attaching *list = mem_new((n + 1) * sizeof *list);
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; i < n && !err; i++)
		err = attach_known(b, s, SPAN_TEXT(members[i]), floor, &list[i]);
	if (!err)
		err = check_left(b, s, list, n, beside);
	for (size_t i = 0; i < n && !err; i++)
		err = attach_new(b, s, SPAN_TEXT(members[i]), full, &list[i]);
	for (size_t i = 0; i < n && !err; i++)
		if (list[i].added && fanout_devices(&b->fanout, list[i].member) == 1)
			err = presence_changed(&b->commit, list[i].member, true);
	for (size_t i = 0; i < n && err; i++)
		if (list[i].added && detach_one(b, s, list[i].member) != PARLOR_E_OK)
			session_end_soon(b->fanout.sessions, s, PARLOR_E_STORE);
	free(list);
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

enum parlor_err lifecycle_attach(struct broker *b, struct session *s, char **members, size_t n,
				 bool full)
{
	enum parlor_err err = check_members(b, s, members, n);
	if (!err)
		err = attach_all(b, s, members, n, core_position(b->core), full, 0);
	return err;
}

enum parlor_err lifecycle_detach(struct broker *b, struct session *s, char **members, size_t n)
{
	struct core_call call = lifecycle_call(b, s);
	enum parlor_err err = check_members(b, NULL, members, n);
	for (size_t i = 0; i < n && !err; i++) {
		uint64_t member;
		err = core_member_find(b->core, &call, SPAN_TEXT(members[i]), &member);
		if (!err && member)
			err = detach_one(b, s, member);
	}
	return err;
}

/* It is told of the presence of its tenant's members. */
static enum parlor_err watch(struct broker *b, struct session *s, bool full)
{
	struct core_call call = lifecycle_call(b, s);
	uint32_t tenant;
	enum parlor_err err = core_tenant_find(b->core, call.tenant, &tenant);
	if (!err && !tenant)
		err = full ? PARLOR_E_STORE_FULL : core_tenant_intern(b->core, &call, &tenant);
	return err ? err : subscribers_add(b->fanout.subscribers, topic_tenant(tenant), s, 0);
}

/* ---- begin --------------------------------------------------------------------------- */

static enum parlor_err check_hello(const struct broker *b, const struct lifecycle_hello *q)
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

static enum parlor_err open_session(struct broker *b, const struct lifecycle_hello *q,
				    struct session **out)
{
	uint64_t credit =
		q->hello->credit < b->settings.credit ? q->hello->credit : b->settings.credit;
	struct session_hello how = {.routing = q->routing,
				    .user = q->user,
				    .tenant = SPAN_TEXT(q->hello->tenant),
				    .client = SPAN_TEXT(q->hello->client),
				    .credit = (uint32_t)credit,
				    .now_us = b->listened_us};
	enum parlor_err err = session_open(b->fanout.sessions, &how, out);
	if (err)
		return err;
	(*out)->out = outbox_open(b->outbox, q->routing, *out, &(*out)->tenant->out);
	(*out)->connection = connections_keep(front_connections(b->front), q->fd, b->listened_us);
	(*out)->floor = core_position(b->core);
	return PARLOR_E_OK;
}

enum parlor_err lifecycle_begin(struct broker *b, const struct lifecycle_hello *q,
				struct session **out, bool *reset)
{
	const Parlor__Hello *hello = q->hello;
	struct session *s = NULL;
	*reset = false;
	enum parlor_err err = check_hello(b, q);
	bool full = false;
	/* Members, or a tenant, that are new are written. */
	if (!err && (hello->n_members || hello->presence)) {
		err = commit_reserve(&b->commit, hello->n_members * 2 * ROW_ID_MAX);
		full = err == PARLOR_E_STORE_FULL;
	}
	if (!err || full)
		err = open_session(b, q, &s);
	b->counts.sessions_refused += err == PARLOR_E_SESSIONS_FULL;
	if (err)
		return err;
	err = attach_all(b, s, hello->members, hello->n_members,
			 hello->resume ? 0 : core_position(b->core), full, hello->presence ? 1 : 0);
	if (!err && hello->presence)
		err = watch(b, s, full);
	if (err) {
		lifecycle_end(b, s, PARLOR_E_OK);
		return err;
	}
	if (hello->resume)
		*reset = !attachments_resume(&b->fanout, s, hello->journal, hello->position);
	b->counts.sessions_opened++;
	*out = s;
	return PARLOR_E_OK;
}

/* ---- end ------------------------------------------------------------------------------ */

static void put_end(struct broker *b, struct session *s, int code)
{
	buf_clear(&b->scratch);
	event_put_end(&b->scratch, code);
	wire_put_bytes_field(replies_begin(&b->commit.turn.replies), PB_FROM_BROKER_EVENTS,
			     (struct span){b->scratch.data, b->scratch.len});
	replies_end(&b->commit.turn.replies, s->out);
}

/* What else knows of the session lets go of it. */
static void close_session(struct broker *b, struct session *s)
{
	connections_wait(front_connections(b->front), s->connection, b->listened_us);
	outbox_close(b->outbox, s->out);
	session_close(b->fanout.sessions, s);
}

void lifecycle_end(struct broker *b, struct session *s, int code)
{
	char name[SESSION_NAME_MAX];
	if (code)
		put_end(b, s, code);
	log_debug("session %s ends: %s", session_name(s, name), parlor_err_text(code));
	sync_cancel(b->sync, s->number);
	waiting_remove_session(b->waiting, s);
	backlog_clear(&b->backlog, &s->backlog);
	fanout_forget(&b->fanout, s);
	struct session_member *m;
	while ((m = session_member_first(s)) != NULL) {
		uint64_t member = m->no;
		session_detach(b->fanout.sessions, s, member);
		enum parlor_err err = fanout_devices(&b->fanout, member)
					      ? PARLOR_E_OK
					      : presence_changed(&b->commit, member, false);
		if (err)
			log_error("presence of a member of %s: %s", session_name(s, name),
				  parlor_err_text(err));
	}
	close_session(b, s);
}

void lifecycle_drop_all(struct broker *b)
{
	struct session_table *sessions = b->fanout.sessions;
	struct session *s;
	while (sessions && (s = session_first(sessions)) != NULL) {
		struct session_member *m;
		waiting_remove_session(b->waiting, s);
		backlog_clear(&b->backlog, &s->backlog);
		fanout_forget(&b->fanout, s);
		while ((m = session_member_first(s)) != NULL)
			session_detach(sessions, s, m->no);
		close_session(b, s);
	}
}

static void end_marked(struct broker *b)
{
	struct session *next;
	for (struct session *s = session_first(b->fanout.sessions); s; s = next) {
		next = s->heard_next;
		if (s->ending)
			lifecycle_end(b, s, s->end_code);
	}
}

void lifecycle_sweep(struct broker *b)
{
	struct session *s;
	while ((s = outbox_failed(b->outbox)) != NULL) {
		b->counts.sessions_failed++;
		lifecycle_end(b, s, PARLOR_E_OK);
	}
	if (session_ending_count(b->fanout.sessions))
		end_marked(b);
}

void lifecycle_expire(struct broker *b)
{
	struct session *s;
	uint64_t timeout_us = b->settings.timeout_ms * 1000;
	while ((s = session_expired(b->fanout.sessions, b->listened_us, timeout_us)) != NULL) {
		b->counts.sessions_expired++;
		lifecycle_end(b, s, PARLOR_E_TIMEOUT);
	}
}
