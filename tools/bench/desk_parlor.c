#include "desk_parlor.h"

#include "bench.h"
#include "desk_scene.h"
#include "fail.h"
#include "stage.h"

#include "base/mem.h"

#include <parlor/error.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define SENDERS_DEFAULT 16
#define WAIT_MS 100
#define PING_NS UINT64_C(1000000000)
#define LINK_BITS 16 /* of a request's id */

struct heard {
	uint64_t position; /* 0: nothing yet */
	uint32_t state;
	char room[64];
};

struct parlor_desk {
	struct desk_scene scene;
	struct desk_work *work;
	struct dealer *senders;
	size_t senders_len;
	struct dealer watch;
	zmq_pollitem_t *polled; /* senders, then the watch */
	uint64_t asked, pinged_ns;
	struct heard *heard; /* by conversation */
	size_t heard_len;
	struct buf body;
};

/* ---- requests ---------------------------------------------------------------------------------
 */

static enum frame_op put_post(struct parlor_desk *p, const struct desk_ask *a)
{
	char sender[DESK_ID_MAX], client_id[DESK_ID_MAX * 2];
	const struct heard *h = &p->heard[a->conversation];
	if (a->post % 2 == 0)
		desk_visitor_id(sender, a->person);
	else
		desk_seat_id(sender, a->seat);
	snprintf(client_id, sizeof client_id, "%u-%u", a->conversation, a->post);
	return desk_put_post(&p->body, h->room, sender, client_id, a->body);
}

static void take(void *ctx, size_t link, const struct desk_ask *a)
{
	struct parlor_desk *p = ctx;
	struct dealer *d = &p->senders[link % p->senders_len];
	enum frame_op op;
	buf_clear(&p->body);
	if (a->step == DESK_OPEN)
		op = desk_put_open(&p->body, a->conversation, a->person, a->team);
	else if (a->step == DESK_CLOSE)
		op = desk_put_close(&p->body, a->conversation);
	else
		op = put_post(p, a);
	frame_put(&d->frame, ++p->asked << LINK_BITS | link, op, buf_span(&p->body));
}

/* ---- answers and events ------------------------------------------------------------------------
 */

static void take_reply(struct parlor_desk *p, const struct frame_item *item)
{
	check(item->code == 0, "refused: %s: %.*s", parlor_err_name((int)item->code),
	      (int)item->text.len, (const char *)item->text.data);
	if (item->id >> LINK_BITS) /* a ping has none */
		desk_done(p->work, item->id & ((1U << LINK_BITS) - 1), 0);
}

static struct heard *heard_of(struct parlor_desk *p, uint32_t conversation)
{
	if (conversation >= p->heard_len) {
		size_t len = p->heard_len ? p->heard_len : 1024;
		while (conversation >= len)
			len *= 2;
		p->heard = mem_resize(p->heard, len, sizeof *p->heard);
		memset(p->heard + p->heard_len, 0, (len - p->heard_len) * sizeof *p->heard);
		p->heard_len = len;
	}
	return &p->heard[conversation];
}

/* The first word of a conversation is its opening; then it is served, then it ends. */
static void take_change(struct parlor_desk *p, uint64_t position, struct span changed)
{
	struct span c = frame_bytes(changed, 1);
	struct span room = frame_bytes(c, CONVERSATION_ROOM);
	uint32_t conversation = desk_number_of(frame_bytes(c, CONVERSATION_ID));
	uint32_t state = (uint32_t)frame_number(c, CONVERSATION_STATE);
	struct heard *h = heard_of(p, conversation);
	struct desk_book *book = desk_work_book(p->work);
	if (!h->position)
		desk_book_opened(book, position, conversation,
				 desk_number_of(frame_bytes(c, CONVERSATION_TEAM)));
	snprintf(h->room, sizeof h->room, "%.*s", (int)room.len, (const char *)room.data);
	h->position = position;
	if (state == h->state)
		return;
	h->state = state;
	if (state == STATE_ACTIVE)
		desk_given(p->work, conversation,
			   desk_number_of(frame_bytes(c, CONVERSATION_AGENT)), position);
	else if (state == STATE_CLOSED)
		desk_book_closed(book, position, conversation);
}

static bool read_one(struct parlor_desk *p, void *socket)
{
	zmq_msg_t msg;
	struct reader in;
	struct frame_item item;
	zmq_msg_init(&msg);
	int n = zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT);
	if (n >= 0) {
		reader_init(&in, zmq_msg_data(&msg), zmq_msg_size(&msg));
		while (frame_next(&in, &item)) {
			if (!item.event)
				take_reply(p, &item);
			else if (item.kind == EVENT_CONVERSATION)
				take_change(p, item.position, item.body);
			else
				check(item.kind != EVENT_END, "the broker ended a session");
		}
		check(!in.bad, "the broker sent a malformed frame");
	}
	zmq_msg_close(&msg);
	return n >= 0;
}

static void send_all(struct parlor_desk *p)
{
	for (size_t i = 0; i < p->senders_len; i++) {
		struct dealer *d = &p->senders[i];
		if (!d->frame.len)
			continue;
		check(zmq_send(d->socket, d->frame.data, d->frame.len, 0) >= 0, "zmq_send: %s",
		      zmq_strerror(errno));
		buf_clear(&d->frame);
	}
}

/* Signs of life of all sessions, which may have nothing to ask for a while. */
static void ping(struct parlor_desk *p)
{
	uint64_t now_ns = load_now_ns();
	if (now_ns - p->pinged_ns < PING_NS)
		return;
	p->pinged_ns = now_ns;
	for (size_t i = 0; i < p->senders_len; i++)
		frame_put(&p->senders[i].frame, 1, OP_PING, (struct span){"", 0});
	frame_put(&p->watch.frame, 1, OP_PING, (struct span){"", 0});
	(void)zmq_send(p->watch.socket, p->watch.frame.data, p->watch.frame.len, 0);
	buf_clear(&p->watch.frame);
}

static void wait_and_read(void *ctx)
{
	struct parlor_desk *p = ctx;
	ping(p);
	send_all(p);
	int n = zmq_poll(p->polled, (int)p->senders_len + 1, WAIT_MS);
	check(n >= 0 || errno == EINTR, "zmq_poll: %s", zmq_strerror(errno));
	for (size_t i = 0; n > 0 && i <= p->senders_len; i++)
		while (p->polled[i].revents && read_one(p, p->polled[i].socket))
			;
}

/* ---- a run
 * ---------------------------------------------------------------------------------------- */

static void connect_all(struct parlor_desk *p)
{
	struct buf body = {0};
	p->senders = mem_new(p->senders_len * sizeof *p->senders);
	p->polled = mem_new((p->senders_len + 1) * sizeof *p->polled);
	for (size_t i = 0; i <= p->senders_len; i++) {
		struct dealer *d = i < p->senders_len ? &p->senders[i] : &p->watch;
		dealer_open(d, p->scene.zmq, p->scene.rig.client, &(struct hello){0});
		p->polled[i] = (zmq_pollitem_t){.socket = d->socket, .events = ZMQ_POLLIN};
	}
	enum frame_op watch = desk_put_watch(&body, p->scene.shape.teams);
	(void)dealer_ask(&p->watch, watch, &body);
	buf_fini(&body);
}

static void open_desk(struct parlor_desk *p, const struct options *o,
		      const struct desk_shape *shape, size_t links)
{
	struct desk_hooks hooks = {.links = links, .ask = take, .wait = wait_and_read, .ctx = p};
	*p = (struct parlor_desk){.senders_len = (size_t)option_or(o->senders, SENDERS_DEFAULT)};
	check(links < 1U << LINK_BITS, "too many in flight");
	desk_scene_open(&p->scene, o, shape, NULL);
	p->work = desk_work_new(shape, &hooks);
	connect_all(p);
	desk_scene_settle(&p->scene);
}

static void close_desk(struct parlor_desk *p)
{
	for (size_t i = 0; i < p->senders_len; i++)
		dealer_close(&p->senders[i]);
	dealer_close(&p->watch);
	desk_work_free(p->work);
	desk_scene_close(&p->scene);
	buf_fini(&p->body);
	free(p->senders);
	free(p->polled);
	free(p->heard);
}

void desk_parlor_run(const struct options *o, const struct desk_shape *shape, size_t links,
		     struct report *report)
{
	struct parlor_desk *p = mem_new(sizeof *p);
	struct desk_result *result = mem_new(sizeof *result);
	struct load_plan plan = stage_plan_of(o, links);
	struct row row = {0};
	open_desk(p, o, shape, links);
	struct account account = {.of = p->scene.rig.broker};
	plan.mark = account_mark;
	plan.ctx = &account;
	desk_work_run(p->work, &plan, result);
	rig_check(p->scene.rig.broker);
	row_set(&row, "links", (double)links);
	desk_work_figures(result, &row);
	account_figures(&account, result->posted, &row);
	row_set(&row, "broker_main_cpu_s", (double)account.used.main_ns / 1e9);
	desk_book_check(desk_work_book(p->work), "parlor");
	check(dealer_stat(&p->scene.control, "posts") == desk_work_opened(p->work) * shape->posts,
	      "parlor: not every message is there");
	report_run(report, &row);
	close_desk(p);
	free(p);
	free(result);
}
