/* How long to wait before the n-th further attempt: doubling from 10 ms to 2 s,
 * half of it by chance, so that many who lost the same server do not return
 * as one. */
#ifndef WORKER_BACKOFF_H
#define WORKER_BACKOFF_H

#include <stdint.h>

#define BACKOFF_MAX_US 2000000

uint64_t backoff_us(unsigned attempts);

#endif
