#include "kind/kind.h"

#include <inttypes.h>
#include <stdio.h>

static void what_read(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "read up to %" PRIu64 " by %s", r->read.counts.read_seq,
		 e->read->member);
}

static void draft_read(struct draft *d, const Parlor__Event *e)
{
	d->from = e->read->member;
	d->seq = e->read->read_seq;
	json_object_set_new(d->more, "unread", json_integer((json_int_t)e->read->unread));
}

static const struct kind kinds[] = {
	{RECORD_READ, PARLOR__EVENT__KIND_READ, what_read, "read", RECORDING_READ,
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_read, NULL},
};
const struct kind_noun reading_kinds = KIND_NOUN(kinds);
