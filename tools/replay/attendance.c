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

struct bench {
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
	struct bench benches[HEARING_SESSIONS_MAX];
};

struct attendance *attendance_new(struct sessions *sessions, struct summary *summary)
{
	struct attendance *a = mem_new(sizeof(*a));

	a->sessions = sessions;
	a->summary = summary;
	for (unsigned i = 0; i < HEARING_SESSIONS_MAX; i++) {
		a->benches[i].all = a;
		a->benches[i].session = i;
	}
	return a;
}

void attendance_free(struct attendance *a)
{
	struct attendant *one;
	struct attendant *next;

	if (a == NULL)
		return;
	HASH_ITER (hh, a->known, one, next) {
		HASH_DEL(a->known, one);
		free(one);
	}
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
	struct bench *bench = &a->benches[sessions_of(a->sessions, member)];
	if (bench->last == NULL)
		bench->first = one;
	else
		bench->last->next = one;
	bench->last = one;
}

static void answered(void *arg, int code, const Parlor__Reply *reply)
{
	struct bench *bench = arg;

	(void)reply;
	if (code == PARLOR_E_CLOSED)
		return;
	if (parlor_err_retryable(code)) {
		bench->all->summary->retried++;
		bench->retry_at_us = clock_mono_us() + RETRY_PAUSE_US;
		bench->asked = 0;
		return;
	}
	if (code != PARLOR_E_OK)
		summary_refuse(bench->all->summary, code);
	else
		bench->all->summary->acknowledged++;
	for (; bench->asked > 0; bench->asked--)
		bench->first = bench->first->next;
	if (bench->first == NULL)
		bench->last = NULL;
}

static void bench_send(struct bench *bench)
{
	const Parlor__Limits *limits = sessions_limits(bench->all->sessions);
	size_t max = limits->request_members > 0 ? limits->request_members : BATCH_DEFAULT;
	Parlor__Attach attach = PARLOR__ATTACH__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	if (bench->first == NULL || bench->asked > 0 || bench->retry_at_us > clock_mono_us())
		return;
	attach.members = mem_new(max * sizeof(*attach.members));
	for (struct attendant *one = bench->first; one != NULL && attach.n_members < max;
	     one = one->next)
		attach.members[attach.n_members++] = one->id;
	request.op_case = PARLOR__REQUEST__OP_ATTACH;
	request.attach = &attach;
	enum parlor_err err =
		sessions_send(bench->all->sessions, bench->session, &request, answered, bench);
	if (err == PARLOR_E_OK)
		bench->asked = attach.n_members;
	else if (err != PARLOR_E_BUSY) {
		bench->asked = attach.n_members;
		answered(bench, err, NULL);
	}
	free(attach.members);
}

void attendance_send(struct attendance *a)
{
	for (unsigned i = 0; i < sessions_count(a->sessions); i++)
		bench_send(&a->benches[i]);
}

uint64_t attendance_ticket(const struct attendance *a)
{
	return a->tickets;
}

bool attendance_ready(const struct attendance *a, uint64_t ticket)
{
	for (unsigned i = 0; i < sessions_count(a->sessions); i++)
		if (a->benches[i].first != NULL && a->benches[i].first->ticket <= ticket)
			return false;
	return true;
}
