#include "noun/noun.h"

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

/* ---- requests ------------------------------------------------------------------- */

static enum parlor_err send_read(struct operation *d, operation_send_fn *fn)
{
	Parlor__Read read = PARLOR__READ__INIT;

	read.room = d->place->id;
	read.member = operation_text(d->member);
	read.seq = place_seq(d->place, d->event.seq);
	return OPERATION_SEND(d, fn, READ, read, &read);
}

static enum parlor_err send_mark(struct operation *d, operation_send_fn *fn)
{
	Parlor__UnreadMark mark = PARLOR__UNREAD_MARK__INIT;

	mark.room = d->place->id;
	mark.member = operation_text(d->member);
	mark.seq = place_seq(d->place, d->event.seq) + 1;
	return OPERATION_SEND(d, fn, UNREAD_MARK, unread_mark, &mark);
}

static bool is_counted(const struct operation *d)
{
	return d->place->counted;
}

/* Forward or back: one of the two changes nothing. */
static const struct operation_kind operation_mark = {
	.send = send_mark,
	.has_sense = is_counted,
	.counted = OPERATION_COUNTED(reads),
};
static const struct operation_kind operation_read = {
	.send = send_read,
	.has_sense = place_has,
	.then = &operation_mark,
};

static const struct kind kinds[] = {
	{RECORD_READ, PARLOR__EVENT__KIND_READ, what_read, "read",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM, draft_read, .operation = &operation_read},
};
const struct replay_noun replay_reading = {NOUN_LIST(kinds)};
