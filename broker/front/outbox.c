#include "front/outbox.h"

#include "base/die.h"
#include "base/mem.h"
#include "front/table.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#define ROOT 0
#define SPARE_TICKETS_MAX 16384
#define KEPT_BYTES_MAX (4u << 20) /* of the turn's buffer, between turns */
#define STRANGERS_SHARE 64
#define SIDES 2

/* Bytes that go out, to one peer or many. Only the loop's thread counts refs. */
struct frame {
	size_t refs;
	size_t len;
	uint8_t data[];
};

/* One frame on its way to one peer. ZeroMQ's I/O thread gives it back by
 * pushing it on outbox.returned, and touches nothing else. Storing `outbox` is
 * the release that its load there acquires: the hand-over does not lean on
 * fences inside libzmq. */
struct ticket {
	struct ticket *next;
	_Atomic(struct outbox *) outbox;
	struct frame *frame;
	struct outbox_peer *peer;
};

struct outbox_peer {
	UT_hash_handle hh; /* in outbox.lingering, while closed */
	void *owner;       /* NULL once closed */
	size_t queued;
	size_t flying; /* tickets */
	/* For each side: what it brought the peer, the path from the root to here. */
	uint32_t node[SIDES];
	struct outbox_peer *next_touched[SIDES];
	bool failed;
	bool listed; /* in outbox.failed */
	struct outbox_peer *failed_prev, *failed_next;
	struct outbox *outbox;
	size_t routing_len;
	uint8_t routing[];
};

/* The tree of parts: a node is a list of parts, its parent's and one more. */
struct node {
	uint32_t parent;
	uint32_t part;
	uint32_t last_child; /* ROOT: none */
	uint32_t peers;      /* standing here */
	uint32_t frames_at;  /* in outbox.frames, when frames_len */
	uint32_t frames_len;
	size_t bytes;
};

struct part {
	size_t at;
	size_t len;
};

/* What is put down until a flush. */
struct side {
	unsigned no;
	struct buf bytes;
	size_t begun; /* where the part under way starts */
	bool beginning;
	struct part *parts;
	size_t parts_len, parts_cap;
	struct node *nodes;
	size_t nodes_len, nodes_cap;
	struct frame **frames; /* made at flush, for all nodes */
	size_t frames_len, frames_cap;
	struct outbox_peer *touched, **touched_end;
	size_t pending; /* bytes of the frames that a flush now would make */
};

struct outbox {
	void *router;
	struct outbox_limits limits;

	struct side sides[SIDES];
	struct side *side; /* that is open */
	uint32_t *path;    /* scratch */
	size_t path_cap;

	/* the accounts */
	size_t total;
	struct outbox_peer *failed;
	struct outbox_peer *lingering; /* closed, and something of them is still queued */
	size_t strangers_max;
	struct ticket *spare;
	size_t spare_len;
	struct outbox_counts counts;

	/* shared with ZeroMQ's I/O thread */
	_Atomic(struct ticket *) returned;
	atomic_bool armed;
	bool arming; /* armed since the last collect */
	int fd;
};

static struct outbox_peer *peer_new(struct outbox *ob, struct span routing, void *owner)
{
	assert(routing.len <= OUTBOX_ROUTING_MAX);
	struct outbox_peer *peer = mem_new(sizeof *peer + routing.len);
	peer->outbox = ob;
	peer->owner = owner;
	peer->routing_len = routing.len;
	if (routing.len)
		memcpy(peer->routing, routing.data, routing.len);
	return peer;
}

/* A closed peer lives while ZeroMQ or this turn still has something of it. */
static void peer_free_if_done(struct outbox *ob, struct outbox_peer *peer)
{
	if (peer->owner || peer->flying || peer->node[0] != ROOT || peer->node[1] != ROOT)
		return;
	HASH_DEL(ob->lingering, peer);
	free(peer);
}

static void side_clear(struct side *t)
{
	for (size_t i = 0; i < t->frames_len; i++)
		assert(!t->frames[i]);
	if (t->bytes.cap > KEPT_BYTES_MAX)
		buf_fini(&t->bytes);
	buf_clear(&t->bytes);
	t->parts_len = 0;
	t->frames_len = 0;
	t->nodes[ROOT] = (struct node){0};
	t->nodes_len = 1;
	t->touched = NULL;
	t->touched_end = &t->touched;
	t->pending = 0;
}

static void side_init(struct side *t, unsigned no)
{
	t->no = no;
	t->nodes_cap = 64;
	t->nodes = mem_resize(NULL, t->nodes_cap, sizeof *t->nodes);
	side_clear(t);
}

static void side_fini(struct outbox *ob, struct side *t)
{
	while (t->touched) {
		struct outbox_peer *peer = t->touched;
		t->touched = peer->next_touched[t->no];
		peer->node[t->no] = ROOT;
		peer_free_if_done(ob, peer);
	}
	buf_fini(&t->bytes);
	free(t->parts);
	free(t->nodes);
	free(t->frames);
}

struct outbox *outbox_new(void *router, const struct outbox_limits *limits)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct outbox *ob = mem_new(sizeof *ob);
	ob->router = router;
	ob->limits = *limits;
	ob->fd = fd;
	ob->strangers_max = limits->total_bytes_max / STRANGERS_SHARE / OUTBOX_STRANGER_BYTES;
	for (unsigned i = 0; i < SIDES; i++)
		side_init(&ob->sides[i], i);
	ob->side = &ob->sides[0];
	return ob;
}

void outbox_free(struct outbox *ob)
{
	if (!ob)
		return;
	outbox_collect(ob);
	for (unsigned i = 0; i < SIDES; i++)
		side_fini(ob, &ob->sides[i]);
	assert(ob->total == 0 && ob->counts.peers == 0);
	while (ob->spare) {
		struct ticket *ticket = ob->spare;
		ob->spare = ticket->next;
		free(ticket);
	}
	free(ob->path);
	(void)close(ob->fd);
	free(ob);
}

struct outbox_peer *outbox_open(struct outbox *ob, struct span routing, void *owner)
{
	assert(owner);
	ob->counts.peers++;
	struct outbox_peer *peer;
	HASH_FIND(hh, ob->lingering, routing.data, routing.len, peer);
	if (!peer)
		return peer_new(ob, routing, owner);
	HASH_DEL(ob->lingering, peer);
	peer->owner = owner;
	peer->failed = false;
	return peer;
}

void outbox_close(struct outbox *ob, struct outbox_peer *peer)
{
	if (peer->listed)
		DL_DELETE2(ob->failed, peer, failed_prev, failed_next);
	peer->listed = false;
	peer->owner = NULL;
	HASH_ADD_KEYPTR(hh, ob->lingering, peer->routing, peer->routing_len, peer);
	ob->counts.peers--;
	peer_free_if_done(ob, peer);
}

/* ---- within a turn ----------------------------------------------------------------- */

struct buf *outbox_begin(struct outbox *ob)
{
	struct side *t = ob->side;
	assert(!t->beginning);
	t->beginning = true;
	t->begun = t->bytes.len;
	return &t->bytes;
}

struct outbox_part outbox_end(struct outbox *ob)
{
	struct side *t = ob->side;
	assert(t->beginning && t->bytes.len > t->begun);
	t->beginning = false;
	if (t->parts_len == t->parts_cap) {
		t->parts_cap = t->parts_cap ? t->parts_cap * 2 : 64;
		t->parts = mem_resize(t->parts, t->parts_cap, sizeof *t->parts);
	}
	t->parts[t->parts_len] = (struct part){.at = t->begun, .len = t->bytes.len - t->begun};
	ob->counts.parts++;
	return (struct outbox_part){(uint32_t)t->parts_len++};
}

struct outbox_part outbox_put(struct outbox *ob, struct span bytes)
{
	buf_put(outbox_begin(ob), bytes.data, bytes.len);
	return outbox_end(ob);
}

static uint32_t node_make(struct side *t, uint32_t parent, uint32_t part)
{
	if (t->nodes_len == t->nodes_cap) {
		t->nodes_cap *= 2;
		t->nodes = mem_resize(t->nodes, t->nodes_cap, sizeof *t->nodes);
	}
	uint32_t no = (uint32_t)t->nodes_len++;
	t->nodes[no] = (struct node){.parent = parent,
				     .part = part,
				     .bytes = t->nodes[parent].bytes + t->parts[part].len};
	t->nodes[parent].last_child = no;
	return no;
}

void outbox_add(struct outbox *ob, struct outbox_peer *peer, struct outbox_part part)
{
	struct side *t = ob->side;
	assert(part.no < t->parts_len && peer->owner);
	uint32_t from = peer->node[t->no];
	uint32_t to = t->nodes[from].last_child;
	if (to == ROOT || t->nodes[to].part != part.no)
		to = node_make(t, from, part.no);
	if (from == ROOT) {
		peer->next_touched[t->no] = NULL;
		*t->touched_end = peer;
		t->touched_end = &peer->next_touched[t->no];
	} else if (--t->nodes[from].peers == 0) {
		t->pending -= t->nodes[from].bytes;
	}
	if (t->nodes[to].peers++ == 0)
		t->pending += t->nodes[to].bytes;
	peer->node[t->no] = to;
}

void outbox_swap(struct outbox *ob)
{
	assert(!ob->side->beginning);
	ob->side = &ob->sides[1 - ob->side->no];
}

size_t outbox_turn_bytes(const struct outbox *ob)
{
	return ob->side->bytes.len;
}

size_t outbox_peer_turn_bytes(const struct outbox_peer *peer)
{
	const struct side *sides = peer->outbox->sides;
	return sides[0].nodes[peer->node[0]].bytes + sides[1].nodes[peer->node[1]].bytes;
}

static size_t fair_part(const struct outbox *ob)
{
	size_t peers = ob->counts.peers ? ob->counts.peers : 1;
	return ob->limits.total_bytes_max / 2 / peers;
}

size_t outbox_room(const struct outbox *ob, const struct outbox_peer *peer)
{
	if (peer->failed)
		return 0;
	size_t allowed = ob->limits.peer_bytes_max;
	size_t pending = ob->sides[0].pending + ob->sides[1].pending;
	if (ob->total + pending > ob->limits.total_bytes_max / 2) {
		size_t fair = fair_part(ob);
		if (fair < allowed)
			allowed = fair;
	}
	size_t used = peer->queued + outbox_peer_turn_bytes(peer);
	return allowed > used ? allowed - used : 0;
}

bool outbox_may_reply(const struct outbox *ob, const struct outbox_peer *peer)
{
	return outbox_room(ob, peer) >= OUTBOX_REPLY_ROOM ||
	       (!peer->queued && !outbox_peer_turn_bytes(peer));
}

/* ---- frames ------------------------------------------------------------------------ */

static struct frame *frame_new(struct outbox *ob, size_t len)
{
	struct frame *frame = mem_resize(NULL, 1, sizeof *frame + len);
	frame->refs = 1;
	frame->len = len;
	ob->total += len;
	return frame;
}

static void frame_drop(struct outbox *ob, struct frame *frame)
{
	if (--frame->refs)
		return;
	ob->total -= frame->len;
	free(frame);
}

/* One frame of the parts path[0..n). */
static struct frame *frame_of_parts(struct outbox *ob, const uint32_t *path, size_t n, size_t len)
{
	struct frame *frame = frame_new(ob, len);
	uint8_t *to = frame->data;
	for (size_t i = 0; i < n; i++) {
		const struct part *part = &ob->side->parts[path[i]];
		memcpy(to, ob->side->bytes.data + part->at, part->len);
		to += part->len;
	}
	return frame;
}

static void node_frame_add(struct outbox *ob, struct node *node, struct frame *frame)
{
	struct side *t = ob->side;
	if (t->frames_len == t->frames_cap) {
		t->frames_cap = t->frames_cap ? t->frames_cap * 2 : 64;
		t->frames = mem_resize(t->frames, t->frames_cap, sizeof *t->frames);
	}
	if (!node->frames_len++)
		node->frames_at = (uint32_t)t->frames_len;
	t->frames[t->frames_len++] = frame;
}

/* The parts of a node in order, in outbox.path; returns how many. */
static size_t node_path(struct outbox *ob, uint32_t no)
{
	size_t n = 0;
	for (uint32_t at = no; at != ROOT; at = ob->side->nodes[at].parent)
		n++;
	if (n > ob->path_cap) {
		ob->path_cap = n * 2;
		ob->path = mem_resize(ob->path, ob->path_cap, sizeof *ob->path);
	}
	size_t i = n;
	for (uint32_t at = no; at != ROOT; at = ob->side->nodes[at].parent)
		ob->path[--i] = ob->side->nodes[at].part;
	return n;
}

static void node_make_frames(struct outbox *ob, uint32_t no)
{
	size_t n = node_path(ob, no);
	size_t first = 0;
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		size_t part_len = ob->side->parts[ob->path[i]].len;
		if (i > first && len + part_len > ob->limits.frame_bytes_max) {
			node_frame_add(ob, &ob->side->nodes[no],
				       frame_of_parts(ob, ob->path + first, i - first, len));
			first = i;
			len = 0;
		}
		len += part_len;
	}
	node_frame_add(ob, &ob->side->nodes[no],
		       frame_of_parts(ob, ob->path + first, n - first, len));
}

/* ---- tickets ------------------------------------------------------------------------ */

/* Runs where ZeroMQ drops the message: in its I/O thread, as a rule. */
static void on_released(void *data, void *hint)
{
	(void)data;
	struct ticket *ticket = hint;
	struct outbox *ob = atomic_load_explicit(&ticket->outbox, memory_order_acquire);
	ticket->next = atomic_load(&ob->returned);
	while (!atomic_compare_exchange_weak(&ob->returned, &ticket->next, ticket))
		continue;
	if (atomic_load(&ob->armed) && atomic_exchange(&ob->armed, false)) {
		uint64_t one = 1;
		/* Fails only when the counter is full, and then it is readable. */
		if (write(ob->fd, &one, sizeof one) < 0)
			assert(errno == EAGAIN);
	}
}

static struct ticket *ticket_take(struct outbox *ob, struct outbox_peer *peer, struct frame *frame)
{
	struct ticket *ticket = ob->spare;
	if (ticket) {
		ob->spare = ticket->next;
		ob->spare_len--;
	} else {
		ticket = mem_new(sizeof *ticket);
	}
	ticket->frame = frame;
	ticket->peer = peer;
	atomic_store_explicit(&ticket->outbox, ob, memory_order_release);
	frame->refs++;
	peer->flying++;
	peer->queued += frame->len + OUTBOX_FRAME_COST;
	ob->total += OUTBOX_FRAME_COST;
	return ticket;
}

static void ticket_back(struct outbox *ob, struct ticket *ticket)
{
	struct outbox_peer *peer = ticket->peer;
	peer->flying--;
	peer->queued -= ticket->frame->len + OUTBOX_FRAME_COST;
	ob->total -= OUTBOX_FRAME_COST;
	frame_drop(ob, ticket->frame);
	peer_free_if_done(ob, peer);
	if (ob->spare_len >= SPARE_TICKETS_MAX) {
		free(ticket);
		return;
	}
	ticket->next = ob->spare;
	ob->spare = ticket;
	ob->spare_len++;
}

void outbox_collect(struct outbox *ob)
{
	if (ob->arming) {
		uint64_t times;
		atomic_store(&ob->armed, false);
		if (read(ob->fd, &times, sizeof times) < 0)
			assert(errno == EAGAIN);
		ob->arming = false;
	}
	if (!atomic_load(&ob->returned))
		return;
	struct ticket *ticket = atomic_exchange(&ob->returned, NULL);
	while (ticket) {
		struct ticket *next = ticket->next;
		ticket_back(ob, ticket);
		ticket = next;
	}
}

int outbox_fd(const struct outbox *ob)
{
	return ob->fd;
}

bool outbox_arm(struct outbox *ob)
{
	ob->arming = true;
	atomic_store(&ob->armed, true);
	return !atomic_load(&ob->returned);
}

/* ---- the end of a turn -------------------------------------------------------------- */

static int send_message(void *router, zmq_msg_t *msg, int flags)
{
	int sent;
	do
		sent = zmq_msg_send(msg, router, ZMQ_DONTWAIT | flags);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		(void)zmq_msg_close(msg);
	return sent;
}

/* ROUTER refuses at the routing id or not at all. */
static bool frame_send(struct outbox *ob, struct span routing, struct outbox_peer *peer,
		       struct frame *frame)
{
	zmq_msg_t id, payload;
	if (zmq_msg_init_size(&id, routing.len))
		return false;
	memcpy(zmq_msg_data(&id), routing.data, routing.len);
	if (send_message(ob->router, &id, ZMQ_SNDMORE) < 0)
		return false;

	struct ticket *ticket = ticket_take(ob, peer, frame);
	if (zmq_msg_init_data(&payload, frame->data, frame->len, on_released, ticket)) {
		/* The id is on its way: an empty frame completes the message. */
		ticket_back(ob, ticket);
		(void)zmq_msg_init(&payload);
		(void)send_message(ob->router, &payload, 0);
		return false;
	}
	if (send_message(ob->router, &payload, 0) < 0)
		return false;
	ob->counts.frames++;
	ob->counts.frame_bytes += frame->len;
	die_at("frame_sent");
	return true;
}

static void peer_fail(struct outbox *ob, struct outbox_peer *peer)
{
	if (peer->failed)
		return;
	peer->failed = true;
	if (!peer->owner)
		return;
	ob->counts.failed++;
	peer->listed = true;
	DL_APPEND2(ob->failed, peer, failed_prev, failed_next);
}

static bool over_limits(const struct outbox *ob, const struct outbox_peer *peer,
			const struct node *node)
{
	size_t max = 4 * ob->limits.peer_bytes_max + 2 * ob->limits.frame_bytes_max;
	bool alone = !peer->queued && node->parent == ROOT;
	if (!alone && peer->queued + node->bytes > max)
		return true;
	return ob->total > ob->limits.total_bytes_max && peer->queued > fair_part(ob);
}

static void peer_flush(struct outbox *ob, struct outbox_peer *peer)
{
	struct side *t = ob->side;
	uint32_t no = peer->node[t->no];
	if (!peer->failed && over_limits(ob, peer, &t->nodes[no]))
		peer_fail(ob, peer);
	if (peer->failed) {
		ob->counts.dropped++;
		return;
	}
	bool shared = t->nodes[no].frames_len;
	if (!shared)
		node_make_frames(ob, no);
	const struct node *node = &t->nodes[no];
	struct span routing = {peer->routing, peer->routing_len};
	for (uint32_t i = 0; i < node->frames_len; i++) {
		if (!frame_send(ob, routing, peer, t->frames[node->frames_at + i])) {
			ob->counts.dropped += node->frames_len - i;
			peer_fail(ob, peer);
			return;
		}
		ob->counts.shared += shared;
	}
}

/* The last peer of a node is served: its frames now belong to their tickets. */
static void node_leave(struct outbox *ob, uint32_t no)
{
	struct side *t = ob->side;
	struct node *node = &t->nodes[no];
	if (--node->peers)
		return;
	for (uint32_t i = 0; i < node->frames_len; i++) {
		frame_drop(ob, t->frames[node->frames_at + i]);
		t->frames[node->frames_at + i] = NULL;
	}
	node->frames_len = 0;
}

void outbox_flush(struct outbox *ob)
{
	struct side *t = ob->side;
	assert(!t->beginning);
	outbox_collect(ob);
	t->pending = 0;
	while (t->touched) {
		struct outbox_peer *peer = t->touched;
		t->touched = peer->next_touched[t->no];
		peer_flush(ob, peer);
		node_leave(ob, peer->node[t->no]);
		peer->node[t->no] = ROOT;
		peer_free_if_done(ob, peer);
	}
	side_clear(t);
}

void *outbox_failed(struct outbox *ob)
{
	struct outbox_peer *peer = ob->failed;
	if (!peer)
		return NULL;
	DL_DELETE2(ob->failed, peer, failed_prev, failed_next);
	peer->listed = false;
	return peer->owner;
}

bool outbox_send(struct outbox *ob, struct span routing, struct span bytes)
{
	struct outbox_peer *peer;
	size_t cost = bytes.len + OUTBOX_FRAME_COST;
	outbox_collect(ob);
	HASH_FIND(hh, ob->lingering, routing.data, routing.len, peer);
	size_t used = peer ? peer->queued + outbox_peer_turn_bytes(peer) : 0;
	if (used + cost > OUTBOX_STRANGER_BYTES ||
	    (!peer && HASH_COUNT(ob->lingering) >= ob->strangers_max)) {
		ob->counts.dropped++;
		return false;
	}
	peer = outbox_open(ob, routing, ob);
	outbox_add(ob, peer, outbox_put(ob, bytes));
	outbox_close(ob, peer);
	return true;
}

void outbox_counts(const struct outbox *ob, struct outbox_counts *counts)
{
	*counts = ob->counts;
	counts->queued_bytes = ob->total;
}

size_t outbox_queued(const struct outbox_peer *peer)
{
	return peer->queued;
}
