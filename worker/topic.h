/* What a record is about, as the broker names it: a room of a tenant, and whatever
 * else has records that have to be in order. */
#ifndef WORKER_TOPIC_H
#define WORKER_TOPIC_H

#include <parlor/worker.pb-c.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct topic {
	const char *tenant;
	uint32_t kind; /* a Parlor__TopicKind, or one of a newer broker */
	const char *id;
};

static inline struct topic topic_of(const Parlor__SyncRecord *r)
{
	return (struct topic){r->tenant, (uint32_t)r->topic_kind, r->topic};
}

static inline struct topic topic_released(const Parlor__Release *r)
{
	return (struct topic){r->tenant, (uint32_t)r->topic_kind, r->topic};
}

/* About nothing: each record stands for itself. */
static inline bool topic_is_none(struct topic t)
{
	return t.kind == PARLOR__TOPIC_KIND__TOPIC_NONE;
}

static inline bool topic_equal(struct topic a, struct topic b)
{
	return a.kind == b.kind && strcmp(a.id, b.id) == 0 && strcmp(a.tenant, b.tenant) == 0;
}

#endif
