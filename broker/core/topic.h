/* Topics: what listeners follow, and by what the journal is split into partitions. A
 * record is about one, and its listeners may be those of another: a read position is
 * about a room, and told to the sessions of its member. */
#ifndef CORE_TOPIC_H
#define CORE_TOPIC_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* Stable: TopicKind of worker.proto has the same numbers. */
enum topic_kind {
	TOPIC_ROOM = 1,
	TOPIC_MEMBER = 2,
	TOPIC_TENANT = 3,
	TOPIC_TEAM = 4,
	TOPIC_NONE = 255,
};

struct topic {
	enum topic_kind kind;
	uint64_t number; /* of the room, of the member, ... */
};

static inline struct topic topic_room(uint64_t room)
{
	return (struct topic){TOPIC_ROOM, room};
}

static inline struct topic topic_member(uint64_t member)
{
	return (struct topic){TOPIC_MEMBER, member};
}

static inline struct topic topic_tenant(uint32_t tenant)
{
	return (struct topic){TOPIC_TENANT, tenant};
}

static inline struct topic topic_team(uint64_t team)
{
	return (struct topic){TOPIC_TEAM, team};
}

static inline bool topic_equal(struct topic a, struct topic b)
{
	return a.kind == b.kind && a.number == b.number;
}

/* In one number, for tables: no two topics have the same. Numbers are given one by
 * one, and never get so large that the kind would not fit beside them. */
static inline uint64_t topic_key(struct topic t)
{
	assert(t.number >> 56 == 0 && (unsigned)t.kind <= 255);
	return t.number << 8 | (uint64_t)t.kind;
}

#endif
