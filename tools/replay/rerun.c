#include "rerun.h"

#include "base/clock.h"
#include "base/mem.h"
#include "interrupt.h"
#include "operation.h"
#include "places.h"
#include "progress.h"
#include "tenants.h"
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define WAIT_MS_MAX 500
#define RETRY_PAUSE_US 200000
#define RETRIES_MAX 100
#define DRAIN_US 5000000 /* for answers still out after an interrupt */

struct rerun {
	const struct play_options *options;
	struct summary *summary;
	struct workload workload;
	struct operation *out; /* sent and unanswered, or to be sent again; in order */
	size_t waiting;        /* for an answer */
	size_t waiting_max;
	size_t again; /* of out: refused for a while */
	bool apart;   /* what was sent last is waited for */
	uint64_t retry_us;
	uint64_t start_us; /* of this pass over the file */
	uint64_t posts;
	struct progress progress;
};

/* ---- answers ---------------------------------------------------------------------- */

static void take_done(struct rerun *r, const struct operation *d, const Parlor__Reply *reply)
{
	struct summary *s = r->summary;

	s->acknowledged++;
	s->notices += d->notice && !(d->kind->rules & OPERATION_TAKES_TEXT);
	if (d->kind->counted)
		++*(uint64_t *)(void *)((char *)s + d->kind->counted);
	if (d->kind->done)
		d->kind->done(d, reply, s);
}

static void take_refused(struct rerun *r, const struct operation *d, int code)
{
	if (d->kind->refused && d->kind->refused(d, code))
		r->summary->acknowledged++;
	else
		summary_refuse(r->summary, code);
}

static void drop(struct rerun *r, struct operation *d)
{
	DL_DELETE(r->out, d);
	if (d->place)
		d->place->out--;
	operation_free(d);
}

static void take_reply(void *arg, int code, const Parlor__Reply *reply)
{
	struct operation *d = arg;
	struct rerun *r = d->owner;

	r->waiting--;
	if (!reply) {
		r->summary->unanswered++;
	} else if (code == PARLOR_E_OK) {
		take_done(r, d, reply);
	} else if (parlor_err_retryable(code) && d->tries < RETRIES_MAX) {
		r->summary->retried++;
		r->retry_us = clock_mono_us() + RETRY_PAUSE_US;
		r->again++;
		d->again = true;
		return;
	} else {
		take_refused(r, d, code);
	}
	drop(r, d);
}

/* ---- requests ---------------------------------------------------------------------- */

static enum parlor_err hand_over(struct operation *d, Parlor__Request *request)
{
	d->sent_us = clock_mono_us();
	return sessions_send(d->tenant->sessions, 0, request, take_reply, d);
}

/* False when it cannot be sent now. */
static bool send_operation(struct rerun *r, struct operation *d)
{
	enum parlor_err err = d->kind->send(d, hand_over);

	if (err == PARLOR_E_BUSY)
		return false;
	r->waiting++;
	if (err != PARLOR_E_OK) {
		Parlor__Reply none = PARLOR__REPLY__INIT;
		d->tries = RETRIES_MAX;
		take_reply(d, (int)err, &none);
	}
	return true;
}

static uint64_t due_us(const struct rerun *r, const struct operation *d)
{
	uint64_t due =
		r->start_us + pace_event_us(&r->options->pace, r->workload.first_ms, d->event.t_ms);
	uint64_t post = r->start_us + pace_post_us(&r->options->pace, r->posts);

	return d->kind == &operation_post && post > due ? post : due;
}

/* A room's first message in a recording that lacks its beginning tells how many
 * there were before. */
static void count_ahead(struct operation *d)
{
	if (d->kind != &operation_post || d->place->counted)
		return;
	d->place->counted = true;
	d->place->ahead = (uint64_t)d->event.seq - 1;
}

/* What comes to nothing goes at once. */
static bool is_idle(struct rerun *r, const struct operation *d)
{
	if (!d->place)
		return false;
	bool foreign = d->place->foreign;
	bool senseless = !foreign && d->kind->has_sense && !d->kind->has_sense(d);

	r->summary->left_alone += foreign;
	r->summary->passed_over += senseless && !d->kind->then;
	return foreign || senseless;
}

enum sent { SENT, SENT_NOT_DUE, SENT_NOT_NOW };

static enum sent send_next(struct rerun *r)
{
	struct operation *d = r->workload.operations;
	uint64_t now_us = clock_mono_us();
	uint64_t due = due_us(r, d);

	if (due > now_us)
		return SENT_NOT_DUE;
	bool apart = r->workload.desk && (d->kind->rules & OPERATION_APART);
	if (r->waiting && (apart || r->apart))
		return SENT_NOT_NOW;
	if (r->again || r->waiting >= r->waiting_max ||
	    (d->place && !place_free(d->place, d->kind)))
		return SENT_NOT_NOW;
	DL_DELETE(r->workload.operations, d);
	count_ahead(d);
	if (is_idle(r, d)) {
		operation_free(d);
		return SENT;
	}
	r->apart = apart;
	d->owner = r;
	DL_APPEND(r->out, d);
	if (d->place) {
		d->place->out++;
		d->place->last = d->kind;
	}
	if (pace_is_timed(&r->options->pace))
		histogram_add(&r->summary->late_us, now_us - due);
	r->posts += d->kind == &operation_post;
	if (!send_operation(r, d)) {
		d->again = true;
		r->again++;
		r->retry_us = now_us;
	}
	return SENT;
}

/* Once nothing else is out, what was refused for a while is sent again, in
 * order. */
static void send_again(struct rerun *r)
{
	struct operation *d, *next;

	if (!r->again || r->waiting || clock_mono_us() < r->retry_us)
		return;
	DL_FOREACH_SAFE (r->out, d, next) {
		if (!d->again)
			continue;
		d->again = false;
		r->again--;
		d->tries++;
		if (!send_operation(r, d)) {
			d->again = true;
			r->again++;
			return;
		}
	}
}

/* ---- turns ---------------------------------------------------------------------------- */

static int wait_ms(const struct rerun *r, enum sent sent)
{
	uint64_t now_us = clock_mono_us(), until_us = now_us + WAIT_MS_MAX * 1000;

	if (r->again && r->retry_us < until_us)
		until_us = r->retry_us;
	if (sent == SENT_NOT_DUE && due_us(r, r->workload.operations) < until_us)
		until_us = due_us(r, r->workload.operations);
	return until_us > now_us ? (int)((until_us - now_us + 999) / 1000) : 0;
}

static bool work(struct rerun *r, int timeout_ms)
{
	if (tenants_work(&r->workload.tenants, timeout_ms) == PARLOR_E_OK)
		return true;
	snprintf(r->summary->broker_error, sizeof r->summary->broker_error, "%s",
		 r->workload.tenants.error);
	return false;
}

/* Operations to send, as long as there are any. False: not any more. */
static bool refill(struct rerun *r)
{
	while (!r->workload.operations && !r->workload.ended)
		if (!workload_next(&r->workload))
			return false;
	return r->workload.operations != NULL;
}

/* Everything of the file was answered: again from its beginning, or the end. */
static bool next_pass(struct rerun *r)
{
	if (r->workload.loop >= r->options->loops)
		return false;
	r->start_us = clock_mono_us();
	r->posts = 0;
	return workload_rewind(&r->workload);
}

/* False: it is over, for good or for bad. */
static bool play_turn(struct rerun *r)
{
	enum sent sent = SENT;

	send_again(r);
	for (size_t n = 0; sent == SENT && n < r->waiting_max && refill(r); n++)
		sent = send_next(r);
	if (r->workload.failed)
		return false;
	progress_tell(&r->progress, r->workload.events, 0, "events");
	if (!r->workload.operations && r->workload.ended && !r->out)
		return next_pass(r);
	bool blocked = sent != SENT || r->workload.ended;
	return work(r, blocked ? wait_ms(r, sent) : 0);
}

static void drain(struct rerun *r)
{
	uint64_t until_us = clock_mono_us() + DRAIN_US;

	while (r->waiting && clock_mono_us() < until_us)
		if (!work(r, 50))
			return;
}

static void note_failure(struct rerun *r)
{
	struct summary *s = r->summary;

	if (r->workload.failed == WORKLOAD_INPUT)
		snprintf(s->input_error, sizeof s->input_error, "%s", workload_error(&r->workload));
	else if (r->workload.failed)
		snprintf(s->broker_error, sizeof s->broker_error, "%s",
			 workload_error(&r->workload));
}

static void finish(struct rerun *r)
{
	struct operation *d, *next;

	r->summary->interrupted = interrupted();
	r->summary->reconnects += tenants_reconnects(&r->workload.tenants);
	/* Unanswered requests are called back here. */
	tenants_close(&r->workload.tenants);
	DL_FOREACH_SAFE (r->out, d, next) {
		r->summary->unsent++;
		drop(r, d);
	}
	DL_FOREACH_SAFE (r->workload.operations, d, next)
		r->summary->unsent++;
	workload_fini(&r->workload);
}

void rerun_play(const struct play_options *options, struct lines *lines, struct summary *summary)
{
	uint64_t begun_us = clock_mono_us();
	struct rerun r = {.options = options, .summary = summary, .start_us = begun_us};

	workload_init(&r.workload, options, lines);
	r.waiting_max = options->in_flight;
	while (!r.workload.failed && !interrupted() && play_turn(&r))
		if (options->stored && workload_waiting_max(&r.workload) < r.waiting_max)
			r.waiting_max = workload_waiting_max(&r.workload);
	/* What went before a bad line is answered first. */
	drain(&r);
	summary->seconds += (double)(clock_mono_us() - begun_us) / 1e6;
	progress_end(&r.progress);
	note_failure(&r);
	finish(&r);
}
