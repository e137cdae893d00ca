/* The two clocks of a process: wall time for what is stored and shown,
 * monotonic time for everything that waits. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_wall_us(void);
uint64_t clock_mono_us(void);

#endif
