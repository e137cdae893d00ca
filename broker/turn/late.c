#include "turn/late.h"

#include "base/log.h"

#define WAIT_US_MIN 200000
#define WAIT_US_MAX 2000000

void late_begin(struct late *l, const char *what, uint64_t now_us)
{
	if (!l->is)
		log_warn("%s: no space on disk; it is tried again until there is", what);
	l->wait_us = l->is ? 2 * l->wait_us : WAIT_US_MIN;
	if (l->wait_us > WAIT_US_MAX)
		l->wait_us = WAIT_US_MAX;
	l->next_us = now_us + l->wait_us;
	l->is = true;
	l->times++;
}

void late_end(struct late *l, const char *what)
{
	if (l->is)
		log_info("%s: on disk now", what);
	l->is = false;
}

bool late_due(const struct late *l, uint64_t now_us)
{
	return !l->is || now_us >= l->next_us;
}
