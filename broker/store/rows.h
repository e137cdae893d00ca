/* The core's rows in the tables of the environment: read and walked.
 * Writes none: row_batch.h. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "core/row.h"
#include "store/env.h"

/* Reads in the environment's read transaction. */
struct core_rows rows_in(struct env *);

#endif
