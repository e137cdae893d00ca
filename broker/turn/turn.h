/* One turn of the loop: its records, from the core's sink to the journal, and its
 * replies. Records are encoded once, appended together with rows written back in
 * one commit, and then handed on, in order, to whoever delivers them; replies leave
 * then too. Owns the encoded bytes of both; delivers nothing itself. */
#ifndef TURN_TURN_H
#define TURN_TURN_H

#include "core/core.h"
#include "fanout/live.h"
#include "front/replies.h"

struct turn_record {
	struct live_record live; /* for delivery */
	uint8_t partition;
	size_t head_at, head_len;   /* in turn.bytes */
	size_t event_at, event_len; /* 0: nobody is told */
};

struct turn_size {
	uint64_t records, bytes, deliveries;
};

struct turn {
	struct buf bytes;
	struct buf scratch;
	struct turn_record *records;
	size_t len, cap;
	size_t counted;      /* of them, see commit_deliveries */
	uint64_t deliveries; /* of those */
	struct topic joined; /* by the last of those that moved somebody in; so many sessions */
	size_t joined_by;    /* listen to it once they have landed that did not when counted */
	uint64_t *recalls;   /* positions whose body leaves the journal with this commit */
	size_t recalls_len, recalls_cap;
	struct replies replies;
	bool moves;              /* holds a record after which others hear of a room */
	struct turn_size known;  /* of what is in it, looked at by turn_count, and of that: */
	struct turn_size beyond; /* of those who had spent their part of a turn */
	uint32_t partitions;
};

void turn_fini(struct turn *);
/* core_sink.record; ctx is the turn. */
void turn_record(void *turn, const struct record *);
/* The body of the message at that position goes: here at once when the record is
 * of this turn, so that nobody is told it any more, else with the commit. */
void turn_recall_body(struct turn *, uint64_t position);
/* Records that have come since the last time are of one who had spent its part, or not. */
void turn_count(struct turn *, bool beyond);
/* Its records have been handed on, its replies sent. */
void turn_clear(struct turn *);
struct span turn_event(const struct turn *, const struct turn_record *);

/* The same by position; false when there is no such record. */
bool turn_event_at(const struct turn *, uint64_t position, struct span *event);

#endif
