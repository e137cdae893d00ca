/* Random bytes of the system, for ids and keys of hash tables. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "err.h"

#include <stddef.h>

/* IO when the system gives none. */
enum parlor_err random_bytes(void *out, size_t n) PARLOR_MUST_CHECK;

#endif
