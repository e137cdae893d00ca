/* What has become due is decided at a turn's beginning, before what is asked, if there
 * is space for what it records. Owns whether it had to wait for that; knows no kind of
 * deadline. */
#ifndef TURN_TICK_H
#define TURN_TICK_H

#include "turn/commit.h"

/* True when more of it is due at once. */
bool tick_run(struct commit *);
/* Until something is due, or may be tried again: UINT64_MAX when nothing is. */
uint64_t tick_wait_us(const struct commit *);

#endif
