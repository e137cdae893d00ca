#include "fanout/fanout.h"

size_t fanout_devices(const struct fanout *f, uint64_t member)
{
	size_t n;
	(void)subscribers_of(f->subscribers, topic_member(member), &n);
	return n;
}

void fanout_forget(struct fanout *f, struct session *s)
{
	subscribers_drop_session(f->subscribers, s);
	intervals_drop_session(f->intervals, s);
}
