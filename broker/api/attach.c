#include "api/attach.h"

#include "core/member.h"
#include "fanout/attachments.h"
#include "turn/presence.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A record that is made counts as a row that is read: they cost about the same. */
#define RECORD_STEPS METER_ROW_STEPS

/* In this order. Whoever is known comes first: what they listen to may be too much, and
 * then nobody has been introduced. From NEW on nothing is refused, for a name once given is known
 * for ever: what it takes is reserved before. */
enum phase { KNOWN, PAST, NEW, TELL, DONE, UNDO };

struct attach {
	enum phase phase;
	size_t at; /* in the list, of the phase */
	enum parlor_err refusal;
	bool resumes;
	struct core_past_range past; /* of the member at hand, not noted so far; zeroed: all */
	struct reserved {
		size_t members; /* still to be introduced, and to be listened to */
		size_t beside;  /* topics that will be listened to */
	} reserved;
	size_t len;
	struct attach_member {
		uint64_t member; /* 0: not known so far */
		bool added;
		bool first; /* nobody else had it attached: that it is online is to be told */
	} list[];
};

struct attaching {
	struct broker *broker;
	struct session *session;
	const struct attach_request *request;
	struct attach *attach;
};

static struct attach *attach_new(size_t n)
{
	struct attach *a = mem_new(sizeof *a + n * sizeof *a->list);
	a->len = n;
	return a;
}

static void unreserve(struct broker *b, struct session *s, struct reserved n)
{
	struct core_call call = broker_call(b, s);
	core_members_unreserve(b->core, &call, n.members);
	subscribers_unreserve(b->fanout.subscribers, s, n.members + n.beside);
	s->attach->reserved.members -= n.members;
	s->attach->reserved.beside -= n.beside;
}

static void attach_free(struct broker *b, struct session *s)
{
	if (s->attach)
		unreserve(b, s, s->attach->reserved);
	free(s->attach);
	s->attach = NULL;
}

/* ---- one member ------------------------------------------------------------------------ */

static enum parlor_err add(struct attaching *g, struct attach_member *m)
{
	struct broker *b = g->broker;
	uint64_t floor = g->request->resumes ? 0 : core_position(b->core);
	bool added;
	enum parlor_err err = attachments_add(&b->fanout, g->session, m->member, floor, &added);
	/* Named twice it is there already, but for who added it. */
	if (added && !m->added)
		m->first = fanout_devices(&b->fanout, m->member) == 1;
	m->added |= added;
	return err;
}

static enum parlor_err add_known(struct attaching *g, struct attach_member *m, struct span id)
{
	struct core_call call = broker_call(g->broker, g->session);
	enum parlor_err err =
		m->member ? PARLOR_E_OK : core_member_find(g->broker->core, &call, id, &m->member);
	return err || !m->member ? err : add(g, m);
}

/* What it missed is not to be had when it is too much: the session begins anew. */
static enum parlor_err add_past(struct attaching *g, struct attach_member *m, struct span id)
{
	struct attach *a = g->attach;
	(void)id;
	if (!m->member || !a->resumes)
		return PARLOR_E_OK;
	if (!a->past.to)
		a->past = CORE_PAST_BEHIND(g->request->position);
	enum parlor_err err =
		attachments_add_past(&g->broker->fanout, g->session, m->member, &a->past);
	if (err == PARLOR_E_BUSY)
		return err;
	a->resumes = !err;
	a->past = (struct core_past_range){0};
	return PARLOR_E_OK;
}

static enum parlor_err introduce(struct attaching *g, struct attach_member *m, struct span id)
{
	struct broker *b = g->broker;
	struct core_call call = broker_call(b, g->session);
	/* The disk has filled since: it waits for space. */
	if (g->request->full)
		return PARLOR_E_BUSY;
	unreserve(b, g->session, (struct reserved){.members = 1});
	return core_member_intern(b->core, &call, id, &m->member);
}

static enum parlor_err add_new(struct attaching *g, struct attach_member *m, struct span id)
{
	struct session *s = g->session;
	if (m->member && m->member != s->move.member)
		return PARLOR_E_OK;
	enum parlor_err err = m->member ? PARLOR_E_OK : introduce(g, m, id);
	if (!err)
		err = add(g, m);
	/* Another request made it known meanwhile, and put it into too many rooms: the end, as
	 * for whoever is attached when that happens. */
	if (err == PARLOR_E_TOO_MANY) {
		session_end_soon(g->broker->fanout.sessions, s, PARLOR_E_BUSY);
		err = PARLOR_E_BUSY;
	}
	return err;
}

static enum parlor_err tell(struct attaching *g, struct attach_member *m, struct span id)
{
	(void)id;
	if (!m->first)
		return PARLOR_E_OK;
	meter_walk(g->broker->fanout.meter, RECORD_STEPS);
	return presence_changed(&g->broker->commit, m->member, true);
}

static enum parlor_err detach_one(struct broker *b, struct session *s, uint64_t member)
{
	bool removed;
	enum parlor_err err = attachments_remove(&b->fanout, s, member, &removed);
	if (!err && removed && fanout_devices(&b->fanout, member) == 0)
		err = presence_changed(&b->commit, member, false);
	return err;
}

/* Another session that attached it meanwhile has left the telling to this one. */
static enum parlor_err tell_for_others(struct broker *b, const struct attach_member *m)
{
	return m->first && fanout_devices(&b->fanout, m->member)
		       ? presence_changed(&b->commit, m->member, true)
		       : PARLOR_E_OK;
}

static enum parlor_err undo(struct attaching *g, struct attach_member *m, struct span id)
{
	struct broker *b = g->broker;
	(void)id;
	if (!m->added)
		return PARLOR_E_OK;
	enum parlor_err err = detach_one(b, g->session, m->member);
	if (!err)
		err = tell_for_others(b, m);
	if (err && err != PARLOR_E_BUSY) {
		session_end_soon(b->fanout.sessions, g->session, PARLOR_E_STORE);
		err = PARLOR_E_OK;
	}
	return err;
}

/* ---- all of them ----------------------------------------------------------------------- */

static enum parlor_err reserve(struct attaching *g)
{
	struct core_call call = broker_call(g->broker, g->session);
	struct subscribers *subscribers = g->broker->fanout.subscribers;
	struct attach *a = g->attach;
	struct reserved n = {.beside = g->request->beside};
	for (size_t i = 0; i < a->len; i++)
		n.members += !a->list[i].member;
	if (n.members && g->request->full)
		return PARLOR_E_STORE_FULL;
	enum parlor_err err = subscribers_reserve(subscribers, g->session, n.members + n.beside);
	if (err)
		return err;
	err = core_members_reserve(g->broker->core, &call, n.members);
	if (err)
		subscribers_unreserve(subscribers, g->session, n.members + n.beside);
	else
		a->reserved = n;
	return err;
}

static enum parlor_err begin_phase(struct attaching *g, enum phase phase)
{
	struct attach *a = g->attach;
	a->at = 0;
	a->phase = phase;
	return phase == NEW ? reserve(g) : PARLOR_E_OK;
}

/* The one at hand first: it may be half way in. */
static void begin_undo(struct attach *a, enum parlor_err refusal)
{
	if (a->at < a->len) {
		struct attach_member m = a->list[a->at];
		a->list[a->at] = a->list[0];
		a->list[0] = m;
	}
	a->refusal = refusal;
	a->phase = UNDO;
	a->at = 0;
}

static enum parlor_err step(struct attaching *g)
{
	static enum parlor_err (*const steps[])(struct attaching *, struct attach_member *,
						struct span) = {
		[KNOWN] = add_known, [PAST] = add_past, [NEW] = add_new,
		[TELL] = tell,       [UNDO] = undo,
	};
	struct attach *a = g->attach;
	if (a->at == a->len)
		return begin_phase(g, a->phase == UNDO ? DONE : a->phase + 1);
	meter_walk(g->broker->fanout.meter, 1);
	enum parlor_err err =
		steps[a->phase](g, &a->list[a->at], SPAN_TEXT(g->request->members[a->at]));
	a->at += !err;
	return err;
}

/* A commit for this request alone is a turn's, and it pays for it. */
static enum parlor_err settle(struct broker *b)
{
	uint64_t before = b->commit.counts.awaited;
	enum parlor_err err = commit_settle(&b->commit);
	price_add(&b->price, PRICE_COMMITS, b->commit.counts.awaited - before);
	return err;
}

static enum parlor_err begin(struct broker *b, struct session *s, const struct attach_request *q)
{
	size_t attached = session_member_count(s);
	enum parlor_err err = attach_check(b, attached, q->members, q->n);
	if (!err && q->full && q->n && presence_owed(&b->commit) >= PRESENCE_OWED_MAX)
		err = PARLOR_E_STORE_FULL;
	if (err)
		return err;
	s->attach = attach_new(q->n);
	s->attach->resumes =
		q->resumes && attachments_can_resume(&b->fanout, q->journal, q->position);
	return PARLOR_E_OK;
}

enum parlor_err attach_add(struct broker *b, struct session *s, struct attach_request *q)
{
	enum parlor_err err = settle(b);
	if (!err && !s->attach)
		err = begin(b, s, q);
	b->counts.attaches_refused += err == PARLOR_E_TOO_MANY;
	if (err)
		return err;
	struct attach *a = s->attach;
	struct attaching g = {.broker = b, .session = s, .request = q, .attach = a};
	while (a->phase != DONE && err != PARLOR_E_BUSY) {
		err = meter_spent(&b->meter) ? PARLOR_E_BUSY : step(&g);
		if (err && err != PARLOR_E_BUSY)
			begin_undo(a, err);
	}
	/* While it waits for space it is to say itself that it is there. */
	if (!q->full)
		session_heard(b->fanout.sessions, s, b->listened_us);
	if (a->phase != DONE)
		return PARLOR_E_BUSY;
	err = a->refusal;
	b->counts.attaches_refused += err == PARLOR_E_TOO_MANY;
	q->resumes = a->resumes;
	attach_free(b, s);
	return err;
}

enum parlor_err attach_remove(struct broker *b, struct session *s, char **members, size_t n)
{
	struct core_call call = broker_call(b, s);
	enum parlor_err err = settle(b);
	if (err == PARLOR_E_BUSY)
		return err;
	if (!err && !s->attach)
		err = attach_check(b, 0, members, n);
	if (!err && !s->attach)
		s->attach = attach_new(0);
	while (!err && s->attach->at < n) {
		uint64_t member;
		err = meter_spent(&b->meter) ? PARLOR_E_BUSY : PARLOR_E_OK;
		if (!err)
			err = core_member_find(b->core, &call, SPAN_TEXT(members[s->attach->at]),
					       &member);
		if (!err && member)
			err = detach_one(b, s, member);
		meter_walk(&b->meter, 1);
		if (!err)
			s->attach->at++;
	}
	session_heard(b->fanout.sessions, s, b->listened_us);
	if (err != PARLOR_E_BUSY)
		attach_free(b, s);
	return err;
}

void attach_abandon(struct broker *b, struct session *s)
{
	struct attach *a = s->attach;
	for (size_t i = 0; a && i < a->len; i++) {
		enum parlor_err err = tell_for_others(b, &a->list[i]);
		if (err)
			log_error("presence of a member: %s", parlor_err_text(err));
	}
	attach_free(b, s);
}

enum parlor_err attach_check(const struct broker *b, size_t attached, char **members, size_t n)
{
	if (n + attached > b->settings.session_members)
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
