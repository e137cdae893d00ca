/* Runs of the broker: each start is one, numbered from 1. What holds for a run
 * only, such as a presence, says nothing in the next one. */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/call.h"

/* Emits the start of a run; returns its number. */
uint64_t core_boot(struct core *, uint64_t now_us);
uint64_t core_run(const struct core *);

#endif
