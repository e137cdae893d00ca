#include "drive.h"

#include "fail.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
#define RING (UINT64_C(1) << 16) /* posts in flight on a link at most */
#define PATIENCE_NS (30 * NS_PER_S)
#define TICK_NS 100000 /* open loop: posts due in that time leave together */
#define TURN_POSTS_MAX 500
#define WAIT_MS 100
#define EVENTS 64
#define TIMER UINT32_MAX

struct start {
	uint64_t n; /* 0: none */
	uint64_t ns;
};

struct link {
	bool posts, listens;
	uint64_t in_flight, posted;
	struct start *ring; /* by n; of those that post */
	uint64_t events, id_sum;
};

enum phase { PHASE_WARMUP, PHASE_MEASURE, PHASE_DRAIN };

struct drive {
	struct drive_hooks hooks;
	struct tally *tally;
	int epoll;
	struct link *links;
	size_t len, senders;
	size_t turn; /* open loop: the sender whose turn it is */
	char *body;
	uint32_t body_bytes;
	uint64_t now_ns, progress_ns;
	uint64_t last_id, acked, id_sum;
	/* of the run */
	const struct load_plan *plan;
	struct load_result *result;
	enum phase phase;
	uint64_t began_ns, measured_ns, run_posted;
};

struct drive *drive_new(const struct drive_hooks *hooks, struct tally *tally, uint32_t body_bytes)
{
	struct drive *d = mem_new(sizeof *d);
	check(body_bytes >= DRIVE_HEAD, "a body of a peer's post has %d bytes at least",
	      DRIVE_HEAD);
	d->hooks = *hooks;
	d->tally = tally;
	d->body = mem_new(body_bytes);
	memset(d->body, 'x', body_bytes);
	d->body_bytes = body_bytes;
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	check(d->epoll >= 0, "epoll: %s", strerror(errno));
	return d;
}

void drive_free(struct drive *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->len; i++)
		free(d->links[i].ring);
	close(d->epoll);
	free(d->links);
	free(d->body);
	free(d);
}

static void watch(struct drive *d, int fd, uint32_t mark)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = mark};
	check(epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll: %s", strerror(errno));
}

size_t drive_add(struct drive *d, int fd, bool posts, bool listens)
{
	struct link link = {.posts = posts, .listens = listens};
	if (posts)
		link.ring = mem_new(RING * sizeof *link.ring);
	d->links = mem_resize(d->links, d->len + 1, sizeof *d->links);
	d->links[d->len] = link;
	d->senders += posts;
	watch(d, fd, (uint32_t)d->len);
	return d->len++;
}

/* ---- what comes ----------------------------------------------------------------------- */

void drive_acked(struct drive *d, size_t index, uint64_t n)
{
	struct link *link = &d->links[index];
	struct start *s = &link->ring[n & (RING - 1)];
	check(s->n == n, "an acknowledgement of no post, or a second one: %" PRIu64, n);
	s->n = 0;
	link->in_flight--;
	d->acked++;
	d->progress_ns = d->now_ns;
	if (d->phase != PHASE_MEASURE)
		return;
	d->result->acked++;
	histogram_add(&d->result->acks, d->now_ns > s->ns ? d->now_ns - s->ns : 0);
}

/* UINT64_MAX when it is no number. */
static uint64_t hex_of(const char *at)
{
	uint64_t value = 0;
	for (size_t i = 0; i < 16; i++) {
		uint64_t digit = at[i] >= '0' && at[i] <= '9'   ? (uint64_t)(at[i] - '0')
				 : at[i] >= 'a' && at[i] <= 'f' ? (uint64_t)(at[i] - 'a') + 10
								: 16;
		if (digit == 16)
			return UINT64_MAX;
		value = value << 4 | digit;
	}
	return value;
}

void drive_delivered(struct drive *d, size_t index, struct span body)
{
	struct link *link = &d->links[index];
	check(body.len == d->body_bytes, "a body of %zu bytes was delivered", body.len);
	uint64_t id = hex_of(body.data), sent_ns = hex_of((const char *)body.data + 16);
	check(id <= d->last_id, "something else than was posted came");
	link->events++;
	link->id_sum += id;
	d->progress_ns = d->now_ns;
	if (d->phase != PHASE_MEASURE)
		return;
	d->result->delivered++;
	histogram_add(&d->result->deliveries, d->now_ns > sent_ns ? d->now_ns - sent_ns : 0);
}

/* ---- what goes ------------------------------------------------------------------------- */

static void put_hex(char *at, uint64_t value)
{
	for (size_t i = 16; i-- > 0; value >>= 4)
		at[i] = "0123456789abcdef"[value & 15];
}

static void post(struct drive *d, size_t index, uint64_t due_ns)
{
	struct link *link = &d->links[index];
	struct drive_post p = {.n = ++link->posted, .body = {d->body, d->body_bytes}};
	struct start *s = &link->ring[p.n & (RING - 1)];
	check(s->n == 0, "more than %" PRIu64 " posts of a connection are unanswered", RING);
	*s = (struct start){.n = p.n, .ns = due_ns};
	put_hex(d->body, ++d->last_id);
	put_hex(d->body + 16, due_ns);
	tally_draw(d->tally, &p.room, &p.member);
	d->id_sum += d->last_id;
	d->run_posted++;
	link->in_flight++;
	d->hooks.post(d->hooks.ctx, index, &p);
}

static void flush(struct drive *d, size_t index)
{
	if (d->hooks.flush)
		d->hooks.flush(d->hooks.ctx, index);
}

/* So many in flight, spread evenly; fewer than senders: the first ones have one. */
static void post_closed(struct drive *d)
{
	uint64_t sender = 0;
	if (d->phase == PHASE_DRAIN)
		return;
	for (size_t i = 0; i < d->len; i++) {
		if (!d->links[i].posts)
			continue;
		uint64_t share = d->plan->in_flight / d->senders +
				 (sender++ < d->plan->in_flight % d->senders);
		if (d->links[i].in_flight >= share)
			continue;
		for (size_t n = 0; d->links[i].in_flight < share && n < TURN_POSTS_MAX; n++)
			post(d, i, d->now_ns);
		flush(d, i);
	}
}

/* The next sender that may have one more; len when all are full. */
static size_t next_sender(struct drive *d)
{
	uint64_t most = d->plan->in_flight ? d->plan->in_flight / d->senders : RING;
	for (size_t tries = 0; tries < d->len; tries++) {
		d->turn = (d->turn + 1) % d->len;
		if (d->links[d->turn].posts && d->links[d->turn].in_flight < most)
			return d->turn;
	}
	return d->len;
}

/* What became due leaves through each sender in its turn. Where connections
 * carry one at a time, it waits until one is free: its time runs on. */
static void post_due(struct drive *d)
{
	double every_ns = (double)NS_PER_S / (double)d->plan->rate;
	uint64_t due = (uint64_t)((double)(d->now_ns - d->began_ns) / every_ns);
	while (d->phase != PHASE_DRAIN && d->run_posted < due) {
		size_t i = next_sender(d);
		if (i == d->len)
			return;
		post(d, i, d->began_ns + (uint64_t)((double)(d->run_posted + 1) * every_ns));
		flush(d, i);
	}
}

/* ---- a run ------------------------------------------------------------------------------- */

static void enter(struct drive *d, enum phase phase)
{
	if (phase == PHASE_MEASURE)
		d->measured_ns = d->now_ns;
	else
		d->result->seconds = (double)(d->now_ns - d->measured_ns) / (double)NS_PER_S;
	d->phase = phase;
	if (d->plan->mark)
		d->plan->mark(d->plan->ctx, phase == PHASE_MEASURE);
}

static void look_at_phase(struct drive *d)
{
	const struct load_plan *p = d->plan;
	if (d->phase == PHASE_WARMUP && d->now_ns - d->began_ns >= p->warmup_ns)
		enter(d, PHASE_MEASURE);
	else if (d->phase == PHASE_MEASURE && d->now_ns - d->measured_ns >= p->measure_ns)
		enter(d, PHASE_DRAIN);
}

static bool all_came(const struct drive *d)
{
	if (d->acked < d->last_id)
		return false;
	for (size_t i = 0; i < d->len; i++)
		if (d->links[i].listens && d->links[i].events < d->last_id)
			return false;
	return true;
}

static void wait_and_read(struct drive *d, int timer)
{
	struct epoll_event events[EVENTS];
	uint64_t expired;
	int n = epoll_wait(d->epoll, events, EVENTS, WAIT_MS);
	fail_if_interrupted();
	check(n >= 0 || errno == EINTR, "epoll: %s", strerror(errno));
	d->now_ns = load_now_ns();
	for (int i = 0; i < n; i++) {
		if (events[i].data.u32 != TIMER)
			d->hooks.read(d->hooks.ctx, events[i].data.u32);
		else if (read(timer, &expired, sizeof expired) < 0)
			check(errno == EAGAIN, "the timer failed");
	}
	check(d->now_ns - d->progress_ns < PATIENCE_NS,
	      "nothing came for %d s: %" PRIu64 " posts, %" PRIu64 " acknowledged",
	      (int)(PATIENCE_NS / NS_PER_S), d->last_id, d->acked);
}

static int open_timer(struct drive *d)
{
	struct itimerspec every = {.it_interval.tv_nsec = TICK_NS, .it_value.tv_nsec = TICK_NS};
	if (!d->plan->rate)
		return -1;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	check(fd >= 0 && timerfd_settime(fd, 0, &every, NULL) == 0, "no timer");
	watch(d, fd, TIMER);
	return fd;
}

static void check_links(const struct drive *d)
{
	for (size_t i = 0; i < d->len; i++) {
		const struct link *link = &d->links[i];
		check(!link->listens || link->events == d->last_id,
		      "subscriber %zu got %" PRIu64 " messages of %" PRIu64, i, link->events,
		      d->last_id);
		check(!link->listens || link->id_sum == d->id_sum,
		      "subscriber %zu got other messages than were posted", i);
	}
}

void drive_run(struct drive *d, const struct load_plan *plan, struct load_result *result)
{
	*result = (struct load_result){0};
	d->plan = plan;
	d->result = result;
	d->phase = PHASE_WARMUP;
	d->run_posted = 0;
	d->now_ns = d->began_ns = d->measured_ns = d->progress_ns = load_now_ns();
	int timer = open_timer(d);
	while (d->phase != PHASE_DRAIN || !all_came(d)) {
		if (plan->rate)
			post_due(d);
		else
			post_closed(d);
		wait_and_read(d, timer);
		look_at_phase(d);
	}
	if (timer >= 0)
		close(timer);
	result->posted = d->run_posted;
	check_links(d);
}
