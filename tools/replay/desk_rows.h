/* The desk's rows as they should stand in the database, table by table in order of numbers:
 * from the state that was re-executed, and from what the walk told. Compares nothing. */
#ifndef DESK_ROWS_H
#define DESK_ROWS_H

#include "audit/pager.h"
#include "desk_columns.h"
#include "desk_told.h"

#define DESK_ROW_NUMBERS 3

struct desk_rows;

/* A table: how its rows are told apart by numbers, in SQL and here. */
struct desk_table {
	const char *name;
	const char *numbers;                /* SQL: three of them; its rows stand in their order */
	const char *room;                   /* SQL: of its conversation, or '' */
	const char *from;                   /* SQL: the table as t, and what it is joined with */
	const struct desk_columns *columns; /* NULL: of the configuration's kind */
	enum desk_told_table told;          /* 0: its rows follow from the state */
	void (*begin)(struct desk_rows *);
	enum parlor_err (*next)(struct desk_rows *);
};

struct desk_rows {
	struct engine *engine;
	struct desk_told *told;
	const struct desk_table *table;
	unsigned kind; /* of the configuration */
	struct pager pager;
	uint64_t *agents; /* parties, by number */
	size_t agents_len, agents_cap;
	struct buf told_of; /* scratch */
	unsigned since_evict;
	/* The conversation whose stints come next. */
	uint64_t conversation;
	char tenant[ROW_ID_MAX + 1], id[ROW_ID_MAX + 1], room[ROW_ID_MAX + 1];
	uint64_t visitor;
	/* The row. */
	bool ended;
	bool ahead; /* the database may have it otherwise */
	uint64_t numbers[DESK_ROW_NUMBERS];
	struct buf cells;
};

/* Of each kind of the configuration. */
const struct desk_table *desk_table_of_config(void);
/* The others; NULL behind the last. */
const struct desk_table *desk_table_at(size_t n);

/* Stands before the first row. */
void desk_rows_begin(struct desk_rows *, struct engine *, struct desk_told *,
		     const struct desk_table *, unsigned kind);
void desk_rows_fini(struct desk_rows *);
/* Or `ended`. */
enum parlor_err desk_rows_next(struct desk_rows *) PARLOR_MUST_CHECK;

#endif
