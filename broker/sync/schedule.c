/* What goes out: batches, releases, answers to those who waited, and what has
 * taken too long. */
#include "base/die.h"
#include "base/log.h"
#include "sync/state.h"

#define WAIT_MAX_US UINT64_C(1000000)
/* When the read transaction does not show the record yet: the next one will. */
#define UNSEEN_US 1000
#define LATE "the worker did not answer in time"

static void soon(uint64_t *wait, uint64_t now_us, uint64_t at_us)
{
	uint64_t left = at_us > now_us ? at_us - now_us : 0;
	if (left < *wait)
		*wait = left;
}

/* ---- time limits ------------------------------------------------------------- */

static bool is_overdue(const struct pending *query, uint64_t now_us)
{
	return query && query->at <= now_us;
}

/* All that wait for a worker which hangs are overdue at about the same time. */
static void tick_archive(struct sync *s, uint64_t now_us)
{
	for (uint32_t n = 0; n < s->settings.answers && is_overdue(s->queries, now_us); n++)
		sync_answer(s, s->queries, PARLOR_E_WORKER, LATE, NULL);
}

static void tick_releases(struct sync *s, uint64_t now_us)
{
	struct release *r;
	while ((r = release_overdue(s->releases, now_us))) {
		struct partition *p = &s->partitions[r->partition];
		bool begun = r->begun;
		sync_answer(s, &r->base, PARLOR_E_WORKER, LATE, NULL);
		if (begun && p->worker)
			assign_partition(s, p, p->worker, now_us);
	}
}

static void tick_partition(struct sync *s, struct partition *p, uint64_t now_us)
{
	switch (p->state) {
	case PARTITION_FREE:
		break;
	case PARTITION_ASKED:
		if (p->retry_us <= now_us)
			assign_partition(s, p, p->worker, now_us);
		else if (!p->error[0] && now_us - p->asked_us > s->settings.lease_ms * MS_US)
			partition_set_error(p, "the worker has not said where the database stands");
		break;
	case PARTITION_STUCK:
		if (p->retry_us <= now_us)
			assign_partition(s, p, p->worker, now_us);
		break;
	case PARTITION_LIVE:
		if (p->sent.is && !p->sent.explained &&
		    now_us - p->sent.sent_us > s->settings.batch_ms * MS_US) {
			log_warn("sync: partition %u: worker %s does not answer a batch", p->no,
				 p->worker->name);
			p->worker->stalled = true;
			assign_elsewhere(s, p, now_us);
		}
		break;
	}
}

void sync_tick(struct sync *s, uint64_t now_us)
{
	uint64_t lease_us = s->settings.lease_ms * MS_US;
	worker_pool_expire(&s->worker_pool, now_us > lease_us ? now_us - lease_us : 0);
	tick_archive(s, now_us);
	assign_queries(s);
	tick_releases(s, now_us);
	for (uint32_t i = 0; i < s->partitions_len; i++)
		tick_partition(s, &s->partitions[i], now_us);
	assign_settle(s, now_us);
}

/* ---- batches ------------------------------------------------------------------- */

static void send_batch(struct sync *s, struct partition *p, struct buf *frame,
		       const struct sent_batch *f, uint64_t now_us)
{
	if (!sync_send(s, p->worker, frame))
		return;
	die_at("batch_sent");
	p->sent = *f;
	p->sent.sent_us = now_us;
	p->batch_us = now_us;
	s->counts.batches++;
	s->counts.batch_records += f->records;
	s->counts.batch_bytes += f->bytes;
}

static void schedule_batch(struct sync *s, struct partition *p, const struct partition_source *src,
			   uint64_t now_us, uint64_t *wait)
{
	struct buf frame = {0};
	struct sent_batch f;
	uint64_t idle_us = p->batch_us + s->settings.idle_ms * MS_US;
	enum partition_built built = partition_build(p, src, &frame, &f);
	if (built == PARTITION_NOTHING && partition_position(p, s->head) > p->mark &&
	    idle_us > now_us)
		soon(wait, now_us, idle_us);
	else if (built == PARTITION_NOTHING)
		built = partition_build_empty(p, src, &frame, &f);
	switch (built) {
	case PARTITION_BATCH:
		send_batch(s, p, &frame, &f, now_us);
		break;
	case PARTITION_NOTHING:
		break;
	case PARTITION_UNSEEN:
		soon(wait, now_us, now_us + UNSEEN_US);
		break;
	case PARTITION_MORE:
		*wait = 0;
		break;
	case PARTITION_FAILED:
		log_error("sync: partition %u: %s", p->no, p->error);
		p->retry_us = now_us + s->settings.retry_ms * MS_US;
		break;
	}
	buf_fini(&frame);
}

/* ---- releases ------------------------------------------------------------------- */

/* Records up to the mark; no batch goes before the worker has done with it, so
 * that nothing about the topic is skipped in between. */
static void schedule_release(struct sync *s, struct partition *p, struct release *r,
			     const struct partition_source *src, uint64_t now_us, uint64_t *wait)
{
	if (!r->begun) {
		/* Asked for before the worker told how far an earlier one came. */
		struct topic_name name = release_name(r);
		const struct quarantine *q = partition_quarantine_find(p, &name);
		if (q && q->position > r->after + 1)
			r->after = r->scanned = q->position - 1;
		r->begun = true;
		r->upto = p->mark;
		r->until_us = now_us + s->settings.batch_ms * MS_US;
	}
	if (r->unanswered)
		return;
	struct buf frame = {0};
	bool made;
	enum parlor_err err = release_build(r, p, src, &frame, &made);
	if (err)
		sync_answer(s, &r->base, (int)err, "its records cannot be read", NULL);
	else if (made)
		sync_send(s, p->worker, &frame);
	else
		*wait = 0;
	buf_fini(&frame);
}

static void schedule_partition(struct sync *s, struct partition *p,
			       const struct partition_source *src, uint64_t now_us, uint64_t *wait)
{
	if (p->state == PARTITION_FREE)
		return;
	if (p->retry_us != UINT64_MAX && p->retry_us > now_us) {
		soon(wait, now_us, p->retry_us);
		return;
	}
	if (p->state != PARTITION_LIVE || p->sent.is || p->worker->lost)
		return;
	p->retry_us = UINT64_MAX;
	struct release *r = release_of_partition(s->releases, p->no);
	if (r)
		schedule_release(s, p, r, src, now_us, wait);
	else
		schedule_batch(s, p, src, now_us, wait);
}

/* ---- who waited -------------------------------------------------------------------- */

/* p: NULL for those that wait for all. */
static void wake(struct sync *s, const struct pending_heap *waiting, const struct partition *p,
		 uint64_t position, uint32_t *budget)
{
	struct pending *w;
	for (; *budget && (w = pending_first(waiting)) && w->at <= position; --*budget) {
		const struct quarantine *q = p ? partition_quarantine_of(p, w->topic) : NULL;
		sync_answer(s, w, q ? PARLOR_E_DB_DATA : PARLOR_E_OK, q ? q->error : "", NULL);
	}
}

/* Of what may be answered in one call half is for those that wait for all; the partitions take
 * turns at being the first. True when more may have to be answered. */
static bool wake_all(struct sync *s)
{
	uint64_t synced = sync_synced(s);
	uint32_t budget = s->settings.answers / 2;
	wake(s, &s->all, NULL, synced, &budget);
	budget += s->settings.answers - s->settings.answers / 2;
	for (uint32_t i = 0; i < s->partitions_len; i++) {
		uint32_t no = (s->wake_first + i) % s->partitions_len;
		const struct partition *p = &s->partitions[no];
		wake(s, &s->stored[no], p, partition_position(p, s->head), &budget);
	}
	s->wake_first = (s->wake_first + 1) % s->partitions_len;
	return !budget || (s->all.len && s->all.list[0].at <= synced);
}

uint64_t sync_schedule(struct sync *s, uint64_t now_us)
{
	uint64_t wait = WAIT_MAX_US;
	uint32_t budget = s->settings.walk;
	struct partition_source src = {.store = s->store,
				       .core = s->core,
				       .head = s->head,
				       .budget = &budget,
				       .walked = &s->counts.walked,
				       .body = &s->body,
				       .sync_record = &s->sync_record};
	uint32_t done = 0;
	for (; budget && done < s->partitions_len; done++)
		schedule_partition(s,
				   &s->partitions[(s->schedule_first + done) % s->partitions_len],
				   &src, now_us, &wait);
	bool all = done == s->partitions_len;
	s->schedule_first = (s->schedule_first + (all ? 1 : done)) % s->partitions_len;
	if (!all) {
		s->counts.batches_put_off++;
		wait = 0;
	}
	assign_settle(s, now_us);
	if (wake_all(s) || is_overdue(s->queries, now_us) || s->queries_lost) {
		s->counts.answers_put_off++;
		wait = 0;
	}
	uint64_t feed = feed_send(&s->feed, s->socket, s->store, s->core, s->head, now_us);
	return feed < wait ? feed : wait;
}
