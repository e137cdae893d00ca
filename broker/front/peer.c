#include "front/peer.h"

#include "base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer peer_of(const struct front_frame *frame)
{
	struct peer peer = {0};
	struct span routing = front_routing(frame);
	const char *key = front_user(frame);
	/* Another than ROUTER chose is nobody's, and not written to. */
	if (routing.len == sizeof peer.routing)
		memcpy(peer.routing, routing.data, sizeof peer.routing);
	(void)snprintf(peer.key, sizeof peer.key, "%s", key ? key : "");
	return peer;
}

bool peer_equal(const struct peer *a, const struct peer *b)
{
	return memcmp(a->routing, b->routing, sizeof a->routing) == 0 &&
	       strcmp(a->key, b->key) == 0;
}

/* The owner holds one, each frame another. */
struct peer_account {
	atomic_size_t holders;
};

struct peer_account *peer_account_new(void)
{
	struct peer_account *a = mem_new(sizeof *a);
	atomic_init(&a->holders, 1);
	return a;
}

static void account_drop(struct peer_account *a)
{
	if (atomic_fetch_sub(&a->holders, 1) == 1)
		free(a);
}

void peer_account_free(struct peer_account *a)
{
	if (a)
		account_drop(a);
}

size_t peer_account_frames(const struct peer_account *a)
{
	return atomic_load(&a->holders) - 1;
}

/* Runs where ZeroMQ drops the message: in its I/O thread, as a rule. */
static void free_frame(void *data, void *account)
{
	free(data);
	if (account)
		account_drop(account);
}

bool peer_send(void *socket, const struct peer *peer, struct buf *frame,
	       struct peer_account *account)
{
	zmq_msg_t message;
	if (zmq_msg_init_data(&message, frame->data, frame->len, free_frame, account) < 0) {
		buf_fini(frame);
		return false;
	}
	if (account)
		atomic_fetch_add(&account->holders, 1);
	*frame = (struct buf){0};
	if (zmq_send(socket, peer->routing, sizeof peer->routing, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0 ||
	    zmq_msg_send(&message, socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&message);
		return false;
	}
	return true;
}
