/* Who listens to a topic: the sessions that have an attached member in a room, those
 * that a member is attached to, those that watch a tenant. Owns the entries, never
 * the sessions; knows no kind of topic and decides nothing about what a session
 * gets. Answering "who listens to this" costs one hash look-up, whatever the number
 * of topics; the entries then lie side by side. */
#ifndef FANOUT_SUBSCRIBERS_H
#define FANOUT_SUBSCRIBERS_H

#include "core/topic.h"

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct subscribers;
struct session;
struct subscribers_topic;

struct subscribers_entry {
	struct session *session;
	uint64_t since; /* records behind this position are for it */
	uint32_t refs;  /* causes: its members in a room */
	uint32_t slot;  /* private */
};

/* The topics of one session, embedded in it; zeroed is none. Private to
 * subscribers.c but for its len. */
struct subscribers_topics {
	struct subscribers_slot {
		struct subscribers_topic *topic;
		uint32_t at;
	} * *blocks;
	uint32_t len; /* topics that the session listens to */
	uint32_t cap;
};

/* At most so many entries of all sessions, and of those of one tenant. */
struct subscribers *subscribers_new(uint64_t entries_max, uint64_t tenant_max);
/* Every session has been dropped before. NULL is fine. */
void subscribers_free(struct subscribers *);

/* One more cause for the session to listen. `since` of the entry becomes
 * the lowest one given while it exists. PARLOR_E_TOO_MANY when a new entry
 * would pass a limit: nothing changed, the attach is to be refused. */
enum parlor_err subscribers_add(struct subscribers *, struct topic, struct session *,
				uint64_t since) PARLOR_MUST_CHECK;
/* The same without the limits: for who looks at them later. */
void subscribers_put(struct subscribers *, struct topic, struct session *, uint64_t since);
/* So many entries more of the session have space, whoever else comes, until it gives
 * that back: of each before it is added. PARLOR_E_TOO_MANY: there is not. */
enum parlor_err subscribers_reserve(struct subscribers *, struct session *,
				    uint64_t n) PARLOR_MUST_CHECK;
void subscribers_unreserve(struct subscribers *, struct session *, uint64_t n);
/* One cause less; the entry goes with its last one, `since` stays till then.
 * Returns false when there was none. */
bool subscribers_drop(struct subscribers *, struct topic, struct session *);
/* So many entries of a session at most, whatever their refs: it ends. Costs its own topics
 * only. */
void subscribers_drop_session(struct subscribers *, struct session *, uint32_t max);
/* Nobody listens any more: a room is dissolved. */
void subscribers_drop_topic(struct subscribers *, struct topic);

/* What a topic is looked up by: once for those who look it up again and again. */
unsigned subscribers_hash(struct topic);
/* The sessions of a topic, in no order; NULL and 0 when nobody listens. Valid
 * until the next add or drop of that topic. */
const struct subscribers_entry *subscribers_of(const struct subscribers *, struct topic, size_t *n);
const struct subscribers_entry *subscribers_of_hashed(const struct subscribers *, struct topic,
						      unsigned hash, size_t *n);
/* False when the session does not listen to it. */
bool subscribers_since(struct subscribers *, struct topic, const struct session *, uint64_t *since);

uint64_t subscribers_entries(const struct subscribers *);
/* New entries that there is space for, of that session. */
uint64_t subscribers_left(const struct subscribers *, const struct session *);
bool subscribers_over_limit(const struct subscribers *, const struct session *);
/* Times that a tenant came to have all it may. */
uint64_t subscribers_shares_full(const struct subscribers *);
/* What has been looked at to find entries, ever. */
uint64_t subscribers_looks(const struct subscribers *);

/* The entries of a topic of that hash will be asked for: each step fetches the next thing on the
 * way to them into the processor's cache. Only a hint. */
enum subscribers_step { SUBSCRIBERS_BUCKET, SUBSCRIBERS_TOPIC, SUBSCRIBERS_ENTRIES };
void subscribers_prefetch(const struct subscribers *, unsigned hash, enum subscribers_step);

#endif
