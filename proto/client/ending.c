#include "client/ending.h"

#include "base/clock.h"
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>

void session_set_trouble(struct session *s, int code, const char *text)
{
	if (!text || !*text)
		text = parlor_err_text(code);
	snprintf(s->trouble, sizeof s->trouble, "%s", text);
}

void session_disconnect(struct session *s, int linger_ms)
{
	waker_watch(&s->waker, -1);
	link_drop(&s->link, linger_ms);
	if (s->welcome)
		parlor__welcome__free_unpacked(s->welcome, NULL);
	s->welcome = NULL;
	s->blocked = false;
	s->unheard_us = 0;
}

static void tell_lost(struct session *s, int code)
{
	if (!s->options.on_lost)
		return;
	s->calling = true;
	s->options.on_lost(s->options.arg, code, s->trouble);
	s->calling = false;
	s->did = true;
}

void session_lose(struct session *s, int code, const char *text)
{
	bool was_up = s->state == SESSION_UP;
	uint64_t now = clock_mono_us();
	uint64_t random;

	if (random_bytes(&random, sizeof random))
		random = now; /* poor, but better than in step with the others */
	if (was_up && now - s->up_at_us > session_us(s->options.retry_ms_max))
		backoff_reset(&s->backoff);
	session_disconnect(s, 0);
	pending_rewind(&s->pending);
	s->state = SESSION_AWAY;
	s->retry_at_us = now + session_us(backoff_next(&s->backoff, random));
	session_set_trouble(s, code, text);
	if (was_up)
		tell_lost(s, code);
}

void session_answer(struct session *s, struct pending_request *r, int code,
		    const Parlor__Reply *reply)
{
	if (r->fn) {
		s->calling = true;
		r->fn(r->arg, code, reply);
		s->calling = false;
		s->did = true;
	}
	free(r);
}

void session_answer_here(struct session *s, struct pending_request *r, int code, const char *text)
{
	Parlor__Reply reply = PARLOR__REPLY__INIT;

	reply.id = r->id;
	reply.code = (uint32_t)code;
	reply.text = (char *)(uintptr_t)text;
	reply.retry = parlor_err_retryable(code);
	session_answer(s, r, code, &reply);
}

void session_refuse(struct session *s, int code, const char *text)
{
	session_disconnect(s, 0);
	s->state = SESSION_REFUSED;
	s->refused_code = code;
	session_set_trouble(s, code, text);
	while (s->pending.first)
		session_answer_here(s, pending_take(&s->pending, s->pending.first->id), code,
				    s->trouble);
	tell_lost(s, code);
}

void session_give_way(struct session *s, int code, bool retry, const char *text)
{
	if (retry || parlor_err_retryable(code))
		session_lose(s, code, text);
	else
		session_refuse(s, code, text);
}
