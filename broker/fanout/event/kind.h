/* How a kind of record looks as an event, as data: each noun's file ends in the table
 * of its kinds. A record of a kind that stands in none of them is heard by nobody. */
#ifndef EVENT_KIND_H
#define EVENT_KIND_H

#include "core/record.h"

#include "wire.h"

struct event_kind {
	enum record_kind_no kind;
	uint32_t field; /* of Event */
	void (*put)(struct buf *, const struct record *);
};

/* The kinds of one noun, in order of their numbers and without a gap. */
struct event_noun {
	const struct event_kind *kinds;
	size_t len;
};
#define EVENT_NOUN(table)                                 \
	{                                                 \
		(table), sizeof(table) / sizeof(table)[0] \
	}

/* Omitted when it is empty. */
static inline void event_put_text(struct buf *b, uint32_t field, struct span text)
{
	if (text.len)
		wire_put_bytes_field(b, field, text);
}

#endif
