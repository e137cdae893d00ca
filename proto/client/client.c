/* The public functions: one session, and callers that wait on it. */
#include <parlor/client.h>

#include "base/clock.h"
#include "client/session.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Members in one request while the broker has not said how many it takes. */
#define REQUEST_MEMBERS 64

struct parlor_client {
	struct session session;
	char error[SESSION_TEXT_BYTES * 2];
};

static enum parlor_err say(parlor_client *c, int code, const char *text)
{
	snprintf(c->error, sizeof c->error, "%s", text && *text ? text : parlor_err_text(code));
	return (enum parlor_err)code;
}

/* The text of a session that was refused is its own, of anything else the
 * code's. */
static enum parlor_err say_session(parlor_client *c, enum parlor_err code)
{
	const struct session *s = &c->session;
	bool refused = s->state == SESSION_REFUSED && code == (enum parlor_err)s->refused_code;

	return say(c, code, refused ? s->trouble : NULL);
}

static enum parlor_err say_timeout(parlor_client *c)
{
	const struct session *s = &c->session;

	if (s->state == SESSION_UP)
		return say(c, PARLOR_E_TIMEOUT, NULL);
	snprintf(c->error, sizeof c->error, "no answer in time from %s: %s", s->options.endpoint,
		 s->trouble);
	return PARLOR_E_TIMEOUT;
}

enum parlor_err parlor_client_open(parlor_client **out, const struct parlor_client_options *options)
{
	parlor_client *c = calloc(1, sizeof *c);
	enum parlor_err err;

	*out = NULL;
	if (!c)
		return PARLOR_E_NO_MEMORY;
	err = session_init(&c->session, options);
	if (err) {
		session_fini(&c->session);
		free(c);
		return err;
	}
	say(c, PARLOR_E_OK, NULL);
	*out = c;
	return PARLOR_E_OK;
}

void parlor_client_close(parlor_client *c)
{
	/* From within a callback it would pull the ground from under the
	 * caller: it is not allowed, and nothing happens. */
	if (!c || c->session.calling)
		return;
	session_fini(&c->session);
	free(c);
}

/* Session requests of the library's own would set it at odds with the broker. */
static bool is_callers(const Parlor__Request *request)
{
	return request->op_case != PARLOR__REQUEST__OP_HELLO &&
	       request->op_case != PARLOR__REQUEST__OP_GOODBYE &&
	       request->op_case != PARLOR__REQUEST__OP_CREDIT;
}

static enum parlor_err send_numbered(parlor_client *c, Parlor__Request *request,
				     parlor_reply_fn *fn, void *arg, uint64_t *id)
{
	if (!is_callers(request))
		return say(c, PARLOR_E_OP, "the library itself keeps the session");
	return say_session(c, session_send(&c->session, request, fn, arg, id));
}

enum parlor_err parlor_client_send(parlor_client *c, Parlor__Request *request, parlor_reply_fn *fn,
				   void *arg)
{
	return send_numbered(c, request, fn, arg, NULL);
}

enum parlor_err parlor_client_poll(parlor_client *c, int timeout_ms, bool *did)
{
	enum parlor_err err;

	if (did)
		*did = false;
	if (c->session.calling)
		return say(c, PARLOR_E_USAGE, "a callback may not poll or call");
	err = session_poll(&c->session, timeout_ms, NULL);
	if (did)
		*did = c->session.did;
	return say_session(c, err);
}

struct call {
	parlor_client *client;
	bool done;
	int code;
	Parlor__Reply *reply;
};

/* The reply lives no longer than the callback: the caller gets a copy. */
static Parlor__Reply *copy_reply(const Parlor__Reply *reply)
{
	size_t size = parlor__reply__get_packed_size(reply);
	uint8_t *bytes = malloc(size + 1);
	Parlor__Reply *copy = NULL;

	if (bytes)
		copy = parlor__reply__unpack(NULL, parlor__reply__pack(reply, bytes), bytes);
	free(bytes);
	return copy;
}

static void on_answer(void *arg, int code, const Parlor__Reply *reply)
{
	struct call *call = arg;

	call->done = true;
	call->code = code;
	say(call->client, code, reply ? reply->text : NULL);
	if (code)
		return;
	call->reply = copy_reply(reply);
	if (!call->reply)
		call->code = say(call->client, PARLOR_E_NO_MEMORY, NULL);
}

static int left_ms(uint64_t deadline_us)
{
	uint64_t now = clock_mono_us();

	if (deadline_us == UINT64_MAX)
		return -1;
	if (now >= deadline_us)
		return 0;
	return (int)((deadline_us - now + 999) / 1000);
}

enum parlor_err parlor_client_call(parlor_client *c, Parlor__Request *request, int timeout_ms,
				   Parlor__Reply **reply)
{
	struct call call = {.client = c};
	uint64_t deadline = UINT64_MAX;
	enum parlor_err err;
	uint64_t id;

	if (reply)
		*reply = NULL;
	if (c->session.calling)
		return say(c, PARLOR_E_USAGE, "a callback may not poll or call");
	err = send_numbered(c, request, on_answer, &call, &id);
	if (err)
		return err;
	if (timeout_ms >= 0)
		deadline = clock_mono_us() + (uint64_t)timeout_ms * 1000;
	while (!call.done && !err) {
		int left = left_ms(deadline);

		err = session_poll(&c->session, left, NULL);
		if (!call.done && !err && left == 0) {
			session_forget(&c->session, id);
			return say_timeout(c);
		}
	}
	if (reply)
		*reply = call.reply;
	else
		parlor_reply_free(call.reply);
	return (enum parlor_err)call.code;
}

void parlor_reply_free(Parlor__Reply *reply)
{
	parlor__reply__free_unpacked(reply, NULL);
}

const char *parlor_client_error(const parlor_client *c)
{
	return c->error;
}

static size_t request_members(const parlor_client *c)
{
	const Parlor__Welcome *welcome = c->session.welcome;

	if (welcome && welcome->limits && welcome->limits->request_members)
		return welcome->limits->request_members;
	return REQUEST_MEMBERS;
}

static enum parlor_err change_members(parlor_client *c, Parlor__Request__OpCase op,
				      const char *const *members, size_t n, int timeout_ms)
{
	uint64_t deadline = UINT64_MAX;
	enum parlor_err err = PARLOR_E_OK;

	if (timeout_ms >= 0)
		deadline = clock_mono_us() + (uint64_t)timeout_ms * 1000;
	for (size_t done = 0, count; done < n && !err; done += count) {
		Parlor__Attach attach = PARLOR__ATTACH__INIT;
		Parlor__Detach detach = PARLOR__DETACH__INIT;
		Parlor__Request request = PARLOR__REQUEST__INIT;

		count = n - done < request_members(c) ? n - done : request_members(c);
		attach.members = detach.members = (char **)(uintptr_t)(members + done);
		attach.n_members = detach.n_members = count;
		request.op_case = op;
		if (op == PARLOR__REQUEST__OP_ATTACH)
			request.attach = &attach;
		else
			request.detach = &detach;
		err = parlor_client_call(c, &request, left_ms(deadline), NULL);
	}
	return err;
}

enum parlor_err parlor_client_attach(parlor_client *c, const char *const *members, size_t n,
				     int timeout_ms)
{
	return change_members(c, PARLOR__REQUEST__OP_ATTACH, members, n, timeout_ms);
}

enum parlor_err parlor_client_detach(parlor_client *c, const char *const *members, size_t n,
				     int timeout_ms)
{
	return change_members(c, PARLOR__REQUEST__OP_DETACH, members, n, timeout_ms);
}

bool parlor_client_position(const parlor_client *c, uint64_t *journal, uint64_t *position)
{
	if (!c->session.begun)
		return false;
	*journal = c->session.journal;
	*position = c->session.position;
	return true;
}

const Parlor__Welcome *parlor_client_welcome(const parlor_client *c)
{
	return c->session.welcome;
}

size_t parlor_client_pending(const parlor_client *c)
{
	return c->session.pending.count;
}

int parlor_client_fd(const parlor_client *c)
{
	/* Made when first asked for, which changes nothing a caller can see. */
	return session_fd((struct session *)(uintptr_t)&c->session);
}
