/* What a walk over the journal told of a desk that no row of the state has: offers,
 * transfers, ratings, as rows of their tables; and which rows of the configuration were
 * changed behind the mark that the database has of them. Keeps them in a store for what an
 * audit works out: memory is bounded by some thousands of rows. */
#ifndef DESK_TOLD_H
#define DESK_TOLD_H

#include "audit/engine.h"
#include "desk_cells.h"

enum desk_told_table { TOLD_OFFERS = 1, TOLD_TRANSFERS, TOLD_RATINGS };

struct desk_told;

/* marks: of the partitions; borrowed, as the engine, which takes the walk. */
enum parlor_err desk_told_new(struct desk_told **, struct engine *,
			      const uint64_t *marks) PARLOR_MUST_CHECK;
void desk_told_free(struct desk_told *);
/* A source_fn behind each entry, arg: the struct desk_told. */
enum parlor_err desk_told_take(void *arg, const struct entry *, const struct record *);
/* Then, before it is asked. */
enum parlor_err desk_told_end(struct desk_told *) PARLOR_MUST_CHECK;

/* Keys: a byte, and three numbers: conversation, and two of the table's key. Values: the
 * conversation's room, then the cells; a rating has none of its last two. */
#define DESK_TOLD_PREFIX 1
#define DESK_TOLD_KEY (DESK_TOLD_PREFIX + 3 * 8)
struct core_rows desk_told_rows(struct desk_told *, enum desk_told_table, struct row_key *from);

/* The row of the configuration (kind 0: the party) was told of behind the mark. */
bool desk_told_is_ahead(const struct desk_told *, unsigned kind, uint64_t no);

#endif
