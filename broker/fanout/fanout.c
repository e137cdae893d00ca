#include "fanout/fanout.h"

size_t fanout_devices(const struct fanout *f, uint64_t member)
{
	size_t n;
	(void)subscribers_of(f->subscribers, topic_member(member), &n);
	return n;
}

void fanout_forget(struct fanout *f, struct session *s)
{
	for (const struct session_member *m = s->members; m; m = m->hh.next)
		(void)subscribers_drop(f->subscribers, topic_member(m->no), s);
	subscribers_drop_session(f->subscribers, s, FANOUT_FORGET);
	intervals_drop_session(f->intervals, s);
}

bool fanout_forgets(const struct fanout *f)
{
	return session_gone(f->sessions) || intervals_dropping(f->intervals);
}

void fanout_forget_more(struct fanout *f)
{
	struct session *s = session_gone(f->sessions);
	intervals_drop_more(f->intervals, FANOUT_FORGET / 4);
	if (!s)
		return;
	subscribers_drop_session(f->subscribers, s, FANOUT_FORGET);
	if (!s->topics.len && !s->intervals.len)
		session_free_gone(f->sessions, s);
}
