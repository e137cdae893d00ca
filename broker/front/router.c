#include "front/router.h"

#include "base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

struct link {
	void *socket;
	zmq_msg_t id;
	zmq_msg_t frame;
};

bool link_peer_equal(const struct link_peer *a, const struct link_peer *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0 &&
	       strcmp(a->key, b->key) == 0;
}

struct link *link_new(void *socket)
{
	struct link *l = mem_new(sizeof *l);
	l->socket = socket;
	zmq_msg_init(&l->id);
	zmq_msg_init(&l->frame);
	return l;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	zmq_msg_close(&l->id);
	zmq_msg_close(&l->frame);
	free(l);
}

/* The frames of a message arrive together: what follows is there. */
static bool drop_rest(struct link *l)
{
	bool any = false;
	while (zmq_msg_more(&l->frame)) {
		any = true;
		if (zmq_msg_recv(&l->frame, l->socket, ZMQ_DONTWAIT) < 0)
			break;
	}
	return any;
}

static void peer_read(struct link_peer *peer, zmq_msg_t *id)
{
	*peer = (struct link_peer){.len = (uint8_t)zmq_msg_size(id)};
	memcpy(peer->bytes, zmq_msg_data(id), peer->len);
}

/* ROUTER's own frame with the id does not have it: what the peer sent does. */
static void key_read(struct link_peer *peer, zmq_msg_t *frame)
{
	const char *key = zmq_msg_gets(frame, "User-Id");
	(void)snprintf(peer->key, sizeof peer->key, "%s", key ? key : "");
}

enum link_got link_receive(struct link *l, struct link_peer *peer, struct span *frame)
{
	if (zmq_msg_recv(&l->id, l->socket, ZMQ_DONTWAIT) < 0)
		return LINK_NOTHING;
	peer_read(peer, &l->id);
	if (!zmq_msg_more(&l->id) || zmq_msg_recv(&l->frame, l->socket, ZMQ_DONTWAIT) < 0)
		return LINK_BAD;
	key_read(peer, &l->frame);
	if (drop_rest(l))
		return LINK_BAD;
	*frame = (struct span){zmq_msg_data(&l->frame), zmq_msg_size(&l->frame)};
	return LINK_FRAME;
}

int link_fd(const struct link *l)
{
	return zmq_msg_get(&l->frame, ZMQ_SRCFD);
}

/* The owner holds one, each frame another. */
struct link_account {
	atomic_size_t holders;
};

struct link_account *link_account_new(void)
{
	struct link_account *a = mem_new(sizeof *a);
	atomic_init(&a->holders, 1);
	return a;
}

static void account_drop(struct link_account *a)
{
	if (atomic_fetch_sub(&a->holders, 1) == 1)
		free(a);
}

void link_account_free(struct link_account *a)
{
	if (a)
		account_drop(a);
}

size_t link_account_frames(const struct link_account *a)
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

bool link_send(struct link *l, const struct link_peer *peer, struct buf *frame)
{
	return link_send_counted(l, peer, frame, NULL);
}

bool link_send_counted(struct link *l, const struct link_peer *peer, struct buf *frame,
		       struct link_account *account)
{
	zmq_msg_t message;
	if (zmq_msg_init_data(&message, frame->data, frame->len, free_frame, account) < 0) {
		buf_fini(frame);
		return false;
	}
	if (account)
		atomic_fetch_add(&account->holders, 1);
	*frame = (struct buf){0};
	if (zmq_send(l->socket, peer->bytes, peer->len, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0 ||
	    zmq_msg_send(&message, l->socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&message);
		return false;
	}
	return true;
}
