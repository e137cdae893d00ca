/* Which rooms were active, one after the other: the last million times, of all
 * tenants. Whoever keeps something about rooms (inbox.h) learns from it what has
 * changed since, so that a post need not know who does. Owns the list; what became
 * of the rooms the rows say. */
#ifndef CORE_ACTIVITY_H
#define CORE_ACTIVITY_H

#include <stddef.h>
#include <stdint.h>

#define ACTIVITY_KEPT (1u << 20)

/* Zeroed: nothing has happened. */
struct activity {
	uint64_t *rooms; /* a ring of ACTIVITY_KEPT, once there were so many */
	size_t cap;
	uint64_t count; /* in all */
};

void activity_fini(struct activity *);
size_t activity_bytes(const struct activity *);
void activity_add(struct activity *, uint64_t room);
/* at: below count, and not ACTIVITY_KEPT or more behind it. */
uint64_t activity_at(const struct activity *, uint64_t at);

#endif
