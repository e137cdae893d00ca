#include "attendance.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* When the broker states no limit. */
#define BATCH_DEFAULT 256
#define RETRY_PAUSE_US 200000

struct attendant {
	UT_hash_handle hh;
	uint64_t ticket;
	struct attendant *next; /* of the same session, in order of tickets */
	char id[];
};

struct attach_queue {
	struct attendance *all;
	unsigned session;
	struct attendant *first; /* not yet answered */
	struct attendant *last;
	size_t asked; /* so many of them are in a request */
	uint64_t retry_at_us;
};

struct attendance {
	struct sessions *sessions;
	struct summary *summary;
	struct attendant *known;
	uint64_t tickets;
	struct attach_queue attach_queues[DELIVERY_CHECK_SESSIONS_MAX];
};

struct attendance *attendance_new(struct sessions *sessions, struct summary *summary)
{
	struct attendance *a = mem_new(sizeof(*a));

	a->sessions = sessions;
	a->summary = summary;
	for (unsigned i = 0; i < DELIVERY_CHECK_SESSIONS_MAX; i++) {
		a->attach_queues[i].all = a;
		a->attach_queues[i].session = i;
	}
	return a;
}

void attendance_free(struct attendance *a)
{
	if (a == NULL)
		return;
	MEM_FREE_TABLE(a->known);
	free(a);
}

void attendance_name(struct attendance *a, const char *member)
{
	struct attendant *one;
	size_t len = strlen(member);

	HASH_FIND(hh, a->known, member, (unsigned)len, one);
	if (one != NULL)
		return;
	one = mem_new(sizeof(*one) + len + 1);
	memcpy(one->id, member, len);
	one->ticket = ++a->tickets;
	HASH_ADD(hh, a->known, id[0], (unsigned)len, one);
	struct attach_queue *attach_queue = &a->attach_queues[sessions_of(a->sessions, member)];
	if (attach_queue->last == NULL)
		attach_queue->first = one;
	else
		attach_queue->last->next = one;
	attach_queue->last = one;
}

static void answered(void *arg, int code, const Parlor__Reply *reply)
{
	struct attach_queue *attach_queue = arg;

	(void)reply;
	if (code == PARLOR_E_CLOSED)
		return;
	if (parlor_err_retryable(code)) {
		attach_queue->all->summary->retried++;
		attach_queue->retry_at_us = clock_mono_us() + RETRY_PAUSE_US;
		attach_queue->asked = 0;
		return;
	}
	if (code != PARLOR_E_OK)
		summary_refuse(attach_queue->all->summary, code);
	else
		attach_queue->all->summary->acknowledged++;
	for (; attach_queue->asked > 0; attach_queue->asked--)
		attach_queue->first = attach_queue->first->next;
	if (attach_queue->first == NULL)
		attach_queue->last = NULL;
}

static void attach_queue_send(struct attach_queue *attach_queue)
{
	const Parlor__Limits *limits = sessions_limits(attach_queue->all->sessions);
	size_t max = limits->request_members > 0 ? limits->request_members : BATCH_DEFAULT;
	Parlor__Attach attach = PARLOR__ATTACH__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	if (attach_queue->first == NULL || attach_queue->asked > 0 ||
	    attach_queue->retry_at_us > clock_mono_us())
		return;
	attach.members = mem_new(max * sizeof(*attach.members));
	for (struct attendant *one = attach_queue->first; one != NULL && attach.n_members < max;
	     one = one->next)
		attach.members[attach.n_members++] = one->id;
	request.op_case = PARLOR__REQUEST__OP_ATTACH;
	request.attach = &attach;
	enum parlor_err err = sessions_send(attach_queue->all->sessions, attach_queue->session,
					    &request, answered, attach_queue);
	if (err == PARLOR_E_OK)
		attach_queue->asked = attach.n_members;
	else if (err != PARLOR_E_BUSY) {
		attach_queue->asked = attach.n_members;
		answered(attach_queue, err, NULL);
	}
	free(attach.members);
}

void attendance_send(struct attendance *a)
{
	for (unsigned i = 0; i < sessions_count(a->sessions); i++)
		attach_queue_send(&a->attach_queues[i]);
}

uint64_t attendance_ticket(const struct attendance *a)
{
	return a->tickets;
}

bool attendance_ready(const struct attendance *a, uint64_t ticket)
{
	for (unsigned i = 0; i < sessions_count(a->sessions); i++)
		if (a->attach_queues[i].first != NULL &&
		    a->attach_queues[i].first->ticket <= ticket)
			return false;
	return true;
}
