#include "fanout/intervals.h"

#include "core/engine/large_table.h"
#include "fanout/session.h"

#include <stdlib.h>

#define LARGE_TABLE_LOG2 16U

struct interval_topic {
	UT_hash_handle hh;
	uint64_t key; /* topic_key */
	struct interval *first;
};

struct intervals {
	struct interval_topic *topics;
	struct session *dropping;
	uint64_t len;
	uint64_t session_max, tenant_max, all_max;
	uint64_t shares_full;
};

struct intervals *intervals_new(uint64_t session_max, uint64_t tenant_max, uint64_t all_max)
{
	struct intervals *all = mem_new(sizeof *all);
	all->session_max = session_max;
	all->tenant_max = tenant_max;
	all->all_max = all_max;
	return all;
}

void intervals_free(struct intervals *all)
{
	if (!all)
		return;
	assert(!all->topics);
	free(all);
}

static struct interval_topic *topic_find(const struct intervals *all, uint64_t key)
{
	struct interval_topic *t;
	HASH_FIND(hh, all->topics, &key, sizeof key, t);
	return t;
}

static struct interval_topic *topic_make(struct intervals *all, uint64_t key)
{
	struct interval_topic *t = mem_new(sizeof *t);
	t->key = key;
	HASH_ADD(hh, all->topics, key, sizeof t->key, t);
	return t;
}

/* It catches up again: those that are left do no harm, for it is past the end of each. */
static void keep(struct intervals *all, struct session *session)
{
	DL_DELETE2(all->dropping, session, intervals.drop_prev, intervals.drop_next);
	session->intervals.dropping = false;
}

enum parlor_err intervals_add(struct intervals *all, struct topic topic, struct session *session,
			      uint64_t from, uint64_t to)
{
	struct intervals_session *mine = &session->intervals;
	struct session_tenant *tenant = session->tenant;
	if (mine->dropping)
		keep(all, session);
	if (mine->len >= all->session_max || tenant->intervals >= all->tenant_max ||
	    all->len >= all->all_max)
		return PARLOR_E_TOO_MANY;
	struct interval_topic *t = topic_find(all, topic_key(topic));
	if (!t)
		t = topic_make(all, topic_key(topic));
	struct interval *i = mem_new(sizeof *i);
	*i = (struct interval){.topic = t,
			       .session = session,
			       .session_next = mine->first,
			       .from = from,
			       .to = to};
	DL_PREPEND(t->first, i);
	mine->first = i;
	mine->len++;
	all->len++;
	all->shares_full += ++tenant->intervals == all->tenant_max;
	return PARLOR_E_OK;
}

const struct interval *intervals_of(const struct intervals *all, struct topic topic)
{
	const struct interval_topic *t = topic_find(all, topic_key(topic));
	return t ? t->first : NULL;
}

static void interval_free(struct intervals *all, struct interval *i)
{
	struct interval_topic *t = i->topic;
	DL_DELETE(t->first, i);
	i->session->tenant->intervals--;
	free(i);
	all->len--;
	if (t->first)
		return;
	HASH_DEL(all->topics, t);
	free(t);
}

void intervals_drop_session(struct intervals *all, struct session *session)
{
	if (!session->intervals.first || session->intervals.dropping)
		return;
	session->intervals.dropping = true;
	DL_APPEND2(all->dropping, session, intervals.drop_prev, intervals.drop_next);
}

void intervals_drop_more(struct intervals *all, size_t max)
{
	struct session *s;
	while ((s = all->dropping) != NULL) {
		struct intervals_session *mine = &s->intervals;
		struct interval *i;
		for (; (i = mine->first) != NULL && max; max--) {
			mine->first = i->session_next;
			interval_free(all, i);
			mine->len--;
		}
		if (i)
			return;
		DL_DELETE2(all->dropping, s, intervals.drop_prev, intervals.drop_next);
		*mine = (struct intervals_session){0};
	}
}

bool intervals_dropping(const struct intervals *all)
{
	return all->dropping;
}

uint64_t intervals_shares_full(const struct intervals *all)
{
	return all->shares_full;
}
