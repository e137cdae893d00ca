#include "loop.h"

#include "api/dispatch.h"
#include "api/lifecycle.h"
#include "api/place.h"
#include "fanout/catch_up.h"
#include "turn/presence.h"
#include "turn/tick.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"

#include <errno.h>

#define IDLE_US 200000
#define TICK_MS_MAX 250
#define DROP_PAGES_US 100000
#define DRAIN_MS_MAX 2000
#define QUIET_MS 20 /* without a frame: all that was asked has been read */
/* While requests are held back, one part of so many of a turn is for what is received; the
 * rest of it is theirs. */
#define RECEIVE_SHARE 2

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
	bool drops_pages;      /* not all of the map has been gone through */
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
	return b->commit.flying && price_commit_is_full(&b->price, 1);
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
		price_add(&b->price, PRICE_BYTES_IN, front_payload(&l->frame).len + 64);
		dispatch_frame(b, &l->frame);
	}
	return !b->commit.failed;
}

/* What clients ask, as far as it goes: first of those who have something left of their
 * parts, then what was held back. */
static bool serve_clients(struct loop *l)
{
	struct broker *b = l->broker;
	uint64_t parts = b->backlog.queues_len ? RECEIVE_SHARE : 1;
	l->heard_all = !l->clients;
	if (b->stopping)
		return false;
	dispatch_begin(b);
	price_share(&b->price, parts);
	bool more = l->clients && receive(l);
	price_share(&b->price, 1);
	bool held_back = dispatch_backlog(b);
	/* What is received has ended the turn where its share did not suffice, and no more
	 * than that was wanted. */
	price_share(&b->price, more && !held_back ? parts : 1);
	price_end(&b->price);
	price_share(&b->price, 1);
	return (more || held_back) && !is_full(b);
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
	l->more |= lifecycle_expire(b);
}

static enum parlor_err work(struct loop *l, uint64_t passed_us)
{
	struct broker *b = l->broker;
	uint64_t commits = b->commit.counts.commits;
	lifecycle_sweep(b);
	auth_serve(b->auth, b->now_us);
	retention_look(&b->commit.retention, b->now_us, b->wall_us);
	bool due = !b->stopping && !is_full(b) && tick_run(&b->commit);
	l->more = serve_clients(l) || due;
	count_silence(l, passed_us);
	place_tell(b);
	bool owed = presence_pay(&b->commit);
	if (b->commit.failed)
		return PARLOR_E_STORE;
	enum parlor_err err = commit_collect(&b->commit);
	l->more |= b->commit.landed;
	if (!err && !b->commit.flying) {
		/* Between two flights: what is swept comes behind the one and before the other. */
		l->more |= catch_up_run(&b->fanout, l->more);
		err = commit_start(&b->commit, l->more);
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
		err = commit_idle(&b->commit);
	return err;
}

static enum parlor_err turn(struct loop *l)
{
	struct broker *b = l->broker;
	uint64_t before_us = b->now_us;
	look_at_clocks(b);
	b->counts.turns++;
	enum parlor_err err = store_read_begin(b->store);
	if (!err)
		err = work(l, b->now_us - before_us);
	store_read_end(b->store);
	if (err)
		return err;
	/* Answers wait for the flight: the state they tell of has to land first. */
	commit_nothing(&b->commit);
	if (!b->commit.turn.len)
		store_unreserve(b->store);
	if (l->drops_pages || b->now_us - l->pages_dropped_us > DROP_PAGES_US) {
		l->drops_pages = store_drop_mapped_pages(b->store);
		l->pages_dropped_us = b->now_us;
	}
	core_evict(b->core);
	log_tick();
	l->more |= session_ending_count(b->fanout.sessions) > 0 || fanout_forgets(&b->fanout) ||
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
	if (tick_wait_us(&b->commit) < us && !is_full(b))
		us = tick_wait_us(&b->commit);
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
	if (ms && drains && !outbox_arm(b->outbox)) {
		/* Taken now: until a commit has landed nobody else does. */
		outbox_collect(b->outbox);
		ms = 0;
	}
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

/* More of what was asked is on its way through ZeroMQ's thread. */
static bool more_comes(struct broker *b)
{
	zmq_pollitem_t item = {.socket = front_socket(b->front), .events = ZMQ_POLLIN};
	return zmq_poll(&item, 1, QUIET_MS) > 0;
}

/* What was asked by now, held back or not read yet, for a bounded time. Who does not
 * read what it is answered is not waited for. */
static enum parlor_err serve_rest(struct loop *l)
{
	struct broker *b = l->broker;
	uint64_t until_us = clock_mono_us() + DRAIN_MS_MAX * 1000;
	bool more = true;
	l->clients = true;
	enum parlor_err err = commit_turn(&b->commit);
	while (!err && more && clock_mono_us() < until_us) {
		look_at_clocks(b);
		price_begin(&b->price);
		b->meter = (struct meter){0};
		more = serve_clients(l) || more_comes(b);
		err = b->commit.failed ? PARLOR_E_STORE : commit_turn(&b->commit);
		if (!err)
			commit_nothing(&b->commit);
	}
	return err;
}

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
	enum parlor_err err = store_read_begin(b->store);
	if (err)
		return err;
	err = serve_rest(l);
	b->stopping = true;
	if (!err)
		say_goodbye(b);
	for (bool more = true; !err && more;) {
		more = presence_pay(&b->commit);
		err = commit_turn(&b->commit);
	}
	if (!err)
		err = commit_all_rows(&b->commit);
	store_read_end(b->store);
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
