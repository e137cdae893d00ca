/* Bounds that a broker and its workers must have in common, beside worker.proto: what
 * one of them sends, the other one has place for. Owns the numbers and nothing else. */
#ifndef WORKER_BOUNDS_H
#define WORKER_BOUNDS_H

#include <stdint.h>

#define WORKER_BOUNDS_MIB (UINT64_C(1) << 20)

#define WORKER_FRAME_MAX (16 * WORKER_BOUNDS_MIB) /* from a worker: a page of history */
#define BATCH_FRAME_MAX (64 * WORKER_BOUNDS_MIB)  /* to a worker: a batch */
#define WORKER_ANCESTORS_MAX 64                   /* journals that one is a copy of */
#define WORKER_QUARANTINED_MAX 1000               /* rooms of a partition that a worker tells of */

#endif
