/* Rows that are inserted or, where their key is there, updated: the statement is made from
 * the list of their columns. Knows no table. */
#ifndef WORKER_UPSERT_H
#define WORKER_UPSERT_H

#include "db/rows.h"

enum upsert_kind {
	UPSERT_SET,      /* the new value stands */
	UPSERT_ONCE,     /* of a key; or what stands there stays */
	UPSERT_GREATEST, /* of the two */
	UPSERT_LEAST,
	UPSERT_IF_TOLD /* the new one, unless it is NULL */
};

struct upsert_column {
	const char *name;
	enum upsert_kind kind;
};

struct upsert {
	struct rows rows;
	struct buf head;
	struct buf row;
	struct buf tail;
	size_t width;
};

/* columns: at most ROW_VALUES_MAX. */
void upsert_init(struct upsert *, struct db *, const char *table, const struct upsert_column *,
		 size_t n);
/* As many values as columns; texts are borrowed until upsert_finish. */
void upsert_put(struct upsert *, const struct sql_value *);
/* Sends what is left and frees. The first error of all statements. */
enum parlor_err upsert_finish(struct upsert *) PARLOR_MUST_CHECK;

#endif
