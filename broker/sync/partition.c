#include "sync/partition.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "sync/sync.h"
#include "sync/sync_record.h"
#include "wire.h"

#include <assert.h>
#include <parlor/fields.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Batches that must go well before larger ones are tried. */
#define GROW_AFTER 8
/* So many bytes of what is sent cost as much as a look at an entry. */
#define SPEND_BYTES 128

void partition_init(struct partition *p, uint8_t no, const struct sync_settings *s, uint64_t head)
{
	*p = (struct partition){.no = no,
				.records_max = s->batch_records,
				.bytes_max = s->batch_bytes,
				.retry_us = UINT64_MAX};
	recent_records_init(&p->recent, s->recent, head);
}

void partition_fini(struct partition *p)
{
	recent_records_fini(&p->recent);
	free(p->quarantined);
	*p = (struct partition){0};
}

void partition_set_mark(struct partition *p, uint64_t mark, uint64_t unread)
{
	/* What was found empty stays so while the mark is below it; a mark that
	 * goes back brings records that were passed. */
	if (!p->known || mark < p->mark || p->scanned < mark)
		p->scanned = mark;
	p->known = true;
	p->mark = mark;
	p->unread = unread < mark ? unread : mark;
	p->sent.is = false;
}

uint64_t partition_position(const struct partition *p, uint64_t head)
{
	if (!p->known)
		return 0;
	if (p->scanned < p->recent.after)
		return p->scanned;
	size_t next = recent_records_above(&p->recent, p->mark);
	return next < p->recent.len ? recent_records_at(&p->recent, next) - 1 : head;
}

uint64_t partition_unread_position(const struct partition *p, uint64_t head)
{
	if (!p->known)
		return 0;
	return p->unread < p->mark ? p->unread : partition_position(p, head);
}

bool partition_set_error(struct partition *p, const char *format, ...)
{
	char text[PARTITION_ERROR_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	text[text_cut(text, strlen(text), sizeof text - 1)] = '\0';
	bool changed = strcmp(text, p->error) != 0;
	memcpy(p->error, text, sizeof text);
	return changed;
}

void partition_shrink(struct partition *p)
{
	p->good_batches = 0;
	p->records_max = p->sent.records / 2 > 1 ? p->sent.records / 2 : 1;
	p->bytes_max = p->sent.bytes / 2 > 1 ? p->sent.bytes / 2 : 1;
}

static uint32_t grown(uint32_t value, uint32_t max)
{
	uint32_t step = value / 4 + 1;
	return value >= max || max - value < step ? max : value + step;
}

void partition_grow(struct partition *p, const struct sync_settings *s)
{
	if (++p->good_batches < GROW_AFTER)
		return;
	p->good_batches = 0;
	p->records_max = grown(p->records_max, s->batch_records);
	p->bytes_max = grown(p->bytes_max, s->batch_bytes);
}

static void copy_text(char *to, size_t size, const char *text)
{
	size_t n = text_cut(text, strlen(text), size - 1);
	memcpy(to, text, n);
	to[n] = '\0';
}

struct topic_name quarantine_name(const struct quarantine *q)
{
	return (struct topic_name){SPAN_TEXT(q->tenant), q->topic.kind, SPAN_TEXT(q->id)};
}

static void take_quarantine(struct quarantine *q, struct core *core,
			    const Parlor__QuarantinedTopic *told)
{
	copy_text(q->tenant, sizeof q->tenant, told->tenant);
	copy_text(q->id, sizeof q->id, told->topic);
	copy_text(q->error, sizeof q->error, told->error);
	q->position = told->position;
	q->topic.kind = (enum topic_kind)told->topic_kind;
	struct topic_name name = quarantine_name(q);
	if (core_topic_find(core, &name, &q->topic) != PARLOR_E_OK)
		q->topic.number = 0;
}

static int by_topic(const void *a, const void *b)
{
	const struct topic *x = &((const struct quarantine *)a)->topic;
	const struct topic *y = &((const struct quarantine *)b)->topic;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

size_t partition_set_quarantine(struct partition *p, struct core *core,
				Parlor__QuarantinedTopic *const *told, size_t n, size_t max)
{
	size_t kept = n < max ? n : max;
	free(p->quarantined);
	p->quarantined = kept ? mem_new(kept * sizeof *p->quarantined) : NULL;
	p->quarantined_len = kept;
	for (size_t i = 0; i < kept; i++)
		take_quarantine(&p->quarantined[i], core, told[i]);
	if (kept)
		qsort(p->quarantined, kept, sizeof *p->quarantined, by_topic);
	return n - kept;
}

const struct quarantine *partition_quarantine_of(const struct partition *p, struct topic topic)
{
	const struct quarantine key = {.topic = topic};
	return topic.number && p->quarantined_len
		       ? bsearch(&key, p->quarantined, p->quarantined_len, sizeof key, by_topic)
		       : NULL;
}

const struct quarantine *partition_quarantine_find(const struct partition *p,
						   const struct topic_name *name)
{
	for (size_t i = 0; i < p->quarantined_len; i++) {
		struct topic_name other = quarantine_name(&p->quarantined[i]);
		if (topic_name_equal(&other, name))
			return &p->quarantined[i];
	}
	return NULL;
}

void partition_quarantine_drop(struct partition *p, const struct quarantine *q)
{
	size_t at = (size_t)(q - p->quarantined);
	assert(at < p->quarantined_len);
	p->quarantined_len--;
	memmove(&p->quarantined[at], &p->quarantined[at + 1],
		(p->quarantined_len - at) * sizeof *p->quarantined);
}

/* ---- building ---------------------------------------------------------------- */

void partition_spend(const struct partition_source *src, size_t bytes)
{
	size_t cost = 1 + (bytes + SPEND_BYTES - 1) / SPEND_BYTES;
	*src->budget -= cost < *src->budget ? (uint32_t)cost : *src->budget;
}

enum taken { TAKEN, TAKEN_FULL, TAKEN_BAD };

static enum taken take(struct partition *p, const struct partition_source *src,
		       const struct entry *e, struct sent_batch *f)
{
	size_t before = src->body->len;
	struct record r;
	enum parlor_err err =
		sync_record_put(src->body, PB_BATCH_RECORDS, src->sync_record, src->core, e, &r);
	partition_spend(src, src->body->len - before);
	if (err) {
		src->body->len = before;
		partition_set_error(p, "record %llu cannot be read: %s",
				    (unsigned long long)e->position, parlor_err_text(err));
		return TAKEN_BAD;
	}
	if (f->records && src->body->len > p->bytes_max) {
		src->body->len = before;
		return TAKEN_FULL;
	}
	f->records++;
	return f->records >= p->records_max ? TAKEN_FULL : TAKEN;
}

static enum partition_built failed(struct partition *p, enum parlor_err err)
{
	partition_set_error(p, "the journal cannot be read: %s", parlor_err_text(err));
	return PARTITION_FAILED;
}

/* What was read before it came to an end is sent; why it ended shows again behind that. */
static enum partition_built gathered(struct partition *p, const struct sent_batch *f,
				     enum taken taken, enum parlor_err err)
{
	if (f->records)
		return PARTITION_BATCH;
	if (taken == TAKEN_BAD)
		return PARTITION_FAILED;
	if (err)
		return err == PARLOR_E_NOT_FOUND ? PARTITION_UNSEEN : failed(p, err);
	return PARTITION_MORE;
}

/* Every record of the partition above the mark is in the ring. */
static enum partition_built gather_recent(struct partition *p, const struct partition_source *src,
					  struct sent_batch *f)
{
	size_t next = recent_records_above(&p->recent, p->mark);
	if (next == p->recent.len)
		return PARTITION_NOTHING;
	if (recent_records_at(&p->recent, next) < store_first(src->store))
		return failed(p, PARLOR_E_NOT_FOUND);
	enum taken taken = TAKEN;
	enum parlor_err err = PARLOR_E_OK;
	for (; taken == TAKEN && *src->budget && next < p->recent.len; next++) {
		struct entry e;
		err = store_read(src->store, recent_records_at(&p->recent, next), &e);
		if (err)
			break;
		uint32_t had = f->records;
		taken = take(p, src, &e, f);
		if (f->records == had)
			break;
		f->upto = e.position;
	}
	f->more = next < p->recent.len;
	return gathered(p, f, taken, err);
}

/* Behind what the ring remembers: over the journal, past what is of others. */
static enum partition_built gather_walk(struct partition *p, const struct partition_source *src,
					struct sent_batch *f)
{
	if (p->scanned + 1 < store_first(src->store))
		return failed(p, PARLOR_E_NOT_FOUND);
	struct store_walk walk;
	enum parlor_err err = store_walk_open_at(src->store, p->scanned + 1, &walk);
	if (err)
		return failed(p, err);
	enum taken taken = TAKEN;
	uint64_t seen = p->scanned;
	while (taken == TAKEN && *src->budget && seen < p->recent.after) {
		struct entry e;
		err = store_walk_next(src->store, &walk, &e);
		if (err)
			break;
		++*src->walked;
		uint32_t had = f->records;
		if (e.partition == p->no) {
			taken = take(p, src, &e, f);
			if (f->records == had)
				break;
		} else {
			partition_spend(src, 0);
		}
		seen = e.position;
	}
	store_walk_close(src->store, &walk);
	f->upto = seen;
	f->more = seen < p->recent.after || p->recent.len > 0;
	if (!f->records)
		p->scanned = seen;
	return gathered(p, f, taken, err);
}

enum parlor_err partition_digest(struct store *store, uint64_t position, uint64_t *digest)
{
	struct entry e;
	enum parlor_err err = store_read(store, position, &e);
	if (err)
		return err;
	*digest = hash64(e.head.data, e.head.len);
	*digest += *digest == 0;
	return PARLOR_E_OK;
}

/* Behind a batch that leaves no record of the partition nothing up to the head is the partition's:
 * the mark goes there, unless the head cannot be read, for the transaction need not show it yet. */
static enum parlor_err reach(struct sent_batch *f, const struct partition_source *src,
			     uint64_t *digest)
{
	if (f->records && !f->more && !partition_digest(src->store, src->head, digest)) {
		f->upto = src->head;
		return PARLOR_E_OK;
	}
	return partition_digest(src->store, f->upto, digest);
}

static enum partition_built put_batch(struct partition *p, const struct partition_source *src,
				      struct span records, struct sent_batch *f, struct buf *frame)
{
	struct buf head = {0};
	uint64_t digest;
	enum parlor_err err = reach(f, src, &digest);
	if (err)
		return err == PARLOR_E_NOT_FOUND ? PARTITION_UNSEEN : failed(p, err);
	wire_put_varint_field(&head, PB_BATCH_PARTITION, p->no);
	wire_put_varint_field(&head, PB_BATCH_EPOCH, p->epoch);
	wire_put_varint_field(&head, PB_BATCH_AFTER, p->mark);
	wire_put_varint_field(&head, PB_BATCH_UPTO, f->upto);
	wire_put_varint_field(&head, PB_BATCH_DIGEST, digest);
	if (f->more)
		wire_put_varint_field(&head, PB_BATCH_MORE, 1);
	/* The tag of a length-delimited field, the length of both, then both. */
	buf_reserve(frame, head.len + records.len + 16);
	buf_put_varint(frame, PB_TO_WORKER_BATCH << 3 | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
	buf_put_varint(frame, head.len + records.len);
	buf_put(frame, head.data, head.len);
	buf_put(frame, records.data, records.len);
	buf_fini(&head);
	f->is = true;
	f->bytes = (uint32_t)records.len;
	return PARTITION_BATCH;
}

enum partition_built partition_build(struct partition *p, const struct partition_source *src,
				     struct buf *frame, struct sent_batch *f)
{
	assert(p->state == PARTITION_LIVE && p->known && !p->sent.is && *src->budget);
	*f = (struct sent_batch){0};
	buf_clear(src->body);
	enum partition_built built =
		p->scanned >= p->recent.after ? gather_recent(p, src, f) : gather_walk(p, src, f);
	if (built != PARTITION_BATCH)
		return built;
	return put_batch(p, src, buf_span(src->body), f, frame);
}

enum partition_built partition_build_empty(struct partition *p, const struct partition_source *src,
					   struct buf *frame, struct sent_batch *f)
{
	uint64_t upto = partition_position(p, src->head);
	if (upto <= p->mark)
		return PARTITION_NOTHING;
	*f = (struct sent_batch){.upto = upto};
	return put_batch(p, src, (struct span){NULL, 0}, f, frame);
}
