/* Why a conversation is to be looked at at some time: when that is, and what comes of it.
 * Private to the core. */
#ifndef DESK_CAUSE_H
#define DESK_CAUSE_H

#include "core/desk/tables.h"

struct cause {
	unsigned states;                              /* in which it may be due: bits */
	uint64_t (*due)(const struct conversation *); /* desk time; 0: never */
	void (*act)(struct core *, struct conversation *);
};
#define CAUSE_IN(state) (1U << CONVERSATION_##state)

/* So long after that; never (0), where the setting is off. */
static inline uint64_t cause_behind(uint64_t since_us, uint64_t us)
{
	return us ? since_us + us : 0;
}

#endif
