/* What workers say, one handler for each kind of frame. */
#include "base/die.h"
#include "base/log.h"
#include "sync/state.h"
#include "wire.h"
#include "worker_bounds.h"

#define WORKER_VERSION 1
/* A database that claims more is damaged: there must be numbers above it. */
#define EPOCH_MAX (UINT64_C(1) << 62)

struct heard {
	struct sync *sync;
	struct worker *worker; /* NULL: not in the pool */
	const struct peer *peer;
	const Parlor__FromWorker *from;
	uint64_t now_us;
};

/* Whether it reaches the peer does not matter: it is no worker of ours. */
static void refuse(struct sync *s, const struct peer *peer, enum parlor_err err)
{
	Parlor__WorkerRefused refused = PARLOR__WORKER_REFUSED__INIT;
	refused.code = (uint32_t)err;
	refused.text = (char *)(front_named(&s->frame) ? FRONT_NAMED : parlor_err_text((int)err));
	struct buf frame = {0};
	wire_put_field(&frame, PARLOR__TO_WORKER__OP_REFUSED, &refused.base);
	peer_send(s->socket, peer, &frame, NULL);
	s->counts.workers_refused++;
}

_Static_assert(LINEAGE_MAX == WORKER_ANCESTORS_MAX, "a worker knows all of them");

static size_t list_ancestors(const struct lineage *lineage, Parlor__Ancestor *ancestors,
			     Parlor__Ancestor **list)
{
	for (size_t i = 0; i < lineage->len; i++) {
		list[i] = &ancestors[i];
		parlor__ancestor__init(list[i]);
		list[i]->broker_id = lineage->ancestors[i].id;
		list[i]->position = lineage->ancestors[i].last;
	}
	return lineage->len;
}

static void welcome(struct heard *h)
{
	struct sync *s = h->sync;
	Parlor__WorkerWelcome welcome = PARLOR__WORKER_WELCOME__INIT;
	welcome.broker_id = store_journal_id(s->store);
	welcome.partitions = s->partitions_len;
	welcome.heartbeat_ms = s->settings.heartbeat_ms;
	welcome.lease_ms = s->settings.lease_ms;
	Parlor__Ancestor ancestors[LINEAGE_MAX], *list[LINEAGE_MAX];
	welcome.ancestors = list;
	welcome.n_ancestors = list_ancestors(store_lineage(s->store), ancestors, list);
	sync_tell(s, h->worker, PARLOR__TO_WORKER__OP_WELCOME, &welcome.base);
}

static void on_hello(struct heard *h)
{
	struct sync *s = h->sync;
	const Parlor__WorkerHello *hello = h->from->hello;
	if (h->worker) {
		/* It begins anew: what it had is forgotten there. */
		h->worker->lost = true;
		assign_settle(s, h->now_us);
		h->worker = NULL;
	}
	if (hello->version != WORKER_VERSION) {
		refuse(s, h->peer, PARLOR_E_VERSION);
		return;
	}
	h->worker = worker_pool_add(&s->worker_pool, h->peer, hello->name, h->now_us);
	if (!h->worker) {
		refuse(s, h->peer, PARLOR_E_TOO_MANY);
		return;
	}
	log_info("sync: worker %s is here", h->worker->name);
	welcome(h);
}

static void on_ping(struct heard *h)
{
	Parlor__WorkerPong pong = PARLOR__WORKER_PONG__INIT;
	sync_tell(h->sync, h->worker, PARLOR__TO_WORKER__OP_PONG, &pong.base);
}

static void on_goodbye(struct heard *h)
{
	h->worker->lost = true;
}

/* The partition that the worker speaks of, when it is its own under that epoch. */
static struct partition *own_partition(struct heard *h, uint32_t partition, uint64_t epoch)
{
	struct sync *s = h->sync;
	h->worker->stalled = false;
	if (partition < s->partitions_len && s->partitions[partition].worker == h->worker &&
	    s->partitions[partition].epoch == epoch)
		return &s->partitions[partition];
	s->counts.frames_stale++;
	return NULL;
}

static void stuck(struct heard *h, struct partition *p, bool changed)
{
	uint64_t retry_us = h->now_us + h->sync->settings.retry_ms * MS_US;
	if (changed)
		log_error("sync: partition %u: %s", p->no, p->error);
	assign_stuck(p, retry_us);
}

/* Under a new epoch: at once the first time, then at intervals. */
static void claim_again(struct heard *h, struct partition *p, bool changed)
{
	stuck(h, p, changed && p->epoch_raises > 0);
	if (p->epoch_raises++ == 0)
		p->retry_us = h->now_us;
}

/* Another run of this journal, or a copy of it, has the partition. Ours goes above. */
static void raise_epoch(struct heard *h, struct partition *p, uint64_t db_epoch)
{
	struct sync *s = h->sync;
	bool changed =
		partition_set_error(p,
				    "the database knows a higher epoch, %llu: is another broker "
				    "running on a copy of this journal?",
				    (unsigned long long)db_epoch);
	if (s->epoch < db_epoch && db_epoch < EPOCH_MAX)
		s->epoch = db_epoch;
	claim_again(h, p, changed);
}

/* A backup of before the assignment was put back: nobody owns the partition there. */
static void restore_epoch(struct heard *h, struct partition *p, uint64_t db_epoch)
{
	bool changed = partition_set_error(p, "the database went back to epoch %llu",
					   (unsigned long long)db_epoch);
	claim_again(h, p, changed);
}

/* Positions of two histories of one journal are equal, what stands there is not:
 * one went on from a copy. What was trimmed cannot be compared. */
static bool same_history(struct heard *h, struct partition *p, const Parlor__PartitionState *state)
{
	struct store *store = h->sync->store;
	uint64_t digest;
	bool changed;
	if (!state->position || !state->digest || state->position < store_first(store))
		return true;
	enum parlor_err err = partition_digest(store, state->position, &digest);
	if (!err && digest == state->digest)
		return true;
	if (err)
		changed = partition_set_error(p, "record %llu cannot be read: %s",
					      (unsigned long long)state->position,
					      parlor_err_text(err));
	else
		changed = partition_set_error(
			p,
			"the database holds another history: its record %llu is not "
			"this journal's",
			(unsigned long long)state->position);
	p->known = false;
	stuck(h, p, changed);
	return false;
}

static bool mark_usable(struct heard *h, struct partition *p, const Parlor__PartitionState *state)
{
	struct sync *s = h->sync;
	uint64_t position = state->position, first = store_first(s->store);
	bool changed;
	if (position > s->head)
		changed = partition_set_error(
			p, "the database is at %llu, ahead of the journal's %llu",
			(unsigned long long)position, (unsigned long long)s->head);
	else if (position + 1 < first)
		changed = partition_set_error(
			p, "the database is at %llu, the journal begins at %llu",
			(unsigned long long)position, (unsigned long long)first);
	else
		return same_history(h, p, state);
	p->known = false;
	stuck(h, p, changed);
	return false;
}

static void live(struct heard *h, struct partition *p, const Parlor__PartitionState *state)
{
	struct sync *s = h->sync;
	if (p->known && state->position < p->mark) {
		s->counts.marks_back++;
		log_warn("sync: partition %u: the database went back from %llu to %llu", p->no,
			 (unsigned long long)p->mark, (unsigned long long)state->position);
	}
	/* It tells of unread columns or rooms only: the batch is still on its way. */
	bool same = p->state == PARTITION_LIVE && p->sent.is && state->position == p->mark;
	struct sent_batch sent = p->sent;
	partition_set_mark(p, state->position, state->unread_position);
	if (same) {
		p->sent = sent;
		return;
	}
	p->state = PARTITION_LIVE;
	p->epoch_raises = 0;
	p->retry_us = UINT64_MAX;
	p->error[0] = '\0';
}

static void on_partition_state(struct heard *h)
{
	struct sync *s = h->sync;
	const Parlor__PartitionState *state = h->from->partition_state;
	struct partition *p = own_partition(h, state->partition, state->epoch);
	if (!p)
		return;
	s->counts.quarantined_unlisted += partition_set_quarantine(
		p, s->core, state->quarantined, state->n_quarantined, s->settings.quarantined);
	if (state->db_epoch > p->epoch)
		raise_epoch(h, p, state->db_epoch);
	else if (state->db_epoch < p->epoch)
		restore_epoch(h, p, state->db_epoch);
	else if (mark_usable(h, p, state))
		live(h, p, state);
}

static void on_batch_done(struct heard *h)
{
	struct sync *s = h->sync;
	const Parlor__BatchDone *done = h->from->batch_done;
	struct partition *p = own_partition(h, done->partition, done->epoch);
	if (!p)
		return;
	die_at("ack_received");
	if (p->state == PARTITION_LIVE && p->sent.is && done->position == p->sent.upto) {
		partition_grow(p, &s->settings);
		partition_set_mark(p, done->position, done->unread_position);
		p->error[0] = '\0';
		die_at("ack_booked");
	} else if (p->state == PARTITION_LIVE && done->position == p->mark) {
		struct sent_batch sent = p->sent;
		partition_set_mark(p, done->position, done->unread_position);
		p->sent = sent;
	} else {
		s->counts.frames_stale++;
		if (p->state == PARTITION_LIVE)
			assign_partition(s, p, p->worker, h->now_us);
	}
}

static void on_batch_failed(struct heard *h)
{
	struct sync *s = h->sync;
	const Parlor__BatchFailed *failed = h->from->batch_failed;
	struct partition *p = own_partition(h, failed->partition, failed->epoch);
	if (!p)
		return;
	s->counts.batches_failed++;
	struct release *r = release_of_partition(s->releases, p->no);
	if (failed->fail == PARLOR__FAIL_CLASS__FAIL_STUCK) {
		if (partition_set_error(p, "%s", failed->error))
			log_error("sync: partition %u: %s", p->no, p->error);
		p->sent.explained = true;
	} else if (failed->fail == PARLOR__FAIL_CLASS__FAIL_OWNER) {
		p->known = false;
		stuck(h, p, partition_set_error(p, "%s", failed->error));
	} else if (p->state == PARTITION_LIVE && r && r->unanswered) {
		sync_answer(s, &r->base, PARLOR_E_WORKER, failed->error, NULL);
	} else if (p->state != PARTITION_LIVE || !p->sent.is) {
		s->counts.frames_stale++;
	} else if (failed->fail == PARLOR__FAIL_CLASS__FAIL_TOO_LARGE) {
		bool alone = p->sent.records <= 1;
		partition_shrink(p);
		p->sent.is = false;
		if (alone && partition_set_error(p, "one record is too large: %s", failed->error))
			log_error("sync: partition %u: %s", p->no, p->error);
		if (alone)
			p->retry_us = h->now_us + s->settings.retry_ms * MS_US;
	} else {
		/* The partition's state follows; if it does not, it is asked for. */
		p->sent.is = false;
		p->state = PARTITION_ASKED;
		p->asked_us = h->now_us;
		p->retry_us = h->now_us + s->settings.retry_ms * MS_US;
	}
}

static void on_archive_page(struct heard *h)
{
	struct sync *s = h->sync;
	const Parlor__ArchivePage *page = h->from->archive_page;
	struct pending *p = pending_find(&s->pending, PENDING_ARCHIVE, page->query);
	if (!p || ((struct archive_query *)p)->worker != h->worker) {
		s->counts.frames_stale++;
		return;
	}
	sync_answer(s, p, (int)page->code, page->text, page->code ? NULL : page);
}

static void on_release_done(struct heard *h)
{
	struct sync *s = h->sync;
	const Parlor__ReleaseDone *done = h->from->release_done;
	struct partition *p = own_partition(h, done->partition, done->epoch);
	struct topic_name name = {SPAN_TEXT(done->tenant), (enum topic_kind)done->topic_kind,
				  SPAN_TEXT(done->topic)};
	struct release *r = p ? release_find(s->releases, &name) : NULL;
	if (!r || !r->unanswered || r->partition != p->no) {
		s->counts.frames_stale += p != NULL;
		return;
	}
	if (done->error[0]) {
		sync_answer(s, &r->base, PARLOR_E_DB_DATA, done->error, NULL);
		return;
	}
	r->unanswered = false;
	r->until_us = h->now_us + s->settings.batch_ms * MS_US;
	if (!r->last)
		return;
	const struct quarantine *q = partition_quarantine_find(p, &name);
	if (q)
		partition_quarantine_drop(p, q);
	sync_answer(s, &r->base, PARLOR_E_OK, "", NULL);
	/* The mark stands where it stood: by the epoch a dump of before is known. */
	assign_partition(s, p, p->worker, h->now_us);
}

/* A reader of the journal needs no session: each question stands for itself. */
static void on_journal_read(struct heard *h)
{
	struct sync *s = h->sync;
	if (!feed_request(&s->feed, h->peer, h->from->journal_read, h->now_us))
		refuse(s, h->peer, PARLOR_E_TOO_MANY);
}

static void (*const handlers[])(struct heard *) = {
	[PARLOR__FROM_WORKER__OP_HELLO] = on_hello,
	[PARLOR__FROM_WORKER__OP_PING] = on_ping,
	[PARLOR__FROM_WORKER__OP_PARTITION_STATE] = on_partition_state,
	[PARLOR__FROM_WORKER__OP_BATCH_DONE] = on_batch_done,
	[PARLOR__FROM_WORKER__OP_BATCH_FAILED] = on_batch_failed,
	[PARLOR__FROM_WORKER__OP_ARCHIVE_PAGE] = on_archive_page,
	[PARLOR__FROM_WORKER__OP_GOODBYE] = on_goodbye,
	[PARLOR__FROM_WORKER__OP_RELEASE_DONE] = on_release_done,
	[PARLOR__FROM_WORKER__OP_JOURNAL_READ] = on_journal_read,
};

static void bad_frame(struct sync *s, const struct peer *peer, enum parlor_err err)
{
	s->counts.frames_bad++;
	refuse(s, peer, err);
}

static enum parlor_err decode(struct sync *s, ProtobufCMessage **message)
{
	struct span payload = front_payload(&s->frame);
	arena_clear(&s->arena);
	if (s->frame.err || payload.len > s->settings.frame_bytes)
		return PARLOR_E_FRAME;
	return wire_decode(&parlor__from_worker__descriptor, &s->arena, payload.data, payload.len,
			   message);
}

static void hear(struct sync *s, uint64_t now_us)
{
	ProtobufCMessage *message;
	struct peer peer = peer_of(&s->frame);
	enum parlor_err err = decode(s, &message);
	if (err) {
		bad_frame(s, &peer, err);
		return;
	}
	struct heard h = {.sync = s,
			  .worker = worker_pool_find(&s->worker_pool, &peer),
			  .peer = &peer,
			  .from = (const Parlor__FromWorker *)message,
			  .now_us = now_us};
	if (!h.worker && front_named(&s->frame)) {
		bad_frame(s, &peer, PARLOR_E_FRAME);
		return;
	}
	unsigned op = (unsigned)h.from->op_case;
	if (op >= sizeof handlers / sizeof handlers[0] || !handlers[op]) {
		bad_frame(s, &peer, PARLOR_E_OP);
		return;
	}
	if (s->hooks.heard)
		s->hooks.heard(s->hooks.ctx, front_fd(&s->frame));
	if (!store_lineage_durable(s->store)) {
		/* A database or a recording would be of a journal that may never have been. */
		refuse(s, &peer, PARLOR_E_STORE_FULL);
		return;
	}
	if (h.worker && h.worker->lost) {
		assign_settle(s, now_us);
		h.worker = NULL;
	}
	if (h.worker)
		h.worker->heard_us = now_us;
	else if (op == PARLOR__FROM_WORKER__OP_GOODBYE)
		return;
	else if (op != PARLOR__FROM_WORKER__OP_HELLO &&
		 op != PARLOR__FROM_WORKER__OP_JOURNAL_READ) {
		refuse(s, &peer, PARLOR_E_NO_SESSION);
		return;
	}
	handlers[op](&h);
}

void sync_on_readable(struct sync *s, uint64_t now_us)
{
	size_t bytes = 0;
	for (uint32_t i = 0; i < s->settings.receive && bytes < s->settings.receive_bytes; i++) {
		if (!front_frame_recv(s->socket, &s->frame))
			break;
		bytes += front_payload(&s->frame).len;
		hear(s, now_us);
	}
	assign_settle(s, now_us);
}
