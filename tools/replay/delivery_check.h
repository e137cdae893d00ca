/* Who is to hear which post, and what was heard: the check that deliveries are
 * complete, in order and single, per session. A post is noted when it is sent,
 * with the sessions that have a member in its room; it is settled as they hear
 * it. Owns a mark of 8 bytes a post for as long as its room is being played or
 * something of it is still to be heard. Knows no client library. */
#ifndef DELIVERY_CHECK_H
#define DELIVERY_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DELIVERY_CHECK_SESSIONS_MAX 64
/* So many deliveries may be outstanding before play holds back posts. */
#define DELIVERY_CHECK_OUTSTANDING_MAX (1U << 20)

struct delivery_check_room;

/* Zeroed is empty. */
struct delivery_check {
	struct delivery_check_room *rooms;
	uint64_t expected;     /* deliveries noted, refused posts not counted */
	uint64_t heard;        /* of these */
	uint64_t unexpected;   /* twice, or by a session that has nobody in the room */
	uint64_t out_of_order; /* seq not above the one heard before in the room */
	uint64_t foreign;      /* posts that are not of this play */
	uint64_t heard_by[DELIVERY_CHECK_SESSIONS_MAX];
};

void delivery_check_fini(struct delivery_check *);
uint64_t delivery_check_outstanding(const struct delivery_check *);

/* The room is played from now on; `events` is how many it has. Valid until
 * delivery_check_close. */
struct delivery_check_room *delivery_check_open(struct delivery_check *, const char *room,
						size_t events);
/* Nothing more is expected beyond what was noted. */
void delivery_check_close(struct delivery_check *, struct delivery_check_room *);

/* The post of that event is to be heard by the sessions of the mask. Noting it
 * again changes nothing. */
void delivery_check_expect(struct delivery_check *, struct delivery_check_room *, uint32_t event,
			   uint64_t sessions);
/* It was refused. */
void delivery_check_cancel(struct delivery_check *, struct delivery_check_room *, uint32_t event);

/* A session heard a message. */
void delivery_check_take(struct delivery_check *, unsigned session, const char *room,
			 const char *client_id, uint64_t seq);

#endif
