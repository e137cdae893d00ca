#include "front/outbox.h"

#include "base/die.h"
#include "base/mem.h"
#include "base/table.h"
#include "front/part_tree.h"
#include "front/share.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#define SPARE_TICKETS_MAX 16384
#define STRANGERS_SHARE 64

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

_Static_assert(OUTBOX_FRAME_COST >= sizeof(struct ticket) + sizeof(struct frame),
	       "what is counted is taken");

struct outbox_peer {
	UT_hash_handle hh; /* in outbox.lingering, while closed */
	void *owner;       /* NULL once closed */
	struct outbox_share *share;
	size_t queued;
	size_t tickets;
	size_t holds;  /* parts that are still to come, see outbox_hold, */
	size_t held;   /* and their bytes */
	uint32_t node; /* what was put down for it, the path from the root to here */
	struct outbox_peer *next_touched;
	bool failed;
	bool listed; /* in outbox.failed */
	struct outbox_peer *failed_prev, *failed_next;
	struct outbox *outbox;
	size_t routing_len;
	uint8_t routing[];
};

struct outbox {
	void *router;
	struct outbox_limits limits;

	/* what is put down until the flush */
	struct part_tree tree;
	struct outbox_peer *touched, **touched_end;

	/* the accounts */
	size_t tickets; /* bytes that those on their way take beside their frames */
	size_t held;
	struct shares shares;
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

/* Queued in ZeroMQ, for all. */
static size_t total(const struct outbox *ob)
{
	return ob->tree.frame_bytes + ob->tickets;
}

static struct outbox_peer *peer_new(struct outbox *ob, struct span routing)
{
	assert(routing.len <= OUTBOX_ROUTING_MAX);
	struct outbox_peer *peer = mem_new(sizeof *peer + routing.len);
	peer->outbox = ob;
	peer->routing_len = routing.len;
	if (routing.len)
		memcpy(peer->routing, routing.data, routing.len);
	return peer;
}

/* A closed peer lives while ZeroMQ or this turn still has something of it. */
static void peer_free_if_done(struct outbox *ob, struct outbox_peer *peer)
{
	if (peer->owner || peer->tickets || peer->holds || peer->node != PART_TREE_ROOT)
		return;
	HASH_DEL(ob->lingering, peer);
	free(peer);
}

static void put_down_clear(struct outbox *ob)
{
	part_tree_clear(&ob->tree);
	ob->touched = NULL;
	ob->touched_end = &ob->touched;
}

struct outbox *outbox_new(void *router, const struct outbox_limits *limits)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct outbox *ob = mem_new(sizeof *ob);
	ob->router = router;
	ob->limits = *limits;
	ob->shares.bytes_max = limits->share_bytes_max;
	ob->fd = fd;
	ob->strangers_max = limits->total_bytes_max / STRANGERS_SHARE / OUTBOX_STRANGER_BYTES;
	part_tree_init(&ob->tree, limits->frame_bytes_max);
	put_down_clear(ob);
	return ob;
}

void outbox_free(struct outbox *ob)
{
	if (!ob)
		return;
	outbox_collect(ob);
	while (ob->touched) {
		struct outbox_peer *peer = ob->touched;
		ob->touched = peer->next_touched;
		peer->node = PART_TREE_ROOT;
		peer_free_if_done(ob, peer);
	}
	assert(total(ob) == 0 && ob->held == 0 && ob->counts.peers == 0);
	part_tree_fini(&ob->tree);
	while (ob->spare) {
		struct ticket *ticket = ob->spare;
		ob->spare = ticket->next;
		free(ticket);
	}
	(void)close(ob->fd);
	free(ob);
}

struct outbox_peer *outbox_open(struct outbox *ob, struct span routing, void *owner,
				struct outbox_share **share)
{
	assert(owner);
	ob->counts.peers++;
	struct outbox_peer *peer;
	HASH_FIND(hh, ob->lingering, routing.data, routing.len, peer);
	if (peer)
		HASH_DEL(ob->lingering, peer);
	else
		peer = peer_new(ob, routing);
	peer->owner = owner;
	peer->failed = false;
	peer->share = share ? share_open(&ob->shares, share, peer->held) : NULL;
	return peer;
}

void outbox_close(struct outbox *ob, struct outbox_peer *peer)
{
	if (peer->listed)
		DL_DELETE2(ob->failed, peer, failed_prev, failed_next);
	peer->listed = false;
	peer->owner = NULL;
	share_close(peer->share, peer->held);
	peer->share = NULL;
	HASH_ADD_KEYPTR(hh, ob->lingering, peer->routing, peer->routing_len, peer);
	ob->counts.peers--;
	peer_free_if_done(ob, peer);
}

/* ---- within a turn ----------------------------------------------------------------- */

struct buf *outbox_begin(struct outbox *ob)
{
	return part_tree_begin(&ob->tree);
}

struct outbox_part outbox_end(struct outbox *ob)
{
	return (struct outbox_part){part_tree_end(&ob->tree)};
}

struct outbox_part outbox_put(struct outbox *ob, struct span bytes)
{
	buf_put(outbox_begin(ob), bytes.data, bytes.len);
	return outbox_end(ob);
}

struct outbox_part outbox_refer(struct outbox *ob, struct span bytes)
{
	return (struct outbox_part){part_tree_refer(&ob->tree, bytes)};
}

void outbox_add(struct outbox *ob, struct outbox_peer *peer, struct outbox_part part)
{
	assert(peer->owner || peer->holds);
	if (peer->node == PART_TREE_ROOT) {
		peer->next_touched = NULL;
		*ob->touched_end = peer;
		ob->touched_end = &peer->next_touched;
	}
	peer->node = part_tree_step(&ob->tree, peer->node, part.no);
}

void outbox_hold(struct outbox_peer *peer, size_t bytes)
{
	peer->holds++;
	peer->held += bytes;
	peer->outbox->held += bytes;
	share_hold(peer->share, bytes);
}

void outbox_let_go(struct outbox_peer *peer, size_t bytes)
{
	assert(peer->holds > 0 && peer->held >= bytes);
	peer->holds--;
	peer->held -= bytes;
	peer->outbox->held -= bytes;
	share_let_go(peer->share, bytes);
	peer_free_if_done(peer->outbox, peer);
}

size_t outbox_put_down(const struct outbox *ob)
{
	return ob->tree.bytes.len;
}

/* Brought to this peer and not yet flushed, or still to come. */
static size_t waiting_bytes(const struct outbox_peer *peer)
{
	return part_tree_bytes(&peer->outbox->tree, peer->node) + peer->held;
}

static size_t fair_part(const struct outbox *ob, const struct outbox_peer *peer)
{
	return ob->limits.total_bytes_max / 2 /
	       shares_among(&ob->shares, peer->share, ob->counts.peers);
}

size_t outbox_space(const struct outbox *ob, const struct outbox_peer *peer)
{
	if (peer->failed)
		return 0;
	size_t allowed = share_less(share_part(peer->share), ob->limits.peer_bytes_max);
	if (total(ob) + ob->tree.pending + ob->held > ob->limits.total_bytes_max / 2)
		allowed = share_less(fair_part(ob, peer), allowed);
	size_t used = peer->queued + waiting_bytes(peer);
	return allowed > used ? allowed - used : 0;
}

bool outbox_may_reply(const struct outbox *ob, const struct outbox_peer *peer)
{
	return outbox_space(ob, peer) >= OUTBOX_REPLY_SPACE ||
	       (!peer->queued && !waiting_bytes(peer));
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
	frame_hold(frame, peer->share, OUTBOX_FRAME_COST);
	peer->tickets++;
	peer->queued += frame->len + OUTBOX_FRAME_COST;
	ob->tickets += OUTBOX_FRAME_COST;
	return ticket;
}

static void ticket_back(struct outbox *ob, struct ticket *ticket)
{
	struct outbox_peer *peer = ticket->peer;
	peer->tickets--;
	peer->queued -= ticket->frame->len + OUTBOX_FRAME_COST;
	ob->tickets -= OUTBOX_FRAME_COST;
	frame_drop(&ob->tree, ticket->frame, OUTBOX_FRAME_COST);
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
	struct ticket *next, *ticket = atomic_exchange(&ob->returned, NULL);
	for (; ticket; ticket = next) {
		next = ticket->next;
		ticket_back(ob, ticket);
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

static bool over_limits(const struct outbox *ob, const struct outbox_peer *peer)
{
	size_t max = 4 * ob->limits.peer_bytes_max + 2 * ob->limits.frame_bytes_max;
	bool alone = !peer->queued && part_tree_is_single(&ob->tree, peer->node);
	if (!alone && peer->queued + part_tree_bytes(&ob->tree, peer->node) > max)
		return true;
	return (total(ob) > ob->limits.total_bytes_max && peer->queued > fair_part(ob, peer)) ||
	       (share_is_full(peer->share) && peer->queued > share_part(peer->share));
}

static void peer_flush(struct outbox *ob, struct outbox_peer *peer)
{
	if (peer->failed) {
		ob->counts.dropped++;
		return;
	}
	size_t n;
	bool shared;
	struct frame *const *frames = part_tree_frames(&ob->tree, peer->node, &n, &shared);
	struct span routing = {peer->routing, peer->routing_len};
	for (size_t i = 0; i < n; i++) {
		if (!frame_send(ob, routing, peer, frames[i])) {
			ob->counts.dropped += n - i;
			peer_fail(ob, peer);
			return;
		}
		ob->counts.shared += shared;
	}
}

void outbox_flush(struct outbox *ob)
{
	assert(!ob->tree.beginning);
	outbox_collect(ob);
	/* All before any: who was told of space is not judged by what the others get now. */
	for (struct outbox_peer *peer = ob->touched; peer; peer = peer->next_touched)
		if (over_limits(ob, peer))
			peer_fail(ob, peer);
	while (ob->touched) {
		struct outbox_peer *peer = ob->touched;
		ob->touched = peer->next_touched;
		peer_flush(ob, peer);
		part_tree_leave(&ob->tree, peer->node);
		peer->node = PART_TREE_ROOT;
		peer_free_if_done(ob, peer);
	}
	put_down_clear(ob);
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

static bool stranger_has_space(const struct outbox *ob, struct span routing, size_t bytes)
{
	struct outbox_peer *peer;
	HASH_FIND(hh, ob->lingering, routing.data, routing.len, peer);
	size_t used = peer ? peer->queued + waiting_bytes(peer) : 0;
	return used + bytes + OUTBOX_FRAME_COST <= OUTBOX_STRANGER_BYTES &&
	       (peer || HASH_COUNT(ob->lingering) < ob->strangers_max);
}

bool outbox_may_send(const struct outbox *ob, struct span routing)
{
	return stranger_has_space(ob, routing, OUTBOX_FRAME_COST);
}

bool outbox_send(struct outbox *ob, struct span routing, struct span bytes)
{
	outbox_collect(ob);
	if (!stranger_has_space(ob, routing, bytes.len)) {
		ob->counts.dropped++;
		return false;
	}
	struct outbox_peer *peer = outbox_open(ob, routing, ob, NULL);
	outbox_add(ob, peer, outbox_put(ob, bytes));
	outbox_close(ob, peer);
	return true;
}

void outbox_counts(const struct outbox *ob, struct outbox_counts *counts)
{
	*counts = ob->counts;
	counts->queued_bytes = total(ob);
	counts->shares_full = ob->shares.full;
}

size_t outbox_queued(const struct outbox_peer *peer)
{
	return peer->queued;
}
