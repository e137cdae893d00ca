#include "load.h"

#include "fail.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define NS_PER_S UINT64_C(1000000000)
#define RING (UINT64_C(1) << 20) /* posts in flight at most */
#define PING_NS (2 * NS_PER_S)
#define PATIENCE_NS (30 * NS_PER_S)
#define TICK_NS 100000 /* open loop: posts due in that time leave together */
#define FRAME_POSTS_MAX 500
#define POLL_MS 100

struct start {
	uint64_t id; /* 0: none */
	uint64_t ns;
};

enum phase { PHASE_WARMUP, PHASE_MEASURE, PHASE_DRAIN };

struct load {
	struct load_codec codec;
	struct load_link *links;
	zmq_pollitem_t *polls; /* one a link, the timer behind */
	size_t len;
	size_t senders, listeners;
	size_t turn; /* open loop: the sender whose turn it is */
	struct start *ring;
	struct buf frame;
	uint64_t last_id, pings;
	uint64_t now_ns, pinged_ns, progress_ns;
	uint64_t posted, acked;
	uint64_t position_sum; /* of all acknowledged */
	/* of the run */
	const struct load_plan *plan;
	struct load_result *result;
	enum phase phase;
	uint64_t began_ns, measured_ns, run_posted;
};

uint64_t load_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

struct load *load_new(const struct load_codec *codec)
{
	struct load *l = mem_new(sizeof *l);
	l->codec = *codec;
	l->ring = mem_new(RING * sizeof *l->ring);
	l->polls = mem_new(sizeof *l->polls);
	l->last_id = LOAD_ID_FIRST;
	return l;
}

void load_free(struct load *l)
{
	if (!l)
		return;
	free(l->ring);
	free(l->links);
	free(l->polls);
	buf_fini(&l->frame);
	free(l);
}

void load_add(struct load *l, void *socket, bool posts, bool listens)
{
	l->links = mem_resize(l->links, l->len + 1, sizeof *l->links);
	l->polls = mem_resize(l->polls, l->len + 2, sizeof *l->polls);
	l->links[l->len] = (struct load_link){.socket = socket, .posts = posts, .listens = listens};
	l->polls[l->len] = (zmq_pollitem_t){.socket = socket, .events = ZMQ_POLLIN};
	l->senders += posts;
	l->listeners += listens;
	l->len++;
}

/* ---- what comes ----------------------------------------------------------------------- */

void load_acked(struct load *l, struct load_link *link, uint64_t id, uint64_t position)
{
	struct start *s = &l->ring[id & (RING - 1)];
	check(s->id == id, "an acknowledgement of no post, or a second one: %" PRIu64, id);
	check(link->in_flight > 0, "an acknowledgement to the wrong session");
	s->id = 0;
	link->in_flight--;
	l->acked++;
	l->position_sum += position;
	if (l->phase == PHASE_WARMUP || (l->phase == PHASE_DRAIN && !l->plan->late))
		return;
	l->result->acked += l->phase == PHASE_MEASURE;
	histogram_add(&l->result->acks, l->now_ns > s->ns ? l->now_ns - s->ns : 0);
}

void load_delivered(struct load *l, struct load_link *link, uint64_t position, uint64_t sent_ns)
{
	check(position > link->last_position, "event %" PRIu64 " came after %" PRIu64, position,
	      link->last_position);
	link->last_position = position;
	link->position_sum += position;
	link->events++;
	if (l->phase != PHASE_MEASURE)
		return;
	l->result->delivered++;
	if (sent_ns)
		histogram_add(&l->result->deliveries,
			      l->now_ns > sent_ns ? l->now_ns - sent_ns : 0);
}

static void receive(struct load *l, struct load_link *link)
{
	zmq_msg_t msg;
	zmq_msg_init(&msg);
	while (zmq_msg_recv(&msg, link->socket, ZMQ_DONTWAIT) >= 0) {
		l->codec.read(l->codec.ctx, l, link,
			      (struct span){zmq_msg_data(&msg), zmq_msg_size(&msg)});
		l->progress_ns = l->now_ns;
	}
	zmq_msg_close(&msg);
}

/* ---- what goes ------------------------------------------------------------------------- */

static void put_post(struct load *l, struct load_link *link, uint64_t due_ns)
{
	uint64_t id = l->last_id++;
	struct start *s = &l->ring[id & (RING - 1)];
	check(s->id == 0, "more than %" PRIu64 " posts are unanswered", RING);
	*s = (struct start){.id = id, .ns = due_ns};
	l->codec.put_post(l->codec.ctx, &l->frame, id, due_ns);
	link->in_flight++;
	l->posted++;
	l->run_posted++;
}

static void send_frame(struct load *l, struct load_link *link)
{
	int n = zmq_send(link->socket, l->frame.data, l->frame.len, 0);
	check(n >= 0, "zmq_send: %s", zmq_strerror(errno));
	buf_clear(&l->frame);
}

static bool may_post(const struct load *l)
{
	return l->phase != PHASE_DRAIN && (!l->plan->posts || l->run_posted < l->plan->posts);
}

static void top_up(struct load *l, struct load_link *link, uint64_t in_flight)
{
	size_t n = 0;
	while (link->in_flight < in_flight && n < FRAME_POSTS_MAX && may_post(l)) {
		put_post(l, link, l->now_ns);
		n++;
	}
	if (n)
		send_frame(l, link);
}

/* So many in flight, spread evenly; fewer than senders: the first ones have one. */
static void post_closed(struct load *l)
{
	uint64_t sender = 0;
	for (size_t i = 0; i < l->len; i++) {
		if (!l->links[i].posts)
			continue;
		uint64_t share = l->plan->in_flight / l->senders +
				 (sender < l->plan->in_flight % l->senders);
		top_up(l, &l->links[i], share);
		sender++;
	}
}

static struct load_link *next_sender(struct load *l)
{
	do
		l->turn = (l->turn + 1) % l->len;
	while (!l->links[l->turn].posts);
	return &l->links[l->turn];
}

/* What became due leaves in one frame, through each sender in its turn. */
static void post_due(struct load *l)
{
	double every_ns = (double)NS_PER_S / (double)l->plan->rate;
	uint64_t due = (uint64_t)((double)(l->now_ns - l->began_ns) / every_ns);
	while (l->run_posted < due && may_post(l)) {
		struct load_link *link = next_sender(l);
		for (size_t n = 0; n < FRAME_POSTS_MAX && l->run_posted < due && may_post(l); n++)
			put_post(l, link,
				 l->began_ns + (uint64_t)((double)(l->run_posted + 1) * every_ns));
		send_frame(l, link);
	}
}

static void ping(struct load *l)
{
	if (!l->codec.put_ping || l->now_ns - l->pinged_ns < PING_NS)
		return;
	l->pinged_ns = l->now_ns;
	for (size_t i = 0; i < l->len; i++) {
		l->codec.put_ping(&l->frame, ++l->pings);
		send_frame(l, &l->links[i]);
	}
}

/* ---- a run ------------------------------------------------------------------------------- */

static void enter(struct load *l, enum phase phase)
{
	if (phase == PHASE_MEASURE)
		l->measured_ns = l->now_ns;
	else
		l->result->seconds = (double)(l->now_ns - l->measured_ns) / (double)NS_PER_S;
	l->phase = phase;
	if (l->plan->mark)
		l->plan->mark(l->plan->ctx, phase == PHASE_MEASURE);
}

static bool all_came(const struct load *l)
{
	if (l->acked < l->posted)
		return false;
	for (size_t i = 0; i < l->len; i++)
		if (l->links[i].listens && l->links[i].events < l->posted)
			return false;
	return true;
}

static void look_at_phase(struct load *l)
{
	const struct load_plan *p = l->plan;
	if (l->phase == PHASE_WARMUP && (p->posts || l->now_ns - l->began_ns >= p->warmup_ns))
		enter(l, PHASE_MEASURE);
	bool over = p->posts ? l->run_posted >= p->posts && all_came(l)
			     : l->now_ns - l->measured_ns >= p->measure_ns;
	if (l->phase == PHASE_MEASURE && over)
		enter(l, PHASE_DRAIN);
}

static void open_timer(struct load *l)
{
	l->polls[l->len] = (zmq_pollitem_t){.fd = -1};
	if (!l->plan->rate)
		return;
	uint64_t post_ns = NS_PER_S / l->plan->rate;
	struct timespec tick = {.tv_sec = (time_t)(post_ns / NS_PER_S),
				.tv_nsec = (long)(post_ns % NS_PER_S)};
	if (post_ns < TICK_NS)
		tick.tv_nsec = TICK_NS;
	struct itimerspec every = {.it_interval = tick, .it_value = tick};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	check(fd >= 0 && timerfd_settime(fd, 0, &every, NULL) == 0, "no timer");
	l->polls[l->len] = (zmq_pollitem_t){.fd = fd, .events = ZMQ_POLLIN};
}

static void close_timer(struct load *l)
{
	if (l->plan->rate)
		close(l->polls[l->len].fd);
}

static void wait_for_frames(struct load *l)
{
	uint64_t expired;
	size_t n = l->len + (l->plan->rate != 0);
	int ready = zmq_poll(l->polls, (int)n, POLL_MS);
	fail_if_interrupted();
	check(ready >= 0 || errno == EINTR, "zmq_poll: %s", zmq_strerror(errno));
	l->now_ns = load_now_ns();
	for (size_t i = 0; i < l->len && ready > 0; i++)
		if (l->polls[i].revents)
			receive(l, &l->links[i]);
	if (l->plan->rate && read(l->polls[l->len].fd, &expired, sizeof expired) < 0)
		check(errno == EAGAIN, "the timer failed");
	check(l->now_ns - l->progress_ns < PATIENCE_NS,
	      "nothing came for %d s: %" PRIu64 " posts, %" PRIu64 " acknowledged",
	      (int)(PATIENCE_NS / NS_PER_S), l->posted, l->acked);
}

static void check_links(const struct load *l)
{
	for (size_t i = 0; i < l->len; i++) {
		const struct load_link *link = &l->links[i];
		check(!link->listens || link->events == l->posted,
		      "session %zu got %" PRIu64 " events of %" PRIu64, i, link->events, l->posted);
		check(!link->listens || link->position_sum == l->position_sum,
		      "session %zu got other events than were acknowledged", i);
	}
}

void load_run(struct load *l, const struct load_plan *plan, struct load_result *result)
{
	*result = (struct load_result){0};
	l->plan = plan;
	l->result = result;
	l->phase = PHASE_WARMUP;
	l->run_posted = 0;
	l->now_ns = l->began_ns = l->measured_ns = l->progress_ns = l->pinged_ns = load_now_ns();
	open_timer(l);
	look_at_phase(l);
	while (l->phase != PHASE_DRAIN || !all_came(l)) {
		if (plan->rate)
			post_due(l);
		else
			post_closed(l);
		ping(l);
		wait_for_frames(l);
		if (plan->tick)
			plan->tick(plan->tick_ctx, l->now_ns);
		look_at_phase(l);
	}
	close_timer(l);
	result->posted = l->run_posted;
	check_links(l);
}

void load_figures(const struct load_result *r, struct row *row)
{
	row_set(row, "acks_per_s", (double)r->acked / r->seconds);
	row_set(row, "deliveries_per_s", (double)r->delivered / r->seconds);
	row_times(row, "", &r->acks);
	if (r->deliveries.count)
		row_times(row, "delivery_", &r->deliveries);
	row_set(row, "seconds", r->seconds);
	row_set(row, "posts", (double)r->posted);
}
