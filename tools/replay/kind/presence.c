#include "kind/kind.h"

#include <stdio.h>

static const char *const presences[] = {"", "offline", "online", "busy", NULL};

static void what_presence(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "presence: %s is %s", e->presence->member,
		 kind_word(presences, r->presence.now));
}

static void draft_presence(struct draft *d, const Parlor__Event *e)
{
	d->from = e->presence->member;
	d->body = kind_word(presences, (int)e->presence->presence);
}

static const struct kind kinds[] = {
	{RECORD_PRESENCE, PARLOR__EVENT__KIND_PRESENCE, what_presence, "presence",
	 RECORDING_PRESENCE, LINE_NEEDS_FROM, draft_presence, presences},
};
const struct kind_noun presence_kinds = KIND_NOUN(kinds);
