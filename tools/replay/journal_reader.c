#include "journal_reader.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/endpoint.h"
#include "base/mem.h"
#include "wire.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#define FRAME_MAX ((int64_t)64 << 20)
#define WAIT_MS 2000        /* the broker's, while there is nothing to read */
#define PATIENCE_US 6000000 /* then the question is asked again */
#define REFUSED_US 500000
/* Decoded, a frame is larger: structs and padding around short texts. */
#define ARENA_SHARE 16
#define ARENA_BASE ((size_t)64 << 10)

struct journal_reader {
	void *context;
	void *socket;
	uint64_t query;
	uint64_t request_us; /* when to ask (again) */
	uint64_t journal;
	struct buf out;
	struct arena arena;
	bool decoded;
	char error[256];
};

static enum parlor_err failed(struct journal_reader *f, enum parlor_err err, const char *text)
{
	snprintf(f->error, sizeof f->error, "%s (%s)", text, parlor_err_name((int)err));
	return err;
}

static bool set_socket(void *socket, const char *endpoint, const struct keys *keys)
{
	int ipv6 = endpoint_is_ipv6(endpoint), linger = 0, immediate = 1, queue = 1;
	int64_t frame_max = FRAME_MAX;

	return zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
	       zmq_setsockopt(socket, ZMQ_IPV6, &ipv6, sizeof ipv6) == 0 &&
	       zmq_setsockopt(socket, ZMQ_IMMEDIATE, &immediate, sizeof immediate) == 0 &&
	       zmq_setsockopt(socket, ZMQ_SNDHWM, &queue, sizeof queue) == 0 &&
	       zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof frame_max) == 0 &&
	       (!keys ||
		(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->server, KEYS_TEXT) == 0 &&
		 zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, KEYS_TEXT) == 0 &&
		 zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, KEYS_TEXT) == 0));
}

enum parlor_err journal_reader_open(struct journal_reader **out, const char *endpoint,
				    const struct keys *keys)
{
	struct journal_reader *f = mem_new(sizeof *f);

	*out = f;
	f->context = zmq_ctx_new();
	f->socket = f->context ? zmq_socket(f->context, ZMQ_DEALER) : NULL;
	if (f->socket && set_socket(f->socket, endpoint, keys) &&
	    zmq_connect(f->socket, endpoint) == 0)
		return PARLOR_E_OK;
	return failed(f, PARLOR_E_ADDRESS, zmq_strerror(zmq_errno()));
}

void journal_reader_close(struct journal_reader *f)
{
	if (!f)
		return;
	if (f->socket)
		zmq_close(f->socket);
	if (f->context)
		while (zmq_ctx_term(f->context) != 0 && zmq_errno() == EINTR)
			continue;
	if (f->decoded)
		arena_fini(&f->arena);
	buf_fini(&f->out);
	free(f);
}

const char *journal_reader_error(const struct journal_reader *f)
{
	return f->error;
}

/* What cannot be sent now is tried again soon: nobody is connected. */
static void request(struct journal_reader *f, uint64_t from, uint64_t now_us)
{
	Parlor__JournalRead read = PARLOR__JOURNAL_READ__INIT;

	read.query = ++f->query;
	read.from = from;
	read.wait_ms = WAIT_MS;
	buf_clear(&f->out);
	wire_put_field(&f->out, PARLOR__FROM_WORKER__OP_JOURNAL_READ, &read.base);
	bool sent = zmq_send(f->socket, f->out.data, f->out.len, ZMQ_DONTWAIT) >= 0;
	f->request_us = now_us + (sent ? PATIENCE_US : 10000);
}

static enum parlor_err take_page(struct journal_reader *f, const Parlor__JournalPage *got,
				 const Parlor__JournalPage **page)
{
	if (got->query != f->query)
		return PARLOR_E_OK;
	f->request_us = 0;
	if (f->journal && got->journal != f->journal)
		return failed(f, PARLOR_E_VALUE, "another journal answers now");
	f->journal = got->journal;
	if (got->code)
		return failed(f, (enum parlor_err)got->code, got->text);
	*page = got;
	return PARLOR_E_OK;
}

static enum parlor_err take(struct journal_reader *f, zmq_msg_t *frame,
			    const Parlor__JournalPage **page)
{
	ProtobufCMessage *message;
	size_t len = zmq_msg_size(frame);

	if (f->decoded)
		arena_fini(&f->arena);
	f->decoded = true;
	arena_init(&f->arena, ARENA_BASE + ARENA_SHARE * len);
	enum parlor_err err = wire_decode(&parlor__to_worker__descriptor, &f->arena,
					  zmq_msg_data(frame), len, &message);
	if (err)
		return failed(f, err, "the broker's answer is not understood");
	const Parlor__ToWorker *to = (const Parlor__ToWorker *)message;
	if (to->op_case == PARLOR__TO_WORKER__OP_JOURNAL_PAGE)
		return take_page(f, to->journal_page, page);
	if (to->op_case != PARLOR__TO_WORKER__OP_REFUSED)
		return PARLOR_E_OK;
	f->request_us = clock_mono_us() + REFUSED_US;
	if (to->refused->code == PARLOR_E_TOO_MANY || to->refused->code == PARLOR_E_STORE_FULL)
		return PARLOR_E_OK;
	return failed(f, PARLOR_E_OP, "the broker does not serve its journal");
}

static enum parlor_err receive(struct journal_reader *f, const Parlor__JournalPage **page)
{
	enum parlor_err err = PARLOR_E_OK;
	bool more = true;

	while (more && !err && !*page) {
		zmq_msg_t frame;
		zmq_msg_init(&frame);
		more = zmq_msg_recv(&frame, f->socket, ZMQ_DONTWAIT) >= 0;
		if (more)
			err = take(f, &frame, page);
		zmq_msg_close(&frame);
	}
	return err;
}

enum parlor_err journal_reader_next(struct journal_reader *f, uint64_t from, int timeout_ms,
				    const Parlor__JournalPage **page)
{
	uint64_t until_us = clock_mono_us() + (uint64_t)timeout_ms * 1000;
	enum parlor_err err = PARLOR_E_OK;
	int woken = 0;

	*page = NULL;
	while (!err && !*page && woken >= 0) {
		uint64_t now_us = clock_mono_us();
		if (now_us >= f->request_us)
			request(f, from, now_us);
		uint64_t next_us = f->request_us < until_us ? f->request_us : until_us;
		long ms = next_us > now_us ? (long)((next_us - now_us + 999) / 1000) : 0;
		zmq_pollitem_t item = {.socket = f->socket, .events = ZMQ_POLLIN};
		woken = zmq_poll(&item, 1, ms);
		if (woken > 0)
			err = receive(f, page);
		else if (now_us >= until_us)
			break;
	}
	return err;
}
