#include "client/hello.h"

#include "base/clock.h"
#include "client/ending.h"
#include "client/sending.h"

#include <parlor/version.h>

#include <stdlib.h>

#define GOODBYE_LINGER_MS 200

static void say_hello(struct session *s)
{
	Parlor__Hello hello = PARLOR__HELLO__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	hello.version = PARLOR_PROTOCOL_VERSION;
	hello.tenant = (char *)(uintptr_t)s->options.tenant;
	hello.client = (char *)(uintptr_t)s->options.name;
	hello.members = attached_ids(&s->attached, &hello.n_members);
	hello.resume = s->known && s->options.on_event;
	hello.journal = hello.resume ? s->journal : 0;
	hello.position = hello.resume ? s->position : 0;
	hello.credit = s->options.credit;
	hello.presence = s->options.presence;
	request.op_case = PARLOR__REQUEST__OP_HELLO;
	request.hello = &hello;
	buf_clear(&s->out);
	session_put_own(s, &request);
	s->hello_id = s->last_id;
	free(hello.members);
}

enum parlor_err session_start(struct session *s)
{
	const struct link_setup setup = {
		.endpoint = s->options.endpoint,
		.server_key = s->options.server_key,
		.public_key = s->options.public_key,
		.secret_key = s->options.secret_key,
		.reconnect_ms_min = (int)s->options.retry_ms_min,
		.reconnect_ms_max = (int)s->options.retry_ms_max,
	};
	enum parlor_err err = link_open(&s->link, &setup);

	if (err)
		return err;
	waker_watch(&s->waker, link_fd(&s->link));
	s->state = SESSION_HELLO;
	s->hello_at_us = clock_mono_us();
	say_hello(s);
	session_transmit(s);
	return PARLOR_E_OK;
}

/* A new session takes its members for online: say who was set otherwise, ahead
 * of any change that is still unanswered. */
static void restore_presence(struct session *s)
{
	uint32_t room = session_frame_requests(s);

	buf_clear(&s->out);
	for (struct attached_member *m = s->attached.members; m; m = m->hh.next) {
		Parlor__PresenceSet set = PARLOR__PRESENCE_SET__INIT;
		Parlor__Request request = PARLOR__REQUEST__INIT;

		if (m->presence != PARLOR__PRESENCE__PRESENCE_BUSY)
			continue;
		set.member = m->id;
		set.presence = m->presence;
		request.op_case = PARLOR__REQUEST__OP_PRESENCE_SET;
		request.presence_set = &set;
		session_put_own(s, &request);
		if (--room == 0) {
			if (!session_transmit(s))
				return;
			buf_clear(&s->out);
			room = session_frame_requests(s);
		}
	}
	if (s->out.len)
		session_transmit(s);
}

static void *copy_of(const ProtobufCMessage *message)
{
	struct buf bytes = {0};
	void *copy;

	buf_reserve(&bytes, protobuf_c_message_get_packed_size(message));
	bytes.len = protobuf_c_message_pack(message, bytes.data);
	copy = protobuf_c_message_unpack(message->descriptor, NULL, bytes.len, bytes.data);
	buf_fini(&bytes);
	return copy;
}

void session_begin(struct session *s, const Parlor__Welcome *welcome)
{
	bool resumed = s->known && s->options.on_event && !welcome->reset;

	s->welcome = copy_of(&welcome->base);
	if (!s->welcome) {
		session_lose(s, PARLOR_E_NO_MEMORY, NULL);
		return;
	}
	if (!resumed)
		s->position = welcome->position;
	s->journal = welcome->journal;
	s->known = s->begun = true;
	s->state = SESSION_UP;
	s->up_at_us = clock_mono_us();
	s->taken = 0;
	s->trouble[0] = '\0';
	restore_presence(s);
	if (s->state != SESSION_UP || !s->options.on_session)
		return;
	s->calling = true;
	s->options.on_session(s->options.arg, s->welcome, s->welcome->reset);
	s->calling = false;
	s->did = true;
}

void session_say_goodbye(struct session *s)
{
	Parlor__Goodbye goodbye = PARLOR__GOODBYE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	if (s->state != SESSION_UP)
		return;
	request.op_case = PARLOR__REQUEST__OP_GOODBYE;
	request.goodbye = &goodbye;
	buf_clear(&s->out);
	session_put_own(s, &request);
	if (session_transmit(s))
		session_disconnect(s, GOODBYE_LINGER_MS);
}
