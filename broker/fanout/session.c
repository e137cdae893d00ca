#include "fanout/session.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct session_table {
	struct session_limits limits;
	struct session *by_routing;
	struct session *heard; /* longest silent first */
	struct session *catching;
	struct session *gone; /* in heard_next's order */
	uint64_t catching_len;
	uint64_t ending;
	struct session_tenant *tenants;
	struct session_tenant *idle; /* of them, those without a session */
	uint64_t idle_len;
	uint64_t attachments;
	uint64_t opened;
};

uint64_t session_descriptors(uint64_t wanted)
{
	uint64_t needed = wanted + wanted / 8 + SESSION_DESCRIPTORS_KEPT;
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return wanted;
	if (limit.rlim_cur < needed && limit.rlim_cur < limit.rlim_max) {
		struct rlimit raised = limit;
		raised.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
		if (!setrlimit(RLIMIT_NOFILE, &raised))
			limit = raised;
	}
	if (limit.rlim_cur >= needed)
		return wanted;
	uint64_t usable = limit.rlim_cur > SESSION_DESCRIPTORS_KEPT
				  ? limit.rlim_cur - SESSION_DESCRIPTORS_KEPT
				  : 0;
	uint64_t allowed = usable - usable / 9;
	return allowed < wanted ? allowed : wanted;
}

struct session_table *session_table_new(const struct session_limits *limits)
{
	struct session_table *t = mem_new(sizeof *t);
	t->limits = *limits;
	return t;
}

static void tenant_free(struct session_table *t, struct session_tenant *tenant)
{
	HASH_DEL(t->tenants, tenant);
	free(tenant);
}

void session_table_free(struct session_table *t)
{
	if (!t)
		return;
	while (t->heard) {
		struct session *s = t->heard;
		struct session_member *member;
		while ((member = session_member_first(s)))
			(void)session_detach(t, s, member->no);
		session_close(t, s);
	}
	assert(!t->gone);
	struct session_tenant *tenant;
	while ((tenant = t->idle) != NULL) {
		DL_DELETE2(t->idle, tenant, idle_prev, idle_next);
		tenant_free(t, tenant);
	}
	free(t);
}

/* ---- tenants --------------------------------------------------------------------- */

static struct session_tenant *tenant_find(struct session_table *t, struct span id)
{
	struct session_tenant *tenant;
	HASH_FIND(hh, t->tenants, id.data, id.len, tenant);
	return tenant;
}

static struct session_tenant *tenant_hold(struct session_table *t, struct span id)
{
	struct session_tenant *tenant = tenant_find(t, id);
	if (!tenant) {
		tenant = mem_new(sizeof *tenant + id.len + 1);
		memcpy(tenant->bytes, id.data, id.len);
		tenant->id = (struct span){tenant->bytes, id.len};
		HASH_ADD_KEYPTR(hh, t->tenants, tenant->id.data, tenant->id.len, tenant);
	} else if (!tenant->sessions) {
		DL_DELETE2(t->idle, tenant, idle_prev, idle_next);
		t->idle_len--;
	}
	tenant->sessions++;
	return tenant;
}

static void tenant_drop(struct session_table *t, struct session_tenant *tenant)
{
	if (--tenant->sessions)
		return;
	DL_APPEND2(t->idle, tenant, idle_prev, idle_next);
	t->idle_len++;
}

void session_forget_tenants(struct session_table *t, const struct drr *drr)
{
	uint64_t looks = t->idle_len < SESSION_TENANTS_LOOKS ? t->idle_len : SESSION_TENANTS_LOOKS;
	for (; looks > 0; looks--) {
		struct session_tenant *tenant = t->idle;
		DL_DELETE2(t->idle, tenant, idle_prev, idle_next);
		if (tenant->entries || tenant->intervals || tenant->out ||
		    pending_shared(&tenant->pending) || drr_owes(drr, &tenant->drr)) {
			DL_APPEND2(t->idle, tenant, idle_prev, idle_next);
		} else {
			t->idle_len--;
			tenant_free(t, tenant);
		}
	}
}

uint64_t session_tenant_count(const struct session_table *t)
{
	return HASH_COUNT(t->tenants) - t->idle_len;
}

/* ---- the table ------------------------------------------------------------------- */

static struct session *by_routing(struct session_table *t, struct span routing)
{
	struct session *s = NULL;
	if (routing.len == FRONT_ROUTING_BYTES)
		HASH_FIND(hh, t->by_routing, routing.data, FRONT_ROUTING_BYTES, s);
	return s;
}

static bool same_user(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

struct session *session_find(struct session_table *t, struct span routing, const char *user)
{
	struct session *s = by_routing(t, routing);
	return s && same_user(s->user, user) ? s : NULL;
}

enum parlor_err session_open(struct session_table *t, const struct session_hello *hello,
			     struct session **out)
{
	assert(hello->routing.len == FRONT_ROUTING_BYTES);
	if (by_routing(t, hello->routing))
		return PARLOR_E_SESSION_EXISTS;
	if (HASH_COUNT(t->by_routing) >= t->limits.sessions)
		return PARLOR_E_SESSIONS_FULL;
	const struct session_tenant *tenant = tenant_find(t, hello->tenant);
	if (tenant && tenant->sessions >= t->limits.tenant_sessions)
		return PARLOR_E_SESSIONS_FULL;

	struct session *s = mem_new(sizeof *s);
	memcpy(s->routing, hello->routing.data, FRONT_ROUTING_BYTES);
	if (hello->user)
		s->user = mem_text(hello->user, strlen(hello->user));
	size_t client_len = text_cut(hello->client.data, hello->client.len, SESSION_CLIENT_MAX);
	if (client_len)
		memcpy(s->client, hello->client.data, client_len);
	s->number = ++t->opened;
	s->backlog.owner = s;
	s->tenant = tenant_hold(t, hello->tenant);
	s->backlog.flow.group = &s->tenant->drr;
	s->credit_limited = hello->credit != 0;
	s->credit = hello->credit;
	s->heard_us = hello->now_us;
	HASH_ADD(hh, t->by_routing, routing, FRONT_ROUTING_BYTES, s);
	DL_APPEND2(t->heard, s, heard_prev, heard_next);
	*out = s;
	return PARLOR_E_OK;
}

void session_close(struct session_table *t, struct session *s)
{
	assert(!s->members && !s->backlog.frames);
	session_set_state(t, s, SESSION_GONE);
	DL_DELETE2(t->heard, s, heard_prev, heard_next);
	DL_APPEND2(t->gone, s, heard_prev, heard_next);
	t->ending -= s->ending;
	HASH_DEL(t->by_routing, s);
	tenant_drop(t, s->tenant);
	free(s->user);
	if (!s->topics.len && !s->intervals.len)
		session_free_gone(t, s);
}

struct session *session_gone(struct session_table *t)
{
	return t->gone;
}

void session_free_gone(struct session_table *t, struct session *s)
{
	assert(s->state == SESSION_GONE && !s->topics.len && !s->intervals.len);
	DL_DELETE2(t->gone, s, heard_prev, heard_next);
	free(s);
}

void session_end_soon(struct session_table *t, struct session *s, int code)
{
	t->ending += !s->ending;
	s->ending = true;
	s->end_code = code;
}

uint64_t session_ending_count(const struct session_table *t)
{
	return t->ending;
}

const char *session_name(const struct session *s, char name[SESSION_NAME_MAX])
{
	(void)snprintf(name, SESSION_NAME_MAX, "#%" PRIu64 " %.40s/%s", s->number, s->tenant->bytes,
		       s->client);
	return name;
}

/* ---- liveness -------------------------------------------------------------------- */

void session_heard(struct session_table *t, struct session *s, uint64_t now_us)
{
	s->heard_us = now_us;
	if (!s->heard_next)
		return;
	DL_DELETE2(t->heard, s, heard_prev, heard_next);
	DL_APPEND2(t->heard, s, heard_prev, heard_next);
}

struct session *session_expired(struct session_table *t, uint64_t now_us, uint64_t timeout_us)
{
	struct session *s = t->heard;
	return s && now_us - s->heard_us >= timeout_us ? s : NULL;
}

struct session *session_first(struct session_table *t)
{
	return t->heard;
}

uint64_t session_count(const struct session_table *t)
{
	return HASH_COUNT(t->by_routing);
}

/* ---- members --------------------------------------------------------------------- */

enum parlor_err session_attach(struct session_table *t, struct session *s, uint64_t no, bool *added)
{
	*added = false;
	if (session_member_find(s, no))
		return PARLOR_E_OK;
	if (HASH_COUNT(s->members) >= t->limits.members)
		return PARLOR_E_TOO_MANY;
	struct session_member *member = mem_new(sizeof *member);
	member->no = no;
	HASH_ADD(hh, s->members, no, sizeof member->no, member);
	t->attachments++;
	*added = true;
	return PARLOR_E_OK;
}

bool session_detach(struct session_table *t, struct session *s, uint64_t no)
{
	struct session_member *member = session_member_find(s, no);
	if (!member)
		return false;
	HASH_DEL(s->members, member);
	free(member);
	t->attachments--;
	return true;
}

struct session_member *session_member_find(const struct session *s, uint64_t no)
{
	struct session_member *member;
	HASH_FIND(hh, s->members, &no, sizeof no, member);
	return member;
}

struct session_member *session_member_first(const struct session *s)
{
	return s->members;
}

uint64_t session_member_count(const struct session *s)
{
	return HASH_COUNT(s->members);
}

uint64_t session_attachments(const struct session_table *t)
{
	return t->attachments;
}

/* ---- delivery -------------------------------------------------------------------- */

void session_set_state(struct session_table *t, struct session *s, enum session_state state)
{
	if (s->state == state)
		return;
	if (s->state == SESSION_CATCH_UP) {
		DL_DELETE2(t->catching, s, catch_prev, catch_next);
		t->catching_len--;
	}
	if (state == SESSION_CATCH_UP) {
		DL_APPEND2(t->catching, s, catch_prev, catch_next);
		t->catching_len++;
	}
	s->state = state;
}

struct session *session_catching_up(struct session_table *t)
{
	return t->catching;
}

uint64_t session_catching_up_count(const struct session_table *t)
{
	return t->catching_len;
}

void session_catch_up_later(struct session_table *t, struct session *s)
{
	assert(s->state == SESSION_CATCH_UP);
	DL_DELETE2(t->catching, s, catch_prev, catch_next);
	DL_APPEND2(t->catching, s, catch_prev, catch_next);
}

bool session_credit_take(struct session *s)
{
	if (!s->credit_limited)
		return true;
	if (!s->credit)
		return false;
	s->credit--;
	return true;
}

void session_credit_add(struct session *s, uint32_t events, uint32_t most)
{
	uint64_t credit = s->credit + events;
	s->credit = credit < most ? credit : most;
}
