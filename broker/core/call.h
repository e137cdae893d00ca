/* Who asks the core for something, and when: what every request brings along. */
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include "core/record.h"

#include "base/err.h"

struct core;

struct core_call {
	struct span tenant;
	uint64_t now_us;    /* clamped to never go back */
	uint64_t served_us; /* a clock that runs while the broker serves and has space */
	uint64_t random[2]; /* of an id the core makes */
};

#endif
