#include "sync/release.h"

#include "core/kinds.h"

#include "sync/sync_record.h"
#include "wire.h"

#include <parlor/fields.h>

#include <string.h>

#define RELEASES_EACH(queue, r)                                        \
	for (struct release *r = (struct release *)(queue); r != NULL; \
	     r = (struct release *)r->base.next)

_Static_assert(offsetof(struct release, base) == 0, "one is cast to the other");

void release_set(struct release *r, const struct partition *p, const struct quarantine *q,
		 uint64_t until_us)
{
	r->partition = p->no;
	r->base.topic = q->topic;
	r->after = r->scanned = q->position ? q->position - 1 : 0;
	r->until_us = until_us;
	memcpy(r->tenant, q->tenant, sizeof r->tenant);
	memcpy(r->id, q->id, sizeof r->id);
}

struct topic_name release_name(const struct release *r)
{
	return (struct topic_name){SPAN_TEXT(r->tenant), r->base.topic.kind, SPAN_TEXT(r->id)};
}

struct release *release_of_partition(struct pending *queue, uint8_t partition)
{
	struct release *found = NULL;
	RELEASES_EACH(queue, r)
	if (r->partition == partition && (!found || r->begun))
		found = r;
	return found;
}

struct release *release_find(struct pending *queue, const struct topic_name *name)
{
	RELEASES_EACH(queue, r)
	{
		struct topic_name other = release_name(r);
		if (topic_name_equal(&other, name))
			return r;
	}
	return NULL;
}

struct release *release_overdue(struct pending *queue, uint64_t now_us)
{
	RELEASES_EACH(queue, r)
	if (r->until_us <= now_us)
		return r;
	return NULL;
}

static enum parlor_err gather(struct release *r, const struct partition *p,
			      const struct partition_source *src, uint64_t *seen)
{
	*seen = r->scanned;
	struct store_walk walk;
	enum parlor_err err = store_walk_open_at(src->store, r->scanned + 1, &walk);
	if (err)
		return err;
	while (*src->budget && *seen < r->upto && src->body->len < p->bytes_max) {
		struct entry e;
		err = store_walk_next(src->store, &walk, &e);
		if (err)
			break;
		++*src->walked;
		*seen = e.position;
		if (e.partition != r->partition) {
			partition_spend(src, 0);
			continue;
		}
		size_t before = src->body->len;
		struct record record;
		err = record_decode(&record, e.head.data, e.head.len);
		if (!err && topic_equal(record_topic(&record), r->base.topic))
			err = sync_record_put(src->body, PB_RELEASE_RECORDS, src->sync_record,
					      src->core, &e, &record);
		partition_spend(src, src->body->len - before);
		if (err)
			break;
	}
	store_walk_close(src->store, &walk);
	return err;
}

enum parlor_err release_build(struct release *r, const struct partition *p,
			      const struct partition_source *src, struct buf *frame, bool *made)
{
	*made = false;
	if (r->scanned + 1 < store_first(src->store))
		return PARLOR_E_NOT_FOUND;
	buf_clear(src->body);
	uint64_t seen = r->scanned;
	if (seen < r->upto) {
		enum parlor_err err = gather(r, p, src, &seen);
		if (err)
			return err;
	}
	r->scanned = seen;
	r->last = seen >= r->upto;
	if (!src->body->len && !r->last)
		return PARLOR_E_OK;
	struct buf *b = src->body;
	wire_put_varint_field(b, PB_RELEASE_PARTITION, r->partition);
	wire_put_varint_field(b, PB_RELEASE_EPOCH, p->epoch);
	wire_put_bytes_field(b, PB_RELEASE_TENANT, SPAN_TEXT(r->tenant));
	wire_put_varint_field(b, PB_RELEASE_TOPIC_KIND, r->base.topic.kind);
	wire_put_bytes_field(b, PB_RELEASE_TOPIC, SPAN_TEXT(r->id));
	wire_put_varint_field(b, PB_RELEASE_AFTER, r->after);
	wire_put_varint_field(b, PB_RELEASE_UPTO, seen);
	wire_put_varint_field(b, PB_RELEASE_LAST, r->last);
	wire_put_bytes_field(frame, PB_TO_WORKER_RELEASE, buf_span(b));
	r->after = seen;
	r->unanswered = true;
	*made = true;
	return PARLOR_E_OK;
}
