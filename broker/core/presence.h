/* Presence: whether a member is online, in this run of the broker. */
#ifndef CORE_PRESENCE_H
#define CORE_PRESENCE_H

#include "core/call.h"

/* Emits nothing when it is so already. */
enum parlor_err core_presence_set(struct core *, const struct core_call *, uint64_t member,
				  uint8_t presence) PARLOR_MUST_CHECK;
enum parlor_err core_presence_get(struct core *, const struct core_call *, struct span id,
				  uint8_t *presence, uint64_t *last_seen_us) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns -------------------------------------------------- */

struct member;

void presence_emit(struct core *, const struct member *, uint8_t presence);

#endif
