#include "kind/kind.h"

#include <inttypes.h>
#include <stdio.h>

static void what_boot(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	(void)e;
	snprintf(text, size, "broker run %" PRIu64 " begins", r->run);
}

static const struct kind kinds[] = {
	{RECORD_BOOT, PARLOR__EVENT__KIND__NOT_SET, what_boot, "boot", RECORDING_BOOT, 0, NULL,
	 NULL},
};
const struct kind_noun run_kinds = KIND_NOUN(kinds);
