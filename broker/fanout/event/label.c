#include "core/label.h"
#include "event/kind.h"

#include <parlor/fields.h>

static void put_labels(struct buf *b, const struct record *r)
{
	struct span labels = r->labels.all, label;
	while (labels_next(&labels, &label))
		wire_put_bytes_field(b, PB_LABELS_CHANGED_LABELS, label);
}

static const struct event_kind kinds[] = {
	{RECORD_ROOM_LABELS, PB_EVENT_LABELS_CHANGED, put_labels},
};
const struct event_noun label_events = EVENT_NOUN(kinds);
