/* What is sent next. Owns what is put down until it is flushed (part_tree.h), and the
 * account of what is queued inside ZeroMQ for each peer. Knows
 * peers by routing id and an owner pointer; knows no event, no request and no session
 * state. Whatever is put down leaves with the next flush: what has to wait for its
 * commit is not put down before (front/replies.h).
 *
 * A part (one or more encoded fields of FromBroker) is put down once; each
 * peer that is to get it costs one step in a tree of parts. Peers that got the
 * same parts stand on the same node and share one frame by reference. At flush
 * the parts of each node become one frame, more only above frame_bytes_max.
 *
 * Accounting: what is handed to ZeroMQ is counted until ZeroMQ has let go of
 * it (its I/O thread does that; the outbox hears of it at the next flush or
 * collect). A peer is charged the frame's bytes and OUTBOX_FRAME_COST; the
 * total counts a shared frame once. These accounts stand in for SNDHWM.
 *
 * Limits: peer_bytes_max a peer, total_bytes_max for all; see outbox_space and
 * outbox_flush for what happens there. One thread calls all of it. */
#ifndef FRONT_OUTBOX_H
#define FRONT_OUTBOX_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTBOX_FRAME_COST 256 /* bytes a frame in flight takes beside its own */
#define OUTBOX_ROUTING_MAX 255
#define OUTBOX_STRANGER_BYTES 4096 /* unread by a peer without a session */

struct outbox;
struct outbox_peer;
struct outbox_share;

struct outbox_limits {
	size_t frame_bytes_max; /* a single larger part still goes, alone */
	size_t peer_bytes_max;  /* queued for a peer; a reply may pass it, by its own length */
	size_t total_bytes_max; /* memory of all that is queued */
	size_t share_bytes_max; /* and of what is for the peers of one tenant; 0: no limit */
};

/* Sends on that ROUTER (ROUTER_MANDATORY set); the socket stays the caller's.
 * NULL when no descriptor is left. */
struct outbox *outbox_new(void *router, const struct outbox_limits *);
/* Only when ZeroMQ holds no frame any more: after zmq_ctx_term. NULL is fine. */
void outbox_free(struct outbox *);

/* A peer to send to. `owner` comes back when it fails. While something of an
 * earlier peer of that routing id is still queued its account goes on: saying
 * hello anew does not empty a queue that nobody reads. share: of its tenant, NULL for
 * none: *share is made for its first peer, and NULL again when its last one is closed and
 * nothing is queued any more; it has to be there till then. */
struct outbox_peer *outbox_open(struct outbox *, struct span routing, void *owner,
				struct outbox_share **share);
/* Its owner ends. What was put down or is held for it is still sent; a failure is no
 * longer reported. The pointer is dead after, but for who holds something for it. */
void outbox_close(struct outbox *, struct outbox_peer *);

/* ---- what is put down -------------------------------------------------------- */

/* Valid until the flush. */
struct outbox_part {
	uint32_t no;
};
/* Copies the bytes. Never empty. */
struct outbox_part outbox_put(struct outbox *, struct span bytes);
/* The same without a copy: encode behind the buffer's end between the two. The
 * buffer is the outbox's; append only. */
struct buf *outbox_begin(struct outbox *);
struct outbox_part outbox_end(struct outbox *);
/* Without a copy too: the bytes stay as they are, and the caller's, until the flush. */
struct outbox_part outbox_refer(struct outbox *, struct span bytes);

void outbox_add(struct outbox *, struct outbox_peer *, struct outbox_part);

/* Bytes of parts put down, those referred to aside. */
size_t outbox_put_down(const struct outbox *);

/* A part is made for the peer that is to be added later: counted as if it were put
 * down, and the peer outlives its close. Then it is added, or not, and let go of. */
void outbox_hold(struct outbox_peer *, size_t bytes);
void outbox_let_go(struct outbox_peer *, size_t bytes);

/* Bytes that may still be added to the peer, what is put down or held included: 0 means
 * no more events, serve it from the journal later. What is added regardless is queued.
 * While more than half of total_bytes_max is queued, a peer's allowance
 * is its fair part of the other half instead of peer_bytes_max: the same for each tenant,
 * and of that the same for each of its peers. The same within a tenant, whatever others
 * have queued, while more than half of share_bytes_max is queued or held for it. */
size_t outbox_space(const struct outbox *, const struct outbox_peer *);

/* Whether a reply may be made for the peer: it has space, or nothing waits for it. Asked
 * before each, and answered no, it keeps what a peer that does not read costs
 * within its allowance and one reply. */
#define OUTBOX_REPLY_SPACE 4096
bool outbox_may_reply(const struct outbox *, const struct outbox_peer *);

/* ---- sending ------------------------------------------------------------------- */

/* Sends what was put down, never waiting. A peer is failed when ZeroMQ
 * does not take its frame (gone, or not readable for long), when 4 times
 * peer_bytes_max and two frames more would be queued for it (a single part always
 * goes when nothing else is), or when total_bytes_max or its tenant's share was passed
 * before and it is over its fair part: frames behind that are dropped and it is listed. */
void outbox_flush(struct outbox *);
/* Owner of a peer that failed and is not closed, each once; NULL: no more. */
void *outbox_failed(struct outbox *);

/* Takes back what ZeroMQ has let go of. Flush does it too. */
void outbox_collect(struct outbox *);
/* To wait for ZeroMQ letting go: a descriptor for the loop's zmq_poll, readable
 * once something came back since outbox_arm. False: something is back already,
 * do not wait. Collect drains it. */
int outbox_fd(const struct outbox *);
bool outbox_arm(struct outbox *);

/* ---- without a session ------------------------------------------------------- */

/* Bytes for someone who has no peer (no hello yet), sent with the next flush. Each
 * has a share of its own, so that one who does not read is not answered and all
 * others are. Dropped when its share is used up, or when so many have unread
 * frames that their shares make 1/64 of total_bytes_max. False when dropped. */
bool outbox_send(struct outbox *, struct span routing, struct span frame);
/* Whether such a frame of the usual size would be sent. */
bool outbox_may_send(const struct outbox *, struct span routing);

struct outbox_counts {
	uint64_t frames;       /* handed to ZeroMQ */
	uint64_t frame_bytes;  /* of them */
	uint64_t shared;       /* of the frames, those that reused another peer's bytes */
	uint64_t failed;       /* peers */
	uint64_t dropped;      /* frames: of failed peers and of outbox_send */
	uint64_t queued_bytes; /* now in ZeroMQ's hands */
	uint64_t shares_full;  /* times that half of a tenant's share was queued for it */
	uint64_t peers;        /* open now */
};
void outbox_counts(const struct outbox *, struct outbox_counts *);
/* Queued for one peer now, OUTBOX_FRAME_COST a frame included. */
size_t outbox_queued(const struct outbox_peer *);

#endif
