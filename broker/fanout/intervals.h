/* Where sessions that catch up listened before: from which record of a topic to which,
 * for those whose member has left since. Found by topic, so that a journal entry costs
 * one look-up and those concerned, however many catch up. Owns the intervals, never the
 * sessions; knows no kind of topic. */
#ifndef FANOUT_INTERVALS_H
#define FANOUT_INTERVALS_H

#include "core/topic.h"

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct intervals;
struct session;

struct interval {
	struct interval *prev, *next;  /* of the same topic */
	struct interval *session_next; /* of the same session */
	struct interval_topic *topic;
	struct session *session;
	uint64_t from, to; /* positions, both included: a member sees itself come and go */
};

/* The intervals of one session, embedded in it; zeroed is none. */
struct intervals_session {
	struct interval *first;
	uint64_t len;
	bool dropping;
	struct session *drop_prev, *drop_next;
};

/* At most so many of one session, of the sessions of one tenant, and of all. */
struct intervals *intervals_new(uint64_t session_max, uint64_t tenant_max, uint64_t all_max);
/* Every session has been dropped before. NULL is fine. */
void intervals_free(struct intervals *);

/* PARLOR_E_TOO_MANY at a limit: the session is to be reset. */
enum parlor_err intervals_add(struct intervals *, struct topic, struct session *, uint64_t from,
			      uint64_t to) PARLOR_MUST_CHECK;
/* Those of a topic, of all sessions and in no order: on with ->next. NULL: none. */
const struct interval *intervals_of(const struct intervals *, struct topic);
/* It has caught up, or ends: none of them matters any more. They are freed by and by, and
 * the session has to be there until it has none. Where it gets another one before, those
 * that are left stay until the next time. */
void intervals_drop_session(struct intervals *, struct session *);
/* So many at once, of whichever sessions were dropped. */
void intervals_drop_more(struct intervals *, size_t max);
bool intervals_dropping(const struct intervals *); /* there are more */
/* Times that a tenant came to have all it may. */
uint64_t intervals_shares_full(const struct intervals *);

#endif
