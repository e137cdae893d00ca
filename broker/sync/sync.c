#include "sync/sync.h"

#include "base/mem.h"
#include "sync/state.h"
#include "wire.h"
#include "worker_bounds.h"

#include <assert.h>
#include <stdlib.h>

#define ARENA_PER_FRAME 4

const struct sync_settings sync_settings_default = {
	.workers_max = 64,
	.heartbeat_ms = 1000,
	.lease_ms = 5000,
	.batch_records = 4000,
	.batch_bytes = 2 << 20,
	.batch_ms = 60000,
	.idle_ms = 2000,
	.retry_ms = 5000,
	.recent = 65536,
	.walk = 16384,
	.receive = 256,
	.receive_bytes = 4 << 20,
	.frame_bytes = 4 << 20,
	.waiters = 65536,
	.answers = 2048,
	.archive = 256,
	.archive_ms = 10000,
	.releases = 16,
	.quarantined = WORKER_QUARANTINED_MAX,
	.readers = 16,
};

struct sync *sync_new(const struct sync_settings *settings, struct store *store, struct core *core,
		      void *socket, struct sync_hooks hooks)
{
	struct sync *s = mem_new(sizeof *s);
	s->settings = *settings;
	s->hooks = hooks;
	s->store = store;
	s->core = core;
	s->socket = socket;
	front_frame_init(&s->frame);
	s->head = store_last(store);
	s->partitions_len = store_partitions(store);
	s->partitions = mem_new(s->partitions_len * sizeof *s->partitions);
	s->stored = mem_new(s->partitions_len * sizeof *s->stored);
	for (uint32_t i = 0; i < s->partitions_len; i++)
		partition_init(&s->partitions[i], (uint8_t)i, settings, s->head);
	arena_init(&s->arena, (size_t)settings->frame_bytes * ARENA_PER_FRAME);
	worker_pool_init(&s->worker_pool, settings->workers_max);
	feed_init(&s->feed, settings->readers);
	return s;
}

void sync_free(struct sync *s)
{
	if (!s)
		return;
	pending_clear(&s->pending);
	for (uint32_t i = 0; i < s->partitions_len; i++)
		partition_fini(&s->partitions[i]);
	free(s->partitions);
	free(s->stored);
	worker_pool_fini(&s->worker_pool);
	feed_fini(&s->feed);
	buf_fini(&s->body);
	buf_fini(&s->sync_record);
	arena_fini(&s->arena);
	front_frame_close(&s->frame);
	free(s);
}

static void drop(struct sync *s, struct pending *p)
{
	if (p->kind == PENDING_ARCHIVE) {
		struct worker *w = ((struct archive_query *)p)->worker;
		if (w)
			w->queries--;
		else
			s->queries_lost--;
	}
	pending_remove(&s->pending, p);
}

void sync_answer(struct sync *s, struct pending *p, int code, const char *text,
		 const Parlor__ArchivePage *page)
{
	struct sync_answer answer = {.to = p, .code = code, .text = SPAN_TEXT(text), .page = page};
	s->counts.archive_failed += p->kind == PENDING_ARCHIVE && code;
	if (p->asker.list)
		s->hooks.answer(s->hooks.ctx, &answer);
	drop(s, p);
}

bool sync_send(struct sync *s, struct worker *w, struct buf *frame)
{
	if (peer_send(s->socket, &w->peer, frame, NULL))
		return true;
	w->lost = true;
	return false;
}

bool sync_tell(struct sync *s, struct worker *w, Parlor__ToWorker__OpCase op,
	       const ProtobufCMessage *message)
{
	struct buf frame = {0};
	wire_put_field(&frame, op, message);
	return sync_send(s, w, &frame);
}

void sync_committed(struct sync *s, uint64_t position, uint8_t partition)
{
	assert(position > s->head);
	s->head = position;
	if (partition != PARTITION_NONE) {
		assert(partition < s->partitions_len);
		recent_records_push(&s->partitions[partition].recent, position);
	}
}

/* ---- where MySQL stands ------------------------------------------------------ */

uint64_t sync_synced(const struct sync *s)
{
	uint64_t lowest = s->head;
	for (uint32_t i = 0; i < s->partitions_len; i++) {
		uint64_t at = partition_unread_position(&s->partitions[i], s->head);
		if (at < lowest)
			lowest = at;
	}
	return lowest;
}

uint64_t sync_trimmable(const struct sync *s)
{
	uint64_t lowest = s->head;
	for (uint32_t i = 0; i < s->partitions_len; i++) {
		const struct partition *p = &s->partitions[i];
		if (!p->known)
			return 0;
		if (p->mark < lowest)
			lowest = p->mark;
		for (size_t k = 0; k < p->quarantined_len; k++)
			if (p->quarantined[k].position <= lowest)
				lowest = p->quarantined[k].position ? p->quarantined[k].position - 1
								    : 0;
	}
	return lowest;
}

/* ---- waiting ------------------------------------------------------------------- */

static size_t waiting(const struct sync *s)
{
	return s->pending.len[PENDING_STORED] + s->pending.len[PENDING_ALL];
}

static bool too_many_wait(struct sync *s)
{
	if (waiting(s) < s->settings.waiters)
		return false;
	s->counts.waiting_refused++;
	return true;
}

enum parlor_err sync_wait_topic(struct sync *s, struct topic topic, uint64_t position,
				const struct pending_asker *asker, bool *done)
{
	uint8_t partition = partition_of(topic, s->partitions_len);
	*done = false;
	if (partition_quarantine_of(&s->partitions[partition], topic))
		return PARLOR_E_DB_DATA;
	*done = partition_position(&s->partitions[partition], s->head) >= position;
	if (*done)
		return PARLOR_E_OK;
	if (too_many_wait(s))
		return PARLOR_E_BUSY;
	pending_add_in_order(&s->pending, PENDING_STORED, &s->stored[partition], position, asker)
		->topic = topic;
	return PARLOR_E_OK;
}

enum parlor_err sync_wait_all(struct sync *s, uint64_t position, const struct pending_asker *asker,
			      bool *done)
{
	*done = sync_synced(s) >= position;
	if (*done)
		return PARLOR_E_OK;
	if (too_many_wait(s))
		return PARLOR_E_BUSY;
	(void)pending_add_in_order(&s->pending, PENDING_ALL, &s->all, position, asker);
	return PARLOR_E_OK;
}

void sync_cancel(struct sync *s, struct pending *p)
{
	if (p->kind == PENDING_RELEASE || p->kind == PENDING_ARCHIVE)
		pending_orphan(p);
	else
		drop(s, p);
}

/* ---- old history ------------------------------------------------------------------ */

enum parlor_err sync_archive(struct sync *s, const struct sync_query *asked,
			     const struct pending_asker *asker, uint64_t now_us)
{
	struct worker *w = worker_pool_fewest_queries(&s->worker_pool);
	if (!w || s->pending.len[PENDING_ARCHIVE] >= s->settings.archive) {
		s->counts.archive_refused++;
		return w ? PARLOR_E_BUSY : PARLOR_E_NO_WORKER;
	}
	struct archive_query *q = pending_add(&s->pending, PENDING_ARCHIVE, sizeof *q, &s->queries,
					      now_us + s->settings.archive_ms * MS_US, asker);
	archive_set(q, asked);
	/* Names and lengths take their place beside the bodies. */
	if (q->asked.bytes > s->settings.frame_bytes / 2)
		q->asked.bytes = s->settings.frame_bytes / 2;
	q->worker = w;
	q->tries = 1;
	w->queries++;
	s->counts.archive_sent++;
	struct buf frame = {0};
	archive_put(q, &frame);
	/* A worker that turns out to be lost hands it on at the next tick. */
	sync_send(s, w, &frame);
	return PARLOR_E_OK;
}

/* ---- topics in quarantine ------------------------------------------------------------- */

enum parlor_err sync_release(struct sync *s, const struct topic_name *name,
			     const struct pending_asker *asker, uint64_t now_us)
{
	for (uint32_t i = 0; i < s->partitions_len; i++) {
		struct partition *p = &s->partitions[i];
		const struct quarantine *q = partition_quarantine_find(p, name);
		if (!q)
			continue;
		if (!p->worker)
			return PARLOR_E_NO_WORKER;
		if (release_find(s->releases, name))
			return PARLOR_E_BUSY;
		if (s->pending.len[PENDING_RELEASE] >= s->settings.releases) {
			s->counts.releases_refused++;
			return PARLOR_E_BUSY;
		}
		release_set(pending_add(&s->pending, PENDING_RELEASE, sizeof(struct release),
					&s->releases, 0, asker),
			    p, q, now_us + s->settings.batch_ms * MS_US);
		return PARLOR_E_OK;
	}
	return PARLOR_E_NOT_QUARANTINED;
}

void sync_quarantined(const struct sync *s, struct span tenant, sync_quarantine_fn *fn, void *ctx)
{
	for (uint32_t i = 0; i < s->partitions_len; i++)
		for (size_t k = 0; k < s->partitions[i].quarantined_len; k++) {
			const struct quarantine *q = &s->partitions[i].quarantined[k];
			struct topic_name name = quarantine_name(q);
			if (!tenant.len || span_equal(name.tenant, tenant))
				fn(ctx, &name);
		}
}

/* ---- for people --------------------------------------------------------------------------- */

uint32_t sync_partitions(const struct sync *s)
{
	return s->partitions_len;
}

void sync_partition_show(const struct sync *s, uint32_t partition, struct sync_partition_view *view)
{
	assert(partition < s->partitions_len);
	const struct partition *p = &s->partitions[partition];
	*view = (struct sync_partition_view){.position = partition_position(p, s->head),
					     .unread_position =
						     partition_unread_position(p, s->head),
					     .worker = p->worker ? p->worker->name : "",
					     .error = p->error};
}

uint32_t sync_workers(const struct sync *s)
{
	return (uint32_t)s->worker_pool.len;
}

void sync_counts(const struct sync *s, struct sync_counts *counts)
{
	*counts = s->counts;
	counts->workers = s->worker_pool.len;
	counts->waiting = waiting(s);
	counts->archive_waiting = s->pending.len[PENDING_ARCHIVE];
	counts->pending =
		counts->waiting + counts->archive_waiting + s->pending.len[PENDING_RELEASE];
	counts->reads = s->feed.asked;
	counts->read_pages = s->feed.pages;
	counts->reads_refused = s->feed.refused;
	for (uint32_t i = 0; i < s->partitions_len; i++)
		counts->quarantined += s->partitions[i].quarantined_len;
}
