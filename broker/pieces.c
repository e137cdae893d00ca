#include "pieces.h"

#include "api/dispatch.h"
#include "api/lifecycle.h"
#include "core/desk/desk.h"
#include "turn/presence.h"
#include "turn/recover.h"
#include "worker_bounds.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define WORKER_SEND_HWM 256 /* frames; sync keeps a few in flight for each partition */
#define BACKLOG_SHARE 8     /* of queue_bytes is for frames held back */
/* A byte of a reply is read, put together, copied to its frame and kept until it is read:
 * it counts as so many that came. */
#define OUT_PER_IN 4
/* Of a turn is had by a tenant before it waits behind the others. */
#define TENANT_SHARE 32

static enum parlor_err open_store(struct broker *b, char *why, size_t why_size)
{
	const struct settings *s = &b->settings;
	uint64_t journal_id = 0;
	enum parlor_err err = random_bytes(&journal_id, sizeof journal_id);
	if (err) {
		snprintf(why, why_size, "no random numbers can be had");
		return err;
	}
	struct store_options options = {.dir = s->data,
					.map_init = s->map_init_bytes,
					.map_max = s->map_max_bytes,
					.headroom = s->headroom_bytes,
					.partitions = (uint32_t)s->partitions};
	/* Half the range: languages without unsigned 64-bit integers read it too. */
	return store_open(&b->store, &options, (journal_id >> 1) | 1, why, why_size);
}

/* Readers of the journal say no hello, and are away while they write down what
 * they read. */
static uint64_t worker_silence_ms(const struct settings *s)
{
	uint64_t leases_ms = 3 * s->worker_lease_ms;
	return leases_ms > s->hello_ms ? leases_ms : s->hello_ms;
}

static enum parlor_err open_fronts(struct broker *b, char *why, size_t why_size)
{
	const struct settings *s = &b->settings;
	struct connection_shares shares = connections_shares(session_descriptors(s->sessions));
	struct front_options clients = {.endpoint = s->listen,
					.role = AUTH_CLIENT,
					.auth = b->auth,
					.frame_bytes_max = s->frame_bytes,
					.connections = {shares.clients, s->hello_ms * 1000}};
	struct front_options workers = {
		.endpoint = s->worker_listen,
		.role = AUTH_WORKER,
		.auth = b->auth,
		.frame_bytes_max = WORKER_FRAME_MAX,
		.send_hwm = WORKER_SEND_HWM,
		.connections = {shares.workers, worker_silence_ms(s) * 1000}};
	enum parlor_err err = front_open(&b->front, b->zmq, &clients, why, why_size);
	if (!err)
		err = front_open(&b->worker_front, b->zmq, &workers, why, why_size);
	return err;
}

static void worker_heard(void *broker, int fd)
{
	struct broker *b = broker;
	connections_heard(front_connections(b->worker_front), fd, b->now_us);
}

static void make_sync(struct broker *b)
{
	const struct settings *s = &b->settings;
	struct sync_settings how = sync_settings_default;
	how.heartbeat_ms = (uint32_t)s->worker_heartbeat_ms;
	how.lease_ms = (uint32_t)s->worker_lease_ms;
	how.batch_records = (uint32_t)s->batch_records;
	how.batch_bytes = (uint32_t)s->batch_bytes;
	how.archive = (uint32_t)s->archive_queries;
	how.archive_ms = (uint32_t)s->archive_timeout_ms;
	how.frame_bytes = WORKER_FRAME_MAX;
	struct sync_hooks hooks = {.ctx = b, .answer = dispatch_answer, .heard = worker_heard};
	b->sync = sync_new(&how, b->store, b->core, front_socket(b->worker_front), hooks);
}

static enum parlor_err make_tables(struct broker *b, char *why, size_t why_size)
{
	const struct settings *s = &b->settings;
	struct session_limits sessions = {.sessions = session_descriptors(s->sessions),
					  .tenant_sessions = s->tenant_sessions,
					  .members = s->session_members};
	struct outbox_limits out = {.frame_bytes_max = s->frame_bytes,
				    .peer_bytes_max = s->session_queue_bytes,
				    .share_bytes_max = s->tenant_queue_bytes,
				    .total_bytes_max =
					    s->queue_bytes - s->queue_bytes / BACKLOG_SHARE};
	b->backlog.session_bytes = s->session_queue_bytes + s->frame_bytes;
	b->backlog.total_bytes = s->queue_bytes / BACKLOG_SHARE + 2 * s->frame_bytes;
	price_init(&b->price,
		   (const uint64_t[PRICE_KINDS]){[PRICE_REQUESTS] = s->turn_requests,
						 [PRICE_BYTES_IN] = s->turn_bytes,
						 [PRICE_RECORDS] = s->turn_requests,
						 [PRICE_RECORD_BYTES] = s->turn_bytes,
						 [PRICE_BYTES_OUT] = s->turn_bytes / OUT_PER_IN,
						 [PRICE_STEPS] = s->turn_steps,
						 [PRICE_ROWS] = s->turn_rows,
						 [PRICE_DELIVERIES] = s->turn_deliveries,
						 [PRICE_COMMITS] = 1,
						 [PRICE_US] = s->turn_ms * 1000,
						 [PRICE_LANDED] = 1});
	b->backlog.drr.quantum = PRICE_TURN / TENANT_SHARE;
	core_charge(b->core, &b->meter);
	b->fanout.sessions = session_table_new(&sessions);
	b->fanout.subscribers = subscribers_new(s->subscriber_entries, s->tenant_entries);
	b->fanout.intervals =
		intervals_new(s->session_intervals, s->tenant_entries, s->subscriber_entries);
	b->outbox = outbox_new(front_socket(b->front), &out);
	if (!b->outbox) {
		snprintf(why, why_size, "no descriptor to wait for what is sent: %s",
			 strerror(errno));
		return PARLOR_E_IO;
	}
	/* A decoded frame takes more than its bytes: pointers, and a struct a request. */
	arena_init(&b->request_arena, 8 * s->frame_bytes);
	request_kinds_init(&b->kinds);
	arena_init(&b->reply_arena, 4 * s->frame_bytes);
	return PARLOR_E_OK;
}

/* What the commit works on, as far as it is there before recovery. */
static void make_commit(struct broker *b)
{
	const struct settings *s = &b->settings;
	struct commit *c = &b->commit;
	c->core = b->core;
	c->store = b->store;
	c->fanout = &b->fanout;
	c->limits = (struct commit_limits){.dirty_rows = s->dirty_rows_max,
					   .write_back_rows = s->write_back_rows,
					   .turn_records = s->turn_requests,
					   .turn_deliveries = s->turn_deliveries};
	c->retention = (struct retention){.store = b->store,
					  .dir = s->data,
					  .limits = {.records = s->hot_records,
						     .bytes = s->hot_bytes,
						     .seconds = s->hot_seconds,
						     .without_mysql = s->without_mysql,
						     .snapshots = s->snapshots},
					  .behind_records_max = s->behind_records_max};
	c->now_us = b->now_us;
	c->wall_us = b->wall_us;
}

/* What fan-out and commit share with the others. */
static void share_pieces(struct broker *b)
{
	b->fanout.core = b->core;
	b->fanout.meter = &b->meter;
	b->fanout.store = b->store;
	b->fanout.outbox = b->outbox;
	b->fanout.turn_bytes_max = b->settings.turn_bytes;
	b->commit.outbox = b->outbox;
	b->commit.sync = b->sync;
	b->commit.retention.sync = b->sync;
}

enum parlor_err pieces_make(struct broker *b, char *why, size_t why_size)
{
	b->mono_us = b->now_us = clock_mono_us();
	b->wall_us = clock_wall_us();
	enum parlor_err err = table_seed_init();
	if (err) {
		snprintf(why, why_size, "no random numbers can be had");
		return err;
	}
	b->zmq = zmq_ctx_new();
	if (!b->zmq) {
		snprintf(why, why_size, "cannot make a ZeroMQ context");
		return PARLOR_E_NO_MEMORY;
	}
	err = auth_open(&b->auth, b->zmq, b->settings.keys, b->settings.key_handshakes, why,
			why_size);
	if (!err)
		err = open_store(b, why, why_size);
	if (err)
		return err;
	b->commit.turn.partitions = b->commit.flight.partitions = store_partitions(b->store);
	b->core = core_new(&b->settings.core, store_rows(b->store),
			   (struct core_sink){.ctx = &b->commit.turn, .record = turn_record});
	core_desk_watch(b->core, (struct core_settling){.ctx = &b->decisions,
							.begins = decisions_begin,
							.ended = decisions_end});
	make_commit(b);
	err = recover(&b->commit, b->settings.data, why, why_size);
	if (!err)
		err = open_fronts(b, why, why_size);
	if (!err)
		err = make_tables(b, why, why_size);
	if (err)
		return err;
	make_sync(b);
	share_pieces(b);
	return PARLOR_E_OK;
}

void pieces_free(struct broker *b)
{
	lifecycle_drop_all(b);
	presence_fini(&b->commit);
	sync_free(b->sync);
	front_close(b->front);
	front_close(b->worker_front);
	auth_close(b->auth);
	if (b->zmq)
		zmq_ctx_term(b->zmq);
	commit_fini(&b->commit);
	outbox_free(b->outbox);
	session_table_free(b->fanout.sessions);
	subscribers_free(b->fanout.subscribers);
	intervals_free(b->fanout.intervals);
	core_free(b->core);
	if (b->store)
		store_close(b->store);
	arena_fini(&b->request_arena);
	arena_fini(&b->reply_arena);
	buf_fini(&b->scratch);
}
