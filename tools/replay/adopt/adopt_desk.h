/* The part of `adopt` that makes a desk: which tables it knows, how they are read, and what
 * is said of what came of it. The order of steps is adopt.c's. */
#ifndef ADOPT_DESK_H
#define ADOPT_DESK_H

#include "adopt/desk_builder.h"
#include "adopt/old_tables.h"

struct old_system {
	const char *name;
	const struct old_table *tables; /* NULL: they are files of a directory */
	enum parlor_err (*begin)(const struct old_tables *, uint64_t *first_us);
	enum parlor_err (*read)(const struct old_tables *, const char *desk, uint64_t max,
				old_row_fn *, void *arg);
	const char *const *assumptions; /* what is not in the tables; ends with NULL */
};
/* NULL: there is none of that name. */
const struct old_system *old_system_find(const char *name);

struct adopt_desk {
	const struct old_system *system; /* NULL: rooms are adopted */
	struct old_tables tables;
	struct desk_builder built;
	uint64_t max;     /* of a seat */
	const char *dump; /* the directory */
};
/* Everything, in one question, into the builder. Of a failure, words in built.steps.why or none:
 * then the database has them. */
enum parlor_err adopt_desk_read(struct adopt_desk *) PARLOR_MUST_CHECK;
/* The same of files. */
enum parlor_err adopt_desk_read_dump(struct adopt_desk *) PARLOR_MUST_CHECK;
/* Those whose names Parlor's views have. */
enum parlor_err adopt_desk_move_aside(struct adopt_desk *) PARLOR_MUST_CHECK;
void adopt_desk_fini(struct adopt_desk *);

/* A new reference. */
json_t *adopt_desk_json(const struct adopt_desk *);
void adopt_desk_print(const struct adopt_desk *);

#endif
