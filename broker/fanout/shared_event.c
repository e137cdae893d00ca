#include "fanout/shared_event.h"

#include "event/event.h"
#include "wire.h"

#include "base/die.h"

#include <parlor/fields.h>

static struct outbox_part part_of(struct shared_event *e)
{
	if (!e->made) {
		wire_put_bytes_field(outbox_begin(e->fanout->outbox), PB_FROM_BROKER_EVENTS,
				     e->bytes);
		e->part = outbox_end(e->fanout->outbox);
		e->made = true;
	}
	return e->part;
}

bool shared_event_enqueue(struct shared_event *e, struct session *s)
{
	struct outbox *outbox = e->fanout->outbox;
	size_t space = outbox_space(outbox, s->out);
	/* An event larger than the allowance still goes to a peer with nothing queued. */
	bool fits = space >= e->bytes.len || (space && outbox_queued(s->out) == 0);
	if (!fits || !session_credit_take(s)) {
		s->want_bytes = e->bytes.len;
		return false;
	}
	s->want_bytes = 0;
	outbox_add(outbox, s->out, part_of(e));
	die_at("event_enqueued");
	return true;
}
