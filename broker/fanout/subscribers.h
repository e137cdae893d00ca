/* Who listens to a room: room number -> the sessions that have an attached
 * member in it. Owns the entries, never the sessions; decides nothing about
 * what a session gets. Answering "who is in room n" costs one hash look-up,
 * whatever the number of rooms; the entries then lie side by side. */
#ifndef FANOUT_SUBSCRIBERS_H
#define FANOUT_SUBSCRIBERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct subscribers;
struct session;
struct subscribers_room;

struct subscribers_entry {
	struct session *session;
	uint64_t since; /* records of the room behind this position are for it */
	uint32_t refs;  /* attached members of the session in the room */
	uint32_t slot;  /* private */
};

/* The rooms of one session, embedded in it; zeroed is none. Private to
 * subscribers.c but for its len. */
struct subscribers_rooms {
	struct subscribers_slot {
		struct subscribers_room *room;
		uint32_t at;
	} * slots;
	uint32_t len; /* rooms that the session listens to */
	uint32_t cap;
};

struct subscribers *subscribers_new(uint64_t entries_max);
/* Every session has been dropped before. NULL is fine. */
void subscribers_free(struct subscribers *);

/* One more member of the session is in the room. `since` of the entry becomes
 * the lowest one given while it exists. PARLOR_E_TOO_MANY when a new entry
 * would pass entries_max: nothing changed, the attach is to be refused. */
enum parlor_err subscribers_add(struct subscribers *, uint64_t room, struct session *,
				uint64_t since) PARLOR_MUST_CHECK;
/* One member less; the entry goes with its last one, `since` stays till then.
 * Returns false when there was none. */
bool subscribers_drop(struct subscribers *, uint64_t room, struct session *);
/* All entries of a session at once, whatever their refs: it ends. Costs its
 * own rooms only. */
void subscribers_drop_session(struct subscribers *, struct session *);
/* A room is dissolved: all entries of it. */
void subscribers_drop_room(struct subscribers *, uint64_t room);

/* The sessions of a room, in no order; NULL and 0 when nobody listens. Valid
 * until the next add or drop. */
const struct subscribers_entry *subscribers_of(const struct subscribers *, uint64_t room,
					       size_t *n);
/* False when the session does not listen to the room. */
bool subscribers_since(const struct subscribers *, uint64_t room, const struct session *,
		       uint64_t *since);

uint64_t subscribers_entries(const struct subscribers *);
uint64_t subscribers_room_count(const struct subscribers *);

/* That room's entries will be asked for: each step fetches the next thing on the
 * way to them into the processor's cache. Only a hint. */
enum subscribers_step { SUBSCRIBERS_BUCKET, SUBSCRIBERS_ROOM, SUBSCRIBERS_ENTRIES };
void subscribers_prefetch(const struct subscribers *, uint64_t room, enum subscribers_step);

#endif
