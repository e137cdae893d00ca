#include "api/lifecycle.h"

#include "api/attach.h"
#include "api/request.h"
#include "core/tenant.h"
#include "event/event.h"
#include "fanout/attachments.h"
#include "front/auth.h"
#include "turn/presence.h"
#include "wire.h"

#include "base/log.h"

#include <parlor/fields.h>
#include <parlor/version.h>

_Static_assert(AUTH_TENANT_MAX == ROW_ID_MAX, "a key may be given for every tenant");

/* It is told of the presence of its tenant's members; there was space for that when it attached
 * its own. */
static enum parlor_err watch(struct broker *b, struct session *s, bool full)
{
	struct core_call call = broker_call(b, s);
	uint32_t tenant;
	enum parlor_err err = core_tenant_find(b->core, call.tenant, &tenant);
	if (!err && !tenant)
		err = full ? PARLOR_E_STORE_FULL : core_tenant_intern(b->core, &call, &tenant);
	if (!err)
		subscribers_put(b->fanout.subscribers, topic_tenant(tenant), s, 0);
	return err;
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
	return attach_check(b, 0, q->hello->members, q->hello->n_members);
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
	(*out)->begins = true;
	session_set_state(b->fanout.sessions, *out, SESSION_CATCH_UP);
	return PARLOR_E_OK;
}

/* Its members, and what it missed of them: BUSY until that is done. */
static enum parlor_err attach_first(struct broker *b, struct session *s,
				    const struct lifecycle_hello *how, bool *reset)
{
	const Parlor__Hello *hello = how->hello;
	uint64_t floor = core_position(b->core);
	struct attach_request q = {.members = hello->members,
				   .n = hello->n_members,
				   .full = how->full,
				   .beside = hello->presence ? 1 : 0,
				   .resumes = hello->resume,
				   .journal = hello->journal,
				   .position = hello->position};
	enum parlor_err err = attach_add(b, s, &q);
	if (!err && hello->presence)
		err = watch(b, s, how->full);
	if (err)
		return err;
	bool resumes = q.resumes && attachments_can_resume(&b->fanout, q.journal, q.position);
	*reset = hello->resume && !resumes;
	attachments_begin(&b->fanout, s, resumes, resumes ? hello->position : floor);
	return PARLOR_E_OK;
}

enum parlor_err lifecycle_begin(struct broker *b, struct lifecycle_hello *q, struct session **s,
				bool *reset)
{
	const Parlor__Hello *hello = q->hello;
	enum parlor_err err = *s ? PARLOR_E_OK : check_hello(b, q);
	b->counts.attaches_refused += err == PARLOR_E_TOO_MANY;
	/* Members, or a tenant, that are new are written. */
	if (!err && (hello->n_members || hello->presence)) {
		err = commit_reserve(&b->commit, hello->n_members * 2 * ROW_ID_MAX);
		q->full = err == PARLOR_E_STORE_FULL;
	}
	if ((!err || q->full) && !*s)
		err = open_session(b, q, s);
	b->counts.sessions_refused += err == PARLOR_E_SESSIONS_FULL;
	if (*s && (!err || q->full))
		err = attach_first(b, *s, q, reset);
	b->counts.sessions_opened += !err;
	b->counts.sessions_reset += !err && *reset;
	return err;
}

/* ---- end ------------------------------------------------------------------------------ */

static void put_end(struct broker *b, struct session *s, int code)
{
	buf_clear(&b->scratch);
	event_put_end(&b->scratch, code);
	wire_put_bytes_field(replies_begin(&b->commit.turn.replies), PB_FROM_BROKER_EVENTS,
			     buf_span(&b->scratch));
	replies_end(&b->commit.turn.replies, s->out);
}

static void tell_offline(struct broker *b, struct session *s, uint64_t member)
{
	char name[SESSION_NAME_MAX];
	if (fanout_devices(&b->fanout, member))
		return;
	enum parlor_err err = presence_changed(&b->commit, member, false);
	if (err)
		log_error("presence of a member of %s: %s", session_name(s, name),
			  parlor_err_text(err));
}

/* All that knows of the session lets go of it. */
static void drop(struct broker *b, struct session *s, bool tell)
{
	struct session_member *m;
	request_forget(b, s);
	backlog_clear(&b->backlog, &s->backlog);
	fanout_forget(&b->fanout, s);
	while ((m = session_member_first(s)) != NULL) {
		uint64_t member = m->no;
		session_detach(b->fanout.sessions, s, member);
		if (tell)
			tell_offline(b, s, member);
	}
	attach_abandon(b, s);
	connections_wait(front_connections(b->front), s->connection, b->listened_us);
	outbox_close(b->outbox, s->out);
	session_close(b->fanout.sessions, s);
}

void lifecycle_end(struct broker *b, struct session *s, int code)
{
	char name[SESSION_NAME_MAX];
	b->counts.sessions_overrun += code == PARLOR_E_BUSY;
	if (code)
		put_end(b, s, code);
	log_debug("session %s ends: %s", session_name(s, name), parlor_err_text(code));
	drop(b, s, true);
}

void lifecycle_drop_all(struct broker *b)
{
	struct session_table *sessions = b->fanout.sessions;
	struct session *s;
	while (sessions && (s = session_first(sessions)) != NULL)
		drop(b, s, false);
	while (sessions && fanout_forgets(&b->fanout))
		fanout_forget_more(&b->fanout);
}

/* Of a turn's steps is for sessions that end unasked: many may at once. The one that
 * uses it up is the last of the turn. */
#define ENDING_SHARE 16

/* Whether one more may end, of those that do since the meter stood there; it is
 * counted. */
static bool may_end(struct broker *b, uint64_t begun, const struct session *s)
{
	if (b->meter.steps - begun >= b->settings.turn_steps / ENDING_SHARE)
		return false;
	size_t topics = s->topics.len < FANOUT_FORGET ? s->topics.len : FANOUT_FORGET;
	meter_walk(&b->meter, 1 + topics + session_member_count(s));
	return true;
}

static void end_marked(struct broker *b)
{
	struct session *next;
	uint64_t begun = b->meter.steps;
	for (struct session *s = session_first(b->fanout.sessions); s; s = next) {
		next = s->heard_next;
		if (!s->ending)
			continue;
		if (!may_end(b, begun, s))
			return;
		lifecycle_end(b, s, s->end_code);
	}
}

void lifecycle_sweep(struct broker *b)
{
	struct session *s;
	while ((s = outbox_failed(b->outbox)) != NULL) {
		b->counts.sessions_failed++;
		session_end_soon(b->fanout.sessions, s, PARLOR_E_OK);
	}
	if (session_ending_count(b->fanout.sessions))
		end_marked(b);
	fanout_forget_more(&b->fanout);
	session_forget_tenants(b->fanout.sessions, &b->backlog.drr);
}

bool lifecycle_expire(struct broker *b)
{
	struct session *s;
	uint64_t timeout_us = b->settings.timeout_ms * 1000, begun = b->meter.steps;
	while ((s = session_expired(b->fanout.sessions, b->listened_us, timeout_us)) != NULL) {
		if (!may_end(b, begun, s))
			return true;
		b->counts.sessions_expired++;
		lifecycle_end(b, s, PARLOR_E_TIMEOUT);
	}
	return false;
}
