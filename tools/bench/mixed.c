/* mixed: recorded conversations with all that is in them: rooms made, people
 * who join, leave and come back, bodies of all sizes, readers who mark read
 * after every tenth message. Many rooms are played side by side, in each one
 * request after the other, over the senders' connections; all people listen
 * through the sessions. */
#include "bench.h"
#include "fail.h"
#include "recorded.h"
#include "stage.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <zmq.h>

#include <parlor/error.h>

#define LANES_DEFAULT 256
#define READ_EVERY 10
#define PATIENCE_NS UINT64_C(60000000000)

enum { POSTED_POSITION = 2, UNREAD_UNREAD = 1, UNREAD_LAST_SEQ = 3 };

struct listener {
	struct dealer dealer;
	uint64_t events, last_position, position_sum;
	uint64_t events_due, sum_due;
};

struct sender {
	struct dealer dealer;
	struct buf frame;
};

struct stream {
	struct recorded *room; /* NULL: nothing left to play */
	uint64_t sent_ns;
	bool post;
};

struct mixed {
	struct rig rig;
	void *zmq;
	struct dealer control;
	struct recorded *rooms;
	size_t rooms_len, rooms_begun, rooms_played;
	struct listener listeners[RECORDED_SESSIONS_MAX];
	uint32_t sessions;
	struct sender *senders;
	size_t senders_len;
	struct stream *streams;
	size_t streams_len;
	zmq_pollitem_t *polls;
	struct buf body;
	uint64_t now_ns;
	uint64_t posts, requests;
	struct histogram posts_ns, others_ns;
};

/* ---- the file ------------------------------------------------------------------------------ */

static void read_file(struct mixed *m, const char *path)
{
	struct corpus *file;
	struct corpus_room *room;
	size_t cap = 0;
	enum parlor_err err = corpus_open(&file, path, CORPUS_ROOM_BYTES_DEFAULT);
	while (!err && !(err = corpus_read(file, &room)) && room) {
		MEM_GROW(m->rooms, m->rooms_len, cap, 256);
		recorded_init(&m->rooms[m->rooms_len++], room, m->sessions, READ_EVERY);
	}
	check(!err, "%s", corpus_error(file));
	check(m->rooms_len > 0, "%s holds no room", path);
	corpus_close(file);
}

struct person {
	const char *id;
	UT_hash_handle hh;
};

/* Everybody of the file, each in the hello of the session that speaks for him. */
static void make_hellos(const struct mixed *m, struct buf hellos[])
{
	struct person *all = NULL, *person;
	for (uint32_t i = 0; i < m->sessions; i++)
		hello_put(&hellos[i], &(struct hello){0});
	for (size_t r = 0; r < m->rooms_len; r++) {
		const struct corpus_room *room = m->rooms[r].room;
		for (size_t i = 0; i < room->people_len; i++) {
			const char *id = room->people[i].id;
			HASH_FIND_STR(all, id, person);
			if (person)
				continue;
			person = mem_new(sizeof *person);
			person->id = id;
			HASH_ADD_KEYPTR(hh, all, person->id, strlen(person->id), person);
			put_text(&hellos[recorded_session_of(id, m->sessions)], 4, id);
		}
	}
	MEM_FREE_TABLE(all);
}

/* ---- streams ------------------------------------------------------------------------------------
 */

static struct sender *sender_of(struct mixed *m, size_t stream)
{
	return &m->senders[stream % m->senders_len];
}

/* The stream's next request into its sender's frame; from the next room when one
 * is played. The request's id is the stream. */
static void advance(struct mixed *m, size_t number)
{
	struct stream *stream = &m->streams[number];
	enum frame_op op = OP_PING;
	buf_clear(&m->body);
	while (stream->room && !recorded_put(stream->room, &m->body, &op)) {
		m->rooms_played++;
		stream->room = NULL;
		if (m->rooms_begun < m->rooms_len)
			stream->room = &m->rooms[m->rooms_begun++];
	}
	if (!stream->room)
		return;
	stream->sent_ns = m->now_ns;
	stream->post = op == OP_POST;
	m->requests++;
	frame_put(&sender_of(m, number)->frame, LOAD_ID_FIRST + number, op, buf_span(&m->body));
}

static void acknowledged(struct mixed *m, const struct frame_item *item)
{
	uint64_t heard;
	check(item->code == 0, "refused: %s: %.*s", parlor_err_name((int)item->code),
	      (int)item->text.len, (const char *)item->text.data);
	if (item->id < LOAD_ID_FIRST)
		return;
	size_t number = item->id - LOAD_ID_FIRST;
	check(number < m->streams_len && m->streams[number].room, "a reply to no request");
	struct stream *stream = &m->streams[number];
	histogram_add(stream->post ? &m->posts_ns : &m->others_ns, m->now_ns - stream->sent_ns);
	if (recorded_done(stream->room, &heard)) {
		uint64_t position = frame_number(item->body, POSTED_POSITION);
		m->posts++;
		for (uint32_t i = 0; i < m->sessions; i++) {
			if (!(heard >> i & 1))
				continue;
			m->listeners[i].events_due++;
			m->listeners[i].sum_due += position;
		}
	}
	advance(m, number);
}

static void delivered(struct listener *l, const struct frame_item *item)
{
	if (!item->event)
		return;
	check(item->kind != EVENT_END, "the broker ended a session");
	check(item->position > l->last_position, "event %" PRIu64 " after %" PRIu64, item->position,
	      l->last_position);
	l->last_position = item->position;
	if (item->kind != EVENT_POSTED)
		return;
	l->position_sum += item->position;
	l->events++;
}

/* ---- the loop -----------------------------------------------------------------------------------
 */

static void receive(struct mixed *m, void *socket, struct listener *listener)
{
	zmq_msg_t msg;
	struct reader in;
	struct frame_item item;
	zmq_msg_init(&msg);
	while (zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT) >= 0) {
		reader_init(&in, zmq_msg_data(&msg), zmq_msg_size(&msg));
		while (frame_next(&in, &item)) {
			if (listener)
				delivered(listener, &item);
			else
				acknowledged(m, &item);
		}
		check(!in.bad, "the broker sent a malformed frame");
	}
	zmq_msg_close(&msg);
}

static void send_frames(struct mixed *m)
{
	for (size_t i = 0; i < m->senders_len; i++) {
		struct buf *frame = &m->senders[i].frame;
		if (!frame->len)
			continue;
		check(zmq_send(m->senders[i].dealer.socket, frame->data, frame->len, 0) >= 0,
		      "zmq_send: %s", zmq_strerror(errno));
		buf_clear(frame);
	}
}

static bool all_heard(const struct mixed *m)
{
	for (uint32_t i = 0; i < m->sessions; i++)
		if (m->listeners[i].events < m->listeners[i].events_due)
			return false;
	return true;
}

static void play(struct mixed *m)
{
	size_t n = m->sessions + m->senders_len;
	uint64_t progress_ns = m->now_ns = load_now_ns();
	for (size_t i = 0; i < m->streams_len && m->rooms_begun < m->rooms_len; i++) {
		m->streams[i].room = &m->rooms[m->rooms_begun++];
		advance(m, i);
	}
	while (m->rooms_played < m->rooms_len || !all_heard(m)) {
		send_frames(m);
		fail_if_interrupted();
		int ready = zmq_poll(m->polls, (int)n, 100);
		m->now_ns = load_now_ns();
		if (ready > 0)
			progress_ns = m->now_ns;
		check(m->now_ns - progress_ns < PATIENCE_NS, "nothing came for a minute");
		for (size_t i = 0; i < n && ready > 0; i++)
			if (m->polls[i].revents)
				receive(m, m->polls[i].socket,
					i < m->sessions ? &m->listeners[i] : NULL);
	}
}

/* ---- what must be true afterwards
 * ------------------------------------------------------------------ */

struct question {
	uint32_t room, person;
};
struct questions {
	const struct mixed *mixed;
	struct question *list;
	size_t len;
};

static enum frame_op put_question(void *ctx, size_t i, struct buf *body)
{
	const struct questions *q = ctx;
	const struct corpus_room *room = q->mixed->rooms[q->list[i].room].room;
	put_text(body, 1, room->id);
	put_text(body, 2, room->people[q->list[i].person].id);
	return OP_UNREAD_GET;
}

static void compare(void *ctx, size_t i, struct span result)
{
	const struct questions *q = ctx;
	const struct recorded *r = &q->mixed->rooms[q->list[i].room];
	uint64_t unread = frame_number(result, UNREAD_UNREAD);
	uint64_t expected = r->unread[q->list[i].person];
	check(unread == expected && frame_number(result, UNREAD_LAST_SEQ) == r->seq,
	      "%s, %s: unread %" PRIu64 ", must be %" PRIu64, r->room->id,
	      r->room->people[q->list[i].person].id, unread, expected);
}

static void check_unread(struct mixed *m)
{
	struct questions q = {.mixed = m};
	size_t cap = 0;
	for (uint32_t r = 0; r < m->rooms_len; r++) {
		for (uint32_t p = 0; p < m->rooms[r].room->people_len; p++) {
			if (m->rooms[r].unread[p] == UNREAD_AWAY)
				continue;
			MEM_GROW(q.list, q.len, cap, 1024);
			q.list[q.len++] = (struct question){r, p};
		}
	}
	dealer_bulk(&m->control,
		    &(struct bulk){.n = q.len, .ctx = &q, .put = put_question, .reply = compare});
	free(q.list);
}

static void check_listeners(const struct mixed *m)
{
	for (uint32_t i = 0; i < m->sessions; i++) {
		const struct listener *l = &m->listeners[i];
		check(l->events == l->events_due && l->position_sum == l->sum_due,
		      "session %u got %" PRIu64 " messages of %" PRIu64 ", or others", i, l->events,
		      l->events_due);
	}
}

/* ---- a run
 * --------------------------------------------------------------------------------------------- */

static void open_run(struct mixed *m, const struct options *o, const char *path)
{
	struct buf hellos[RECORDED_SESSIONS_MAX] = {{0}};
	m->sessions = (uint32_t)option_or(o->sessions, 4);
	m->senders_len = option_or(o->senders, 16);
	m->streams_len = option_or(o->in_flight, LANES_DEFAULT);
	check(m->sessions <= RECORDED_SESSIONS_MAX, "--sessions: at most %d",
	      RECORDED_SESSIONS_MAX);
	read_file(m, path);
	rig_init(&m->rig, o);
	rig_broker(&m->rig, NULL, NULL);
	m->zmq = zmq_ctx_new();
	m->senders = mem_new(m->senders_len * sizeof *m->senders);
	m->streams = mem_new(m->streams_len * sizeof *m->streams);
	m->polls = mem_new((m->sessions + m->senders_len) * sizeof *m->polls);
	dealer_open(&m->control, m->zmq, m->rig.client, &(struct hello){0});
	make_hellos(m, hellos);
	for (uint32_t i = 0; i < m->sessions; i++) {
		struct dealer *d = &m->listeners[i].dealer;
		dealer_connect(d, m->zmq, m->rig.client);
		(void)dealer_ask(d, OP_HELLO, &hellos[i]);
		m->polls[i] = (zmq_pollitem_t){.socket = d->socket, .events = ZMQ_POLLIN};
		buf_fini(&hellos[i]);
	}
	for (size_t i = 0; i < m->senders_len; i++) {
		struct dealer *d = &m->senders[i].dealer;
		dealer_open(d, m->zmq, m->rig.client, &(struct hello){0});
		m->polls[m->sessions + i] =
			(zmq_pollitem_t){.socket = d->socket, .events = ZMQ_POLLIN};
	}
}

static void close_run(struct mixed *m)
{
	for (uint32_t i = 0; i < m->sessions; i++)
		dealer_close(&m->listeners[i].dealer);
	for (size_t i = 0; i < m->senders_len; i++) {
		dealer_close(&m->senders[i].dealer);
		buf_fini(&m->senders[i].frame);
	}
	for (size_t i = 0; i < m->rooms_len; i++)
		recorded_fini(&m->rooms[i]);
	dealer_close(&m->control);
	buf_fini(&m->body);
	free(m->rooms);
	free(m->senders);
	free(m->streams);
	free(m->polls);
	rig_fini(&m->rig);
	zmq_ctx_term(m->zmq);
}

static void run(const struct options *o, const char *path, struct report *report)
{
	struct mixed *m = mem_new(sizeof *m);
	struct row row = {0};
	uint64_t deliveries = 0;
	open_run(m, o, path);
	struct usage then = usage_of(m->rig.broker->pid);
	uint64_t own = usage_own_ns(), began = load_now_ns();
	play(m);
	double seconds = (double)(load_now_ns() - began) / 1e9;
	struct usage used = usage_since(then, usage_of(m->rig.broker->pid));
	own = usage_own_ns() - own;
	for (uint32_t i = 0; i < m->sessions; i++)
		deliveries += m->listeners[i].events;
	row_set(&row, "in_flight", (double)m->streams_len);
	row_set(&row, "rooms", (double)m->rooms_len);
	row_set(&row, "acks_per_s", (double)m->posts / seconds);
	row_set(&row, "requests_per_s", (double)m->requests / seconds);
	row_set(&row, "deliveries_per_s", (double)deliveries / seconds);
	row_times(&row, "", &m->posts_ns);
	row_times(&row, "other_", &m->others_ns);
	row_set(&row, "seconds", seconds);
	row_set(&row, "posts", (double)m->posts);
	row_set(&row, "requests", (double)m->requests);
	row_set(&row, "broker_rss_mb", rss_mb(m->rig.broker->pid));
	row_set(&row, "broker_anon_mb", anon_mb(m->rig.broker->pid));
	row_set(&row, "broker_cpu_s", (double)used.cpu_ns / 1e9);
	row_set(&row, "broker_main_cpu_s", (double)used.main_ns / 1e9);
	row_set(&row, "bench_cpu_s", (double)own / 1e9);
	check_listeners(m);
	check_unread(m);
	report_run(report, &row);
	close_run(m);
	free(m);
}

void scenario_mixed(const struct options *o)
{
	struct report *report = mem_new(sizeof *report);
	const char *path = o->corpus ? o->corpus : BENCH_SAMPLE;
	report_begin(report, o->json, "mixed", "parlor", o->corpus ? "" : "sample");
	for (uint64_t n = 0; n < option_or(o->runs, RUNS_DEFAULT); n++)
		run(o, path, report);
	report_end(report);
	free(report);
}
