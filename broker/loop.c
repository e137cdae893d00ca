#include "loop.h"

#include "api/dispatch.h"
#include "api/lifecycle.h"
#include "fanout/catch_up.h"
#include "turn/presence.h"
#include "turn/recover.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/random.h"
#include "base/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORKER_FRAME_BYTES (16u << 20)
#define WORKER_SEND_HWM 256 /* frames; sync keeps a few in flight for each partition */
#define IDLE_US 200000
#define TICK_MS_MAX 250
#define DROP_PAGES_US 100000
#define DRAIN_MS_MAX 2000
#define BACKLOG_PART 8 /* of queue_bytes is for frames held back */
/* Of a turn is had by a tenant before it waits behind the others. */
#define TENANT_PARTITION 16
/* Of a turn is for those who need not wait, while others do. */
#define RECEIVE_PARTITION 2

/* ---- making the pieces ------------------------------------------------------------ */

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
		.frame_bytes_max = WORKER_FRAME_BYTES,
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
	how.frame_bytes = WORKER_FRAME_BYTES;
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
				    .total_bytes_max =
					    s->queue_bytes - s->queue_bytes / BACKLOG_PART};
	b->backlog.session_bytes = s->session_queue_bytes + s->frame_bytes;
	b->backlog.total_bytes = s->queue_bytes / BACKLOG_PART + 2 * s->frame_bytes;
	price_init(&b->price, (const uint64_t[PRICE_KINDS]){[PRICE_REQUESTS] = s->turn_requests,
							    [PRICE_BYTES_IN] = s->turn_bytes,
							    [PRICE_RECORDS] = s->turn_requests,
							    [PRICE_RECORD_BYTES] = s->turn_bytes,
							    [PRICE_BYTES_OUT] = s->turn_bytes,
							    [PRICE_STEPS] = s->turn_steps,
							    [PRICE_ROWS] = s->turn_rows,
							    [PRICE_US] = s->turn_ms * 1000});
	b->backlog.drr.quantum = PRICE_TURN / TENANT_PARTITION;
	core_charge(b->core, &b->meter);
	b->fanout.sessions = session_table_new(&sessions);
	b->fanout.subscribers = subscribers_new(s->subscriber_entries);
	b->fanout.intervals = intervals_new(s->session_intervals, s->subscriber_entries);
	b->outbox = outbox_new(front_socket(b->front), &out);
	if (!b->outbox) {
		snprintf(why, why_size, "no descriptor to wait for what is sent: %s",
			 strerror(errno));
		return PARLOR_E_IO;
	}
	b->waiting = waiting_new();
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
					   .turn_records = s->turn_requests};
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
	b->fanout.store = b->store;
	b->fanout.outbox = b->outbox;
	b->fanout.turn_bytes_max = b->settings.turn_bytes;
	b->commit.outbox = b->outbox;
	b->commit.sync = b->sync;
	b->commit.retention.sync = b->sync;
}

/* The most that one turn may count as time passed. What it took beyond that it was
 * held up: by a disk, a stopped process, a machine asleep. What others said
 * meanwhile has not been read, so that no time-out may run in it. */
static uint64_t step_us_max(const struct settings *s)
{
	uint64_t ms = 2 * TICK_MS_MAX;
	if (ms > s->timeout_ms / 4)
		ms = s->timeout_ms / 4;
	if (ms > s->worker_lease_ms / 4)
		ms = s->worker_lease_ms / 4;
	return ms * 1000;
}

static void look_at_clocks(struct broker *b)
{
	uint64_t passed_us = clock_mono_us() - b->mono_us;
	uint64_t step_us = step_us_max(&b->settings);
	b->mono_us += passed_us;
	b->now_us += passed_us < step_us ? passed_us : step_us;
	b->wall_us = clock_wall_us();
	b->commit.now_us = b->now_us;
	b->commit.wall_us = b->wall_us;
}

enum parlor_err loop_init(struct broker *b, char *why, size_t why_size)
{
	struct core_limits limits;
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
	err = auth_open(&b->auth, b->zmq, b->settings.keys, why, why_size);
	if (!err)
		err = open_store(b, why, why_size);
	if (err)
		return err;
	auth_set_handshakes(b->auth, b->settings.key_handshakes);
	settings_core_limits(&b->settings, &limits);
	b->commit.turn.partitions = b->commit.flight.partitions = store_partitions(b->store);
	b->core = core_new(&limits, store_rows(b->store),
			   (struct core_sink){.ctx = &b->commit.turn, .record = turn_record});
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

void loop_fini(struct broker *b)
{
	lifecycle_drop_all(b);
	presence_fini(&b->commit);
	sync_free(b->sync);
	front_close(b->front);
	front_close(b->worker_front);
	auth_close(b->auth);
	if (b->zmq)
		zmq_ctx_term(b->zmq);
	if (b->fanout.sessions)
		session_table_free(b->fanout.sessions);
	commit_fini(&b->commit);
	outbox_free(b->outbox);
	subscribers_free(b->fanout.subscribers);
	intervals_free(b->fanout.intervals);
	waiting_free(b->waiting);
	core_free(b->core);
	if (b->store)
		store_close(b->store);
	arena_fini(&b->request_arena);
	arena_fini(&b->reply_arena);
	buf_fini(&b->scratch);
}

/* ---- a turn -------------------------------------------------------------------------- */

struct loop {
	struct broker *broker;
	int signal_fd;
	struct front_frame frame;
	uint64_t sync_in_us; /* until sync wants to be called */
	uint64_t idle_since_us;
	uint64_t pages_dropped_us;
	uint64_t round_us;     /* time passed since all clients were heard */
	uint64_t round_frames; /* taken meanwhile */
	bool more;             /* there is work that no descriptor tells of */
	bool listens;          /* to clients, in this turn */
	bool heard_all;        /* they have nothing more to say */
	bool clients;          /* have sent something */
	bool workers;
	bool client_connections; /* came or went */
	bool worker_connections;
};

/* Behind a commit that is under way the turn is as large as it may be. */
static bool is_full(struct broker *b)
{
	dispatch_count(b);
	return b->commit.flying && price_commit_is_full(&b->price);
}

static bool is_spent(struct broker *b)
{
	dispatch_count(b);
	return price_is_spent(&b->price);
}

/* Takes what clients sent, for what a turn may cost. True when more may be there. */
static bool receive(struct loop *l)
{
	struct broker *b = l->broker;
	while (!b->commit.failed && !is_spent(b)) {
		l->heard_all = !front_recv(b->front, &l->frame);
		if (l->heard_all)
			return false;
		die_at("frame_received");
		l->round_frames++;
		price_add(&b->price, PRICE_REQUESTS, 1);
		price_add(&b->price, PRICE_BYTES_IN, front_payload(&l->frame).len + 64);
		dispatch_frame(b, &l->frame);
	}
	return !b->commit.failed;
}

/* What clients ask, as far as it goes: first of those who have something left of their
 * partitions, then what was held back. */
static bool serve_clients(struct loop *l)
{
	struct broker *b = l->broker;
	bool more = false;
	l->heard_all = !l->clients;
	if (b->stopping)
		return false;
	dispatch_begin(b);
	if (l->clients) {
		price_share(&b->price, b->backlog.queues_len ? RECEIVE_PARTITION : 1);
		more = receive(l);
		price_end(&b->price);
		price_share(&b->price, 1);
	}
	more |= dispatch_backlog(b);
	price_end(&b->price);
	return more && !is_full(b);
}

/* Silence counts once everybody has been listened to: nothing was left to read, or
 * as many frames were read as there are sessions, for the socket takes a frame of
 * each of its peers in turn. */
static void count_silence(struct loop *l, uint64_t passed_us)
{
	struct broker *b = l->broker;
	if (!l->listens)
		return;
	l->round_us += passed_us;
	if (!l->heard_all && l->round_frames < session_count(b->fanout.sessions))
		return;
	b->listened_us += l->round_us;
	l->round_us = l->round_frames = 0;
	lifecycle_expire(b);
}

static enum parlor_err work(struct loop *l, uint64_t passed_us)
{
	struct broker *b = l->broker;
	uint64_t commits = b->commit.counts.commits;
	lifecycle_sweep(b);
	auth_serve(b->auth, b->now_us);
	retention_look(&b->commit.retention, b->now_us, b->wall_us);
	l->more = serve_clients(l);
	count_silence(l, passed_us);
	bool owed = presence_pay(&b->commit);
	if (b->commit.failed)
		return PARLOR_E_STORE;
	enum parlor_err err = commit_collect(&b->commit);
	if (!err && !b->commit.flying) {
		/* Between two flights: what is swept comes behind the one and before the other. */
		l->more |= catch_up_run(&b->fanout);
		err = commit_start(&b->commit);
	}
	if (err)
		return err;
	if (l->workers)
		sync_on_readable(b->sync, b->now_us);
	l->more |= connections_serve(front_connections(b->front), l->client_connections,
				     b->listened_us);
	l->more |= connections_serve(front_connections(b->worker_front), l->worker_connections,
				     b->now_us);
	sync_tick(b->sync, b->now_us);
	l->sync_in_us = sync_schedule(b->sync, b->now_us);
	if (b->commit.counts.commits != commits)
		l->idle_since_us = b->now_us;
	l->more |= owed && !b->commit.flying;
	if (!l->more && !b->commit.flying && b->now_us - l->idle_since_us > IDLE_US)
		err = commit_idle(&b->commit, &l->more);
	return err;
}

static enum parlor_err turn(struct loop *l)
{
	struct broker *b = l->broker;
	uint64_t before_us = b->now_us;
	look_at_clocks(b);
	b->counts.turns++;
	enum parlor_err err = store_turn_begin(b->store);
	if (!err)
		err = work(l, b->now_us - before_us);
	store_turn_end(b->store);
	if (err)
		return err;
	/* Answers wait for the flight: the state they tell of has to land first. */
	commit_nothing(&b->commit);
	if (!b->commit.turn.len)
		store_unreserve(b->store);
	if (b->now_us - l->pages_dropped_us > DROP_PAGES_US) {
		store_drop_mapped_pages(b->store);
		l->pages_dropped_us = b->now_us;
	}
	core_evict(b->core);
	log_tick();
	l->more |= session_ending_count(b->fanout.sessions) > 0 ||
		   (b->commit.turn.len && !b->commit.flying && !b->commit.boot_late.is);
	price_begin(&b->price);
	if (b->meter.steps > b->counts.turn_steps_max)
		b->counts.turn_steps_max = b->meter.steps;
	b->meter = (struct meter){0};
	uint64_t took_us = clock_mono_us() - b->mono_us;
	if (took_us > b->counts.turn_us_max)
		b->counts.turn_us_max = took_us;
	return PARLOR_E_OK;
}

/* ---- waiting ---------------------------------------------------------------------------- */

static long wait_ms(const struct loop *l)
{
	struct broker *b = l->broker;
	if (l->more)
		return 0;
	uint64_t us = l->sync_in_us;
	if (core_dirty(b->core) && us > IDLE_US)
		us = IDLE_US;
	uint64_t tick_us = step_us_max(&b->settings) / 2;
	return (long)(((us > tick_us ? tick_us : us) + 999) / 1000);
}

/* Waits for something to do. True when a signal came. */
static bool wait_for_work(struct loop *l)
{
	struct broker *b = l->broker;
	long ms = wait_ms(l);
	bool drains =
		session_catching_up_count(b->fanout.sessions) > 0 || b->backlog.queues_len > 0;
	if (ms && drains && !outbox_arm(b->outbox))
		ms = 0;
	l->listens = !is_full(b);
	zmq_pollitem_t items[] = {
		{.socket = front_socket(b->front), .events = l->listens ? ZMQ_POLLIN : 0},
		{.socket = front_socket(b->worker_front), .events = ZMQ_POLLIN},
		{.fd = l->signal_fd, .events = ZMQ_POLLIN},
		{.fd = outbox_fd(b->outbox), .events = drains ? ZMQ_POLLIN : 0},
		{.fd = store_commit_fd(b->store), .events = ZMQ_POLLIN},
		{.fd = connections_fd(front_connections(b->front)), .events = ZMQ_POLLIN},
		{.fd = connections_fd(front_connections(b->worker_front)), .events = ZMQ_POLLIN},
		{.socket = auth_socket(b->auth), .events = ZMQ_POLLIN},
	};
	int n = auth_socket(b->auth) ? 8 : 7;
	if (zmq_poll(items, n, ms) < 0 && errno != EINTR)
		log_warn("zmq_poll: %s", zmq_strerror(errno));
	l->clients = items[0].revents != 0;
	l->workers = items[1].revents != 0;
	l->client_connections = items[5].revents != 0;
	l->worker_connections = items[6].revents != 0;
	if (items[3].revents)
		outbox_collect(b->outbox);
	return items[2].revents != 0;
}

/* ---- stopping ----------------------------------------------------------------------------- */

static void say_goodbye(struct broker *b)
{
	struct session *next;
	for (struct session *s = session_first(b->fanout.sessions); s; s = next) {
		next = s->heard_next;
		lifecycle_end(b, s, PARLOR_E_STOPPING);
	}
}

/* ZeroMQ sends what it holds, for a bounded time: a peer that does not read
 * must not keep us. */
static void wait_until_sent(struct broker *b)
{
	struct outbox_counts counts;
	uint64_t until_us = clock_mono_us() + DRAIN_MS_MAX * 1000;
	for (;;) {
		bool waits = outbox_arm(b->outbox);
		outbox_counts(b->outbox, &counts);
		uint64_t now_us = clock_mono_us();
		if (!counts.queued_bytes || now_us >= until_us)
			return;
		zmq_pollitem_t item = {.fd = outbox_fd(b->outbox), .events = ZMQ_POLLIN};
		if (waits && zmq_poll(&item, 1, (long)((until_us - now_us) / 1000 + 1)) < 0)
			return;
		outbox_collect(b->outbox);
	}
}

static enum parlor_err drain(struct loop *l)
{
	struct broker *b = l->broker;
	log_info("stopping");
	b->stopping = true;
	enum parlor_err err = store_turn_begin(b->store);
	if (err)
		return err;
	say_goodbye(b);
	bool more;
	do {
		more = presence_pay(&b->commit);
		err = commit_turn(&b->commit);
	} while (!err && more);
	if (!err)
		err = commit_all_rows(&b->commit);
	store_turn_end(b->store);
	if (err)
		return err;
	commit_nothing(&b->commit);
	wait_until_sent(b);
	return PARLOR_E_OK;
}

enum parlor_err loop_run(struct broker *b, int signal_fd)
{
	struct loop l = {.broker = b, .signal_fd = signal_fd, .more = true};
	front_frame_init(&l.frame);
	enum parlor_err err = PARLOR_E_OK;
	l.idle_since_us = b->now_us;
	while (!err) {
		if (wait_for_work(&l)) {
			err = drain(&l);
			break;
		}
		err = turn(&l);
	}
	front_frame_close(&l.frame);
	if (err)
		log_fatal("stopping at once: %s", parlor_err_text(err));
	return err;
}
