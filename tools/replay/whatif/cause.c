#include "whatif/cause.h"

#include "core/desk/row.h"

#include <parlor/parlor.pb-c.h>

#define NONE SIZE_MAX

static const struct record *record_at(const struct moment *m, size_t i)
{
	return &m->list[i].record;
}

static size_t next_in_room(const struct moment *m, size_t i)
{
	for (size_t k = i + 1; k < m->len; k++)
		if (record_at(m, k)->room == record_at(m, i)->room)
			return k;
	return NONE;
}

/* The next of these kinds in its room; NONE: there is none. */
static size_t find(const struct moment *m, size_t i, enum record_kind_no a, enum record_kind_no b)
{
	size_t k = i;
	while (k != NONE && record_at(m, k)->kind != a && record_at(m, k)->kind != b)
		k = next_in_room(m, k);
	return k;
}

static struct row_conversation row_of(const struct moment *m, size_t i)
{
	struct row_conversation row = {0};
	(void)conversation_get_row(record_at(m, i)->conversation.row, &row);
	return row;
}

static struct cause because(enum cause_kind kind, size_t at)
{
	return (struct cause){kind, at};
}

static struct cause of_assigned(const struct moment *m, size_t i)
{
	switch ((Parlor__AssignHow)record_at(m, i)->conversation.how) {
	case PARLOR__ASSIGN_HOW__HOW_ACCEPTED:
		return because(CAUSE_ACCEPT, i);
	case PARLOR__ASSIGN_HOW__HOW_CLAIMED:
		return because(CAUSE_CLAIM, i);
	case PARLOR__ASSIGN_HOW__HOW_FORCED:
		return because(CAUSE_ASSIGN, i);
	default:
		return because(CAUSE_TIME, i);
	}
}

/* Whoever is assigned joins first; visitors before it is opened, others are added by a
 * service. */
static struct cause of_joined(const struct moment *m, size_t i)
{
	size_t k = find(m, i, RECORD_ASSIGNED, RECORD_OPENED);
	bool serves = k != NONE && record_at(m, k)->kind == RECORD_ASSIGNED &&
		      record_at(m, k)->member == record_at(m, i)->member;
	return serves ? of_assigned(m, k) : because(CAUSE_GIVEN, i);
}

static struct cause of_closed(const struct moment *m, size_t i)
{
	switch ((Parlor__CloseWhy)row_of(m, i).close_why) {
	case PARLOR__CLOSE_WHY__CLOSE_SEAT:
	case PARLOR__CLOSE_WHY__CLOSE_MANAGER:
	case PARLOR__CLOSE_WHY__CLOSE_VISITOR:
	case PARLOR__CLOSE_WHY__CLOSE_SERVICE:
		return because(CAUSE_CLOSE, i);
	default:
		return because(CAUSE_TIME, i);
	}
}

static struct cause of_queued(const struct moment *m, size_t i)
{
	uint8_t why = row_of(m, i).queue_why;
	if (why == PARLOR__QUEUE_WHY__QUEUE_MOVED)
		return because(CAUSE_MOVE, i);
	/* A robot that is silent was looked for before. */
	return because(why == PARLOR__QUEUE_WHY__QUEUE_HANDOFF ? CAUSE_HANDOFF : CAUSE_TIME, i);
}

static struct cause of_released(const struct moment *m, size_t i)
{
	size_t k;
	switch ((Parlor__ReleaseWhy)record_at(m, i)->conversation.how) {
	case PARLOR__RELEASE_WHY__RELEASE_RETURNED:
		return because(CAUSE_RETURN, i);
	case PARLOR__RELEASE_WHY__RELEASE_CLOSED:
		k = find(m, i, RECORD_CLOSED, RECORD_CLOSED);
		return k == NONE ? because(CAUSE_TIME, i) : of_closed(m, k);
	case PARLOR__RELEASE_WHY__RELEASE_HANDOFF:
	case PARLOR__RELEASE_WHY__RELEASE_TRANSFER:
		k = find(m, i, RECORD_QUEUED, RECORD_ASSIGNED);
		if (k == NONE)
			return because(CAUSE_TIME, i);
		return record_at(m, k)->kind == RECORD_QUEUED ? of_queued(m, k) : of_assigned(m, k);
	default:
		return because(CAUSE_TIME, i);
	}
}

/* Called off, or because of what comes next: it is given back, or closed. */
static struct cause of_cancelled(const struct moment *m, size_t i)
{
	size_t k = next_in_room(m, i);
	if (k != NONE && record_at(m, k)->kind == RECORD_RELEASED)
		return of_released(m, k);
	if (k != NONE && record_at(m, k)->kind == RECORD_CLOSED)
		return of_closed(m, k);
	return because(CAUSE_CANCEL, i);
}

static struct cause of_transfer(const struct moment *m, size_t i)
{
	switch ((Parlor__TransferEnd)record_at(m, i)->conversation.how) {
	case PARLOR__TRANSFER_END__TRANSFER_ASKED:
	case PARLOR__TRANSFER_END__TRANSFER_DONE:
		return because(CAUSE_TRANSFER, i);
	case PARLOR__TRANSFER_END__TRANSFER_CANCELLED:
		return of_cancelled(m, i);
	default:
		return because(CAUSE_TIME, i);
	}
}

static struct cause of_offer_ended(const struct moment *m, size_t i)
{
	uint8_t how = record_at(m, i)->conversation.how;
	if (how == PARLOR__OFFER_END__OFFER_DECLINED)
		return because(CAUSE_DECLINE, i);
	size_t k = how == PARLOR__OFFER_END__OFFER_WITHDRAWN ? next_in_room(m, i) : NONE;
	struct cause next = k == NONE ? because(CAUSE_TIME, i) : cause_of(m, k);
	return next.kind == CAUSE_GIVEN ? because(CAUSE_TIME, i) : next;
}

struct cause cause_of(const struct moment *m, size_t i)
{
	switch (record_at(m, i)->kind) {
	case RECORD_BOOT:
		return because(CAUSE_RUN, i);
	case RECORD_JOINED:
		return of_joined(m, i);
	case RECORD_OPENED:
		return because(CAUSE_OPEN, i);
	case RECORD_QUEUED:
		return of_queued(m, i);
	case RECORD_OFFER_ENDED:
		return of_offer_ended(m, i);
	case RECORD_ASSIGNED:
		return of_assigned(m, i);
	case RECORD_RELEASED:
		return of_released(m, i);
	case RECORD_HELD:
		return because(CAUSE_HOLD, i);
	case RECORD_TRANSFER:
		return of_transfer(m, i);
	case RECORD_MARKED:
		return because(CAUSE_MARK, i);
	case RECORD_CLOSED:
		return of_closed(m, i);
	case RECORD_RATED:
		return because(CAUSE_RATE, i);
	case RECORD_OFFERED:
	case RECORD_RAISED:
	case RECORD_REMINDED:
		return because(CAUSE_TIME, i);
	default:
		return because(CAUSE_GIVEN, i);
	}
}
