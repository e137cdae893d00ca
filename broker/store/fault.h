/* What LMDB and the system report, in Parlor's words: the error's code, and one line
 * for a person. Knows neither files nor transactions. */
#ifndef STORE_FAULT_H
#define STORE_FAULT_H

#include "base/err.h"

#include <stddef.h>

/* MDB_ or errno. */
enum parlor_err fault_err(int rc);

/* For a person: one line. */
struct why {
	char *text;
	size_t size;
};
/* Writes the line and gives the error back. */
enum parlor_err why_set(struct why, enum parlor_err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
