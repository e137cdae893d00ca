#include "core/run.h"

#include "base/log.h"
#include "sync/state.h"

#include <string.h>

/* Rising over runs of the broker, and above whatever the database was told by
 * a journal of the same identity. */
static uint64_t next_epoch(struct sync *s)
{
	uint64_t run = core_run(s->core) << 32;
	if (s->epoch < run)
		s->epoch = run;
	return ++s->epoch;
}

static void take_away(struct partition *p)
{
	if (p->worker)
		p->worker->partitions--;
	p->worker = NULL;
	p->state = PARTITION_FREE;
	p->sent.is = false;
	p->retry_us = UINT64_MAX;
	p->error[0] = '\0';
}

static void revoke(struct sync *s, struct partition *p)
{
	struct worker *w = p->worker;
	Parlor__Revoke revoke = PARLOR__REVOKE__INIT;
	revoke.partition = p->no;
	revoke.epoch = p->epoch;
	sync_tell(s, w, PARLOR__TO_WORKER__OP_REVOKE, &revoke.base);
}

static void end_release_of(struct sync *s, struct partition *p, const char *why)
{
	struct release *r = release_of_partition(s->releases, p->no);
	if (r && r->begun)
		sync_answer(s, &r->base, PARLOR_E_WORKER, why, NULL);
}

void assign_partition(struct sync *s, struct partition *p, struct worker *w, uint64_t now_us)
{
	end_release_of(s, p, "the partition went to another worker");
	if (p->worker && p->worker != w && !p->worker->lost)
		revoke(s, p);
	char error[PARTITION_ERROR_MAX];
	memcpy(error, p->error, sizeof error);
	take_away(p);
	/* The same worker asked again: what was wrong is so until it says otherwise. */
	memcpy(p->error, error, sizeof error);
	p->worker = w;
	w->partitions++;
	p->epoch = next_epoch(s);
	p->state = PARTITION_ASKED;
	p->asked_us = now_us;

	Parlor__Assign assign = PARLOR__ASSIGN__INIT;
	assign.partition = p->no;
	assign.epoch = p->epoch;
	sync_tell(s, w, PARLOR__TO_WORKER__OP_ASSIGN, &assign.base);
}

void assign_elsewhere(struct sync *s, struct partition *p, uint64_t now_us)
{
	struct worker *w = worker_pool_fewest_partitions(&s->worker_pool, p->worker);
	assign_partition(s, p, w ? w : p->worker, now_us);
}

void assign_stuck(struct partition *p, uint64_t retry_us)
{
	p->state = PARTITION_STUCK;
	p->sent.is = false;
	p->retry_us = retry_us;
}

/* To one other worker, once, as long as somebody wants to know. */
static void hand_on(struct sync *s, struct archive_query *q)
{
	struct worker *w = NULL;
	if (q->tries < 2 && q->base.asker.list)
		w = worker_pool_fewest_queries(&s->worker_pool);
	if (!w) {
		sync_answer(s, &q->base, PARLOR_E_WORKER, "the worker was lost", NULL);
		return;
	}
	struct buf frame = {0};
	q->tries++;
	q->worker = w;
	w->queries++;
	s->queries_lost--;
	archive_put(q, &frame);
	sync_send(s, w, &frame);
}

void assign_queries(struct sync *s)
{
	uint32_t budget = s->settings.answers;
	struct pending *p, *next;
	DL_FOREACH_SAFE (s->queries, p, next) {
		struct archive_query *q = (struct archive_query *)p;
		if (!s->queries_lost || !budget)
			break;
		if (q->worker)
			continue;
		hand_on(s, q);
		budget--;
	}
}

static void take_queries(struct sync *s, const struct worker *lost)
{
	struct pending *p;
	DL_FOREACH (s->queries, p) {
		struct archive_query *q = (struct archive_query *)p;
		if (q->worker != lost)
			continue;
		q->worker = NULL;
		s->queries_lost++;
	}
}

static void take_out(struct sync *s, struct worker *w)
{
	log_warn("sync: worker %s is gone", w->name);
	for (uint32_t i = 0; i < s->partitions_len; i++) {
		struct partition *p = &s->partitions[i];
		if (p->worker != w)
			continue;
		end_release_of(s, p, "the worker was lost");
		take_away(p);
	}
	take_queries(s, w);
	worker_pool_remove(&s->worker_pool, w);
	s->counts.workers_lost++;
}

static struct partition *some_partition_of(struct sync *s, const struct worker *w)
{
	for (uint32_t i = 0; i < s->partitions_len; i++)
		if (s->partitions[i].worker == w)
			return &s->partitions[i];
	return NULL;
}

static void balance(struct sync *s, uint64_t now_us)
{
	if (!s->worker_pool.len)
		return;
	for (uint32_t i = 0; i < s->partitions_len; i++) {
		if (s->partitions[i].worker)
			continue;
		struct worker *w = worker_pool_fewest_partitions(&s->worker_pool, NULL);
		if (w)
			assign_partition(s, &s->partitions[i], w, now_us);
	}
	for (;;) {
		struct worker *most = worker_pool_most_partitions(&s->worker_pool);
		struct worker *fewest = worker_pool_fewest_partitions(&s->worker_pool, NULL);
		if (!most || most->partitions <= fewest->partitions + 1)
			return;
		assign_partition(s, some_partition_of(s, most), fewest, now_us);
	}
}

void assign_settle(struct sync *s, uint64_t now_us)
{
	/* Sending may find more of them lost; each round takes out at least one. */
	do {
		struct worker *w;
		while ((w = worker_pool_lost(&s->worker_pool)))
			take_out(s, w);
		balance(s, now_us);
	} while (worker_pool_lost(&s->worker_pool));
}
