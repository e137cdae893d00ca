#include "attack.h"

#include "dealer.h"
#include "fail.h"
#include "load.h"

#include "base/mem.h"

#include <parlor/error.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zmq.h>

#define TENANT "attacker"
#define FRAME_REQUESTS 1000
#define FRAMES_AHEAD 2
#define POLL_MS 20
#define ID_MAX 40

#define PAGE_BODY 60000 /* of the messages of a's room: a page of it is a MiB */
#define PAGE_MESSAGES 18
#define CROWDS 4 /* rooms of d */
#define CROWD_STEP 1000
#define OLDEST 1000    /* messages that c repeats */
#define NEW_MEMBERS 10 /* of each room that e makes */
#define SOCKETS_MAX 16384
#define NICE_MOST 19

enum { ROOM = 1, MEMBER = 2, SEQ = 3 };
enum { POST_CLIENT_ID = 3, POST_BODY = 6 };
enum { CREATE_MEMBERS = 4, ADD_MEMBERS = 2, SPEC_MEMBER = 1, SPEC_TYPE = 2, TYPE_MEMBER = 2 };
enum { LIST_AFTER = 2 };

struct attacker {
	struct dealer dealer;
	struct buf frame;
	uint64_t waits; /* requests not yet answered */
	bool greets;    /* has said hello and is not yet welcome */
};

struct attack {
	char letter;
	struct attack_shape shape;
	char endpoint[256];
	void *zmq;
	struct attacker *attackers; /* those that ask come first */
	size_t attackers_len;
	zmq_pollitem_t *polls;
	uint64_t made; /* ids, by e and f */
	uint64_t seed;
	atomic_bool stop;
	pthread_barrier_t ready; /* all are welcome */
	pthread_t thread;
	struct attack_counts counts;
};

/* ---- what is asked ---------------------------------------------------------------------- */

static void put_history(struct attack *a, size_t i, struct buf *body, enum frame_op *op)
{
	(void)a, (void)i;
	put_text(body, ROOM, "pages");
	*op = OP_HISTORY;
}

/* Up and down the whole room. */
static void put_reading(struct attack *a, size_t i, struct buf *body, enum frame_op *op)
{
	uint64_t seq = 1 + load_random(&a->seed) % (a->shape.messages / 2 + 1);
	put_text(body, ROOM, "big");
	put_text(body, MEMBER, "m0");
	put_number(body, SEQ, i % 2 ? a->shape.messages : seq);
	*op = i % 2 ? OP_READ : OP_UNREAD_MARK;
}

static void put_post(struct buf *body, const char *room, const char *member, const char *id)
{
	put_text(body, ROOM, room);
	put_text(body, MEMBER, member);
	put_text(body, POST_CLIENT_ID, id);
	put_text(body, POST_BODY, id);
}

static void put_big_post(uint64_t n, struct buf *body)
{
	char id[ID_MAX];
	snprintf(id, sizeof id, "c-%08llu", (unsigned long long)n);
	put_post(body, "big", n % 2 ? "m1" : "m0", id);
}

static void put_repeat(struct attack *a, size_t i, struct buf *body, enum frame_op *op)
{
	uint64_t oldest = a->shape.messages < OLDEST ? a->shape.messages : OLDEST;
	put_big_post(i % oldest, body);
	*op = OP_POST;
}

static void crowd_member(char id[ID_MAX], uint64_t n)
{
	snprintf(id, ID_MAX, "crowd-member-%06llu", (unsigned long long)n);
}

static void put_list(struct attack *a, size_t i, struct buf *body, enum frame_op *op)
{
	char id[ID_MAX];
	snprintf(id, sizeof id, "crowd-%zu", i % CROWDS);
	put_text(body, ROOM, id);
	crowd_member(id, load_random(&a->seed) % a->shape.members);
	put_text(body, LIST_AFTER, id);
	*op = OP_MEMBERS_LIST;
}

static void put_member(struct buf *body, uint32_t field, const char *id)
{
	struct buf spec = {0};
	put_text(&spec, SPEC_MEMBER, id);
	put_number(&spec, SPEC_TYPE, TYPE_MEMBER);
	put_message(body, field, &spec);
	buf_fini(&spec);
}

static void put_new_room(struct attack *a, size_t i, struct buf *body, enum frame_op *op)
{
	char id[ID_MAX];
	(void)i;
	for (int m = 0; m < NEW_MEMBERS; m++) {
		snprintf(id, sizeof id, "new-%012llu", (unsigned long long)a->made++);
		put_member(body, CREATE_MEMBERS, id);
	}
	*op = OP_ROOM_CREATE;
}

static void put_heard_post(struct attack *a, size_t i, struct buf *body, enum frame_op *op)
{
	char id[ID_MAX];
	(void)i;
	snprintf(id, sizeof id, "f-%012llu", (unsigned long long)a->made++);
	put_post(body, "heard", "m0", id);
	*op = OP_POST;
}

static const struct attack_row {
	const char *name;
	void (*put)(struct attack *, size_t i, struct buf *body, enum frame_op *);
	bool deaf;    /* never reads */
	bool fresh;   /* each frame is another one */
	bool listens; /* with all its sessions, many of which only do that */
} attacks[] = {
	['a' - 'a'] = {"a: asks for pages of 1 MiB and does not read", put_history, .deaf = true},
	['b' - 'a'] = {"b: marks unread and reads, back and forth", put_reading},
	['c' - 'a'] = {"c: repeats the oldest client ids", put_repeat},
	['d' - 'a'] = {"d: lists the members of large rooms", put_list},
	['e' - 'a'] = {"e: makes rooms and members until refused", put_new_room, .fresh = true},
	['f' - 'a'] = {"f: posts to a room that many sessions hear", put_heard_post, .fresh = true,
		       .listens = true},
};

static const struct attack_row *row_of(char letter)
{
	return letter && strchr(ATTACKS, letter) ? &attacks[letter - 'a'] : NULL;
}

const char *attack_name(char letter)
{
	const struct attack_row *row = row_of(letter);
	return row ? row->name : NULL;
}

/* ---- its rooms ---------------------------------------------------------------------------- */

static enum frame_op make_room(void *ctx, size_t i, struct buf *body)
{
	const char *const *names = ctx;
	put_text(body, ROOM, names[i]);
	put_member(body, CREATE_MEMBERS, "m0");
	put_member(body, CREATE_MEMBERS, "m1");
	return OP_ROOM_CREATE;
}

static void make_rooms(struct dealer *d, const char *const *names, size_t n)
{
	dealer_bulk(d, &(struct bulk){.n = n, .ctx = (void *)(uintptr_t)names, .put = make_room});
}

static enum frame_op make_page(void *ctx, size_t i, struct buf *body)
{
	char id[ID_MAX];
	(void)i;
	put_text(body, ROOM, "pages");
	put_text(body, MEMBER, "m0");
	snprintf(id, sizeof id, "p-%zu", i);
	put_text(body, POST_CLIENT_ID, id);
	put_text(body, POST_BODY, ctx);
	return OP_POST;
}

static enum frame_op make_message(void *ctx, size_t i, struct buf *body)
{
	(void)ctx;
	put_big_post(i, body);
	return OP_POST;
}

static enum frame_op make_crowd(void *ctx, size_t i, struct buf *body)
{
	const struct attack_shape *shape = ctx;
	char id[ID_MAX];
	snprintf(id, sizeof id, "crowd-%zu", i % CROWDS);
	put_text(body, ROOM, id);
	uint64_t from = i / CROWDS * CROWD_STEP;
	/* Two are there already. */
	for (uint64_t m = from; m < from + CROWD_STEP && m + 2 < shape->members; m++) {
		crowd_member(id, m);
		put_member(body, ADD_MEMBERS, id);
	}
	return OP_MEMBERS_ADD;
}

static void prepare_pages(struct dealer *d)
{
	static const char *const room = "pages";
	char *body = mem_new(PAGE_BODY + 1);
	memset(body, 'x', PAGE_BODY);
	make_rooms(d, &room, 1);
	dealer_bulk(d, &(struct bulk){.n = PAGE_MESSAGES,
				      .frame_requests = 10,
				      .ctx = body,
				      .put = make_page});
	free(body);
}

static void prepare_crowds(struct dealer *d, const struct attack_shape *shape)
{
	static const char *const rooms[CROWDS] = {"crowd-0", "crowd-1", "crowd-2", "crowd-3"};
	struct attack_shape own = *shape;
	make_rooms(d, rooms, CROWDS);
	dealer_bulk(d, &(struct bulk){.n = (shape->members + CROWD_STEP - 1) / CROWD_STEP * CROWDS,
				      .frame_requests = 4,
				      .ctx = &own,
				      .put = make_crowd});
}

void attack_prepare(const char *letters, const struct attack_shape *shape, const char *endpoint)
{
	static const char *const big = "big", *const heard = "heard";
	struct dealer d;
	void *zmq = zmq_ctx_new();
	dealer_open(&d, zmq, endpoint, &(struct hello){.tenant = TENANT});
	if (strchr(letters, 'a'))
		prepare_pages(&d);
	if (strpbrk(letters, "bc")) {
		make_rooms(&d, &big, 1);
		dealer_bulk(&d, &(struct bulk){.n = shape->messages,
					       .frame_requests = 500,
					       .frames_ahead = 16,
					       .put = make_message});
	}
	if (strchr(letters, 'd'))
		prepare_crowds(&d, shape);
	if (strchr(letters, 'f'))
		make_rooms(&d, &heard, 1);
	dealer_close(&d);
	zmq_ctx_term(zmq);
}

/* ---- its sessions ------------------------------------------------------------------------- */

/* One that does not read takes little off the wire, and ZeroMQ may not keep much of
 * what it sends either. */
static void connect_deaf(struct dealer *d, void *zmq, const char *endpoint)
{
	int zero = 0, one = 1, few = 4, bytes = 64 * 1024;
	*d = (struct dealer){.socket = zmq_socket(zmq, ZMQ_DEALER)};
	check(d->socket, "zmq_socket: %s", zmq_strerror(errno));
	zmq_setsockopt(d->socket, ZMQ_LINGER, &zero, sizeof zero);
	zmq_setsockopt(d->socket, ZMQ_RCVHWM, &one, sizeof one);
	zmq_setsockopt(d->socket, ZMQ_RCVBUF, &bytes, sizeof bytes);
	zmq_setsockopt(d->socket, ZMQ_SNDHWM, &few, sizeof few);
	check(zmq_connect(d->socket, endpoint) == 0, "%s: %s", endpoint, zmq_strerror(errno));
}

static void make_frame(struct attack *a, struct attacker *by)
{
	struct buf body = {0};
	buf_clear(&by->frame);
	for (size_t i = 0; i < FRAME_REQUESTS; i++) {
		enum frame_op op;
		buf_clear(&body);
		row_of(a->letter)->put(a, i, &body, &op);
		frame_put(&by->frame, i + 1, op, buf_span(&body));
	}
	buf_fini(&body);
}

static bool send_bytes(struct attacker *by, const struct buf *frame)
{
	int sent = zmq_send(by->dealer.socket, frame->data, frame->len, ZMQ_DONTWAIT);
	check(sent >= 0 || errno == EAGAIN, "zmq_send: %s", zmq_strerror(errno));
	return sent >= 0;
}

static void put_hello(const struct attack *a, struct buf *body)
{
	static const char *const member = "m0";
	hello_put(body, &(struct hello){.tenant = TENANT,
					.members = &member,
					.members_len = row_of(a->letter)->listens});
}

static void greet(const struct attack *a, struct attacker *by)
{
	struct buf body = {0}, frame = {0};
	put_hello(a, &body);
	frame_put(&frame, 1, OP_HELLO, buf_span(&body));
	by->greets = send_bytes(by, &frame);
	by->waits = 0;
	buf_fini(&body);
	buf_fini(&frame);
}

static void top_up(struct attack *a, struct attacker *by)
{
	bool deaf = row_of(a->letter)->deaf;
	while (!by->greets && (deaf || by->waits < FRAMES_AHEAD * FRAME_REQUESTS)) {
		if (row_of(a->letter)->fresh)
			make_frame(a, by);
		if (!send_bytes(by, &by->frame))
			return;
		by->waits += FRAME_REQUESTS;
		a->counts.requests += FRAME_REQUESTS;
	}
}

/* Who is no session any more says hello again. */
static void take(struct attack *a, struct attacker *by, const struct frame_item *item)
{
	bool ended = item->event ? item->kind == EVENT_END : item->code == PARLOR_E_NO_SESSION;
	if (ended && !by->greets) {
		a->counts.ended++;
		greet(a, by);
	}
	if (item->event || ended)
		return;
	if (item->result == RESULT_WELCOME) {
		by->greets = false;
		return;
	}
	by->waits -= by->waits > 0;
	a->counts.answered++;
	a->counts.busy += item->code == PARLOR_E_BUSY;
	a->counts.full += item->code == PARLOR_E_TENANT_FULL;
}

static void receive(struct attack *a, struct attacker *by)
{
	zmq_msg_t msg;
	struct reader in;
	struct frame_item item;
	zmq_msg_init(&msg);
	while (!atomic_load(&a->stop) && zmq_msg_recv(&msg, by->dealer.socket, ZMQ_DONTWAIT) >= 0) {
		reader_init(&in, zmq_msg_data(&msg), zmq_msg_size(&msg));
		while (frame_next(&in, &item))
			take(a, by, &item);
	}
	zmq_msg_close(&msg);
}

static void rage(struct attack *a)
{
	bool deaf = row_of(a->letter)->deaf;
	size_t n = a->attackers_len;
	while (!atomic_load(&a->stop)) {
		for (size_t i = 0; i < a->shape.sessions; i++)
			top_up(a, &a->attackers[i]);
		if (zmq_poll(deaf ? NULL : a->polls, deaf ? 0 : (int)n, POLL_MS) <= 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (a->polls[i].revents)
				receive(a, &a->attackers[i]);
	}
}

static void open_attacker(struct attack *a, size_t i)
{
	struct attacker *by = &a->attackers[i];
	struct buf body = {0};
	if (row_of(a->letter)->deaf)
		connect_deaf(&by->dealer, a->zmq, a->endpoint);
	else
		dealer_connect(&by->dealer, a->zmq, a->endpoint);
	put_hello(a, &body);
	(void)dealer_ask(&by->dealer, OP_HELLO, &body);
	buf_fini(&body);
	a->polls[i] = (zmq_pollitem_t){.socket = by->dealer.socket, .events = ZMQ_POLLIN};
	if (!row_of(a->letter)->fresh)
		make_frame(a, by);
}

/* Attackers are on other machines: here they get the processors' time that the broker and
 * its victim leave. ZeroMQ's thread inherits that. */
static void *run(void *arg)
{
	struct attack *a = arg;
	check(setpriority(PRIO_PROCESS, 0, NICE_MOST) == 0, "setpriority: %s", strerror(errno));
	a->zmq = zmq_ctx_new();
	check(a->zmq, "no ZeroMQ context");
	zmq_ctx_set(a->zmq, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
	for (size_t i = 0; i < a->attackers_len; i++)
		open_attacker(a, i);
	pthread_barrier_wait(&a->ready);
	rage(a);
	return NULL;
}

struct attack *attack_begin(char letter, const struct attack_shape *shape, const char *endpoint)
{
	struct attack *a = mem_new(sizeof *a);
	*a = (struct attack){.letter = letter, .shape = *shape, .seed = 1};
	snprintf(a->endpoint, sizeof a->endpoint, "%s", endpoint);
	a->attackers_len = shape->sessions + (row_of(letter)->listens ? shape->listeners : 0);
	a->attackers = mem_new(a->attackers_len * sizeof *a->attackers);
	a->polls = mem_new(a->attackers_len * sizeof *a->polls);
	pthread_barrier_init(&a->ready, NULL, 2);
	check(pthread_create(&a->thread, NULL, run, a) == 0, "no thread");
	pthread_barrier_wait(&a->ready);
	return a;
}

void attack_stop(struct attack *a)
{
	atomic_store(&a->stop, true);
}

struct attack_counts attack_end(struct attack *a)
{
	struct attack_counts counts;
	attack_stop(a);
	pthread_join(a->thread, NULL);
	counts = a->counts;
	for (size_t i = 0; i < a->attackers_len; i++) {
		dealer_close(&a->attackers[i].dealer);
		buf_fini(&a->attackers[i].frame);
	}
	zmq_ctx_term(a->zmq);
	pthread_barrier_destroy(&a->ready);
	free(a->attackers);
	free(a->polls);
	free(a);
	return counts;
}
