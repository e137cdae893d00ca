#include "noun/noun.h"

#include <inttypes.h>
#include <stdio.h>

static void what_boot(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	(void)e;
	snprintf(text, size, "broker run %" PRIu64 " begins", r->run);
}

static const struct kind kinds[] = {
	{.record = RECORD_BOOT, .what = what_boot, .type = "boot"},
};
const struct replay_noun replay_run = {NOUN_LIST(kinds)};
