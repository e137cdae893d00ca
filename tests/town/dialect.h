/* The worker's text of SQL in SQLite's words. Knows the statements that the worker
 * makes, and no others. */
#ifndef TOWN_DIALECT_H
#define TOWN_DIALECT_H

#include "base/buf.h"

/* MySQL's text, closed with a NUL, as SQLite takes it; closed so as well. */
void dialect_translate(struct buf *out, const char *text, size_t len);

/* The tables of a migration: without indexes that only speed up, comments and engines. */
void dialect_tables(struct buf *out, const char *text);

#endif
