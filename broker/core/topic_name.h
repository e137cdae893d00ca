/* Topics by name: people, workers and databases know them by tenant and id. */
#ifndef CORE_TOPIC_NAME_H
#define CORE_TOPIC_NAME_H

#include "core/call.h"
#include "core/topic.h"

struct topic_name {
	struct span tenant;
	enum topic_kind kind;
	struct span id; /* of the room, of the member, ... */
};

static inline bool topic_name_equal(const struct topic_name *a, const struct topic_name *b)
{
	return a->kind == b->kind && span_equal(a->tenant, b->tenant) && span_equal(a->id, b->id);
}

/* NOT_FOUND when there is none of that number. */
enum parlor_err core_topic_id(struct core *, struct topic, struct span *id) PARLOR_MUST_CHECK;
/* NOT_FOUND when there is none of that name. */
enum parlor_err core_topic_find(struct core *, const struct topic_name *,
				struct topic *) PARLOR_MUST_CHECK;

#endif
