/* Own counted messages that have a row each: every so many of them. Private to the
 * core. */
#ifndef CORE_OWN_H
#define CORE_OWN_H

#include "core/tables.h"

/* Every so many own counted messages have a row, so that counting those up to a
 * seq begins near it. ms: NULL when the member has left. */
void own_add(struct core *, const struct record *, struct membership *);
/* The seq of the first of these messages behind seq; 0: there is none. */
enum parlor_err own_behind(struct core *, const struct membership *, uint64_t seq,
			   uint64_t *behind) PARLOR_MUST_CHECK;

#endif
