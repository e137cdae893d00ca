#include "turn/pacing.h"

/* A pass lasts for half of the records that may be behind. */
#define PASSES_BEHIND 2
/* When dirty rows come faster than that, so many times as fast. */
#define HURRY 4

size_t pacing_rows(struct pacing *t, const struct pacing_limits *l, uint64_t records, bool writing,
		   uint64_t dirty, uint64_t behind)
{
	if (!writing) {
		if (dirty < l->dirty_rows / 4 && (!dirty || behind < l->behind / PASSES_BEHIND))
			return 0;
		*t = (struct pacing){.begun = dirty};
	}
	uint64_t speed = dirty > l->dirty_rows / 2 ? HURRY * PASSES_BEHIND : PASSES_BEHIND;
	/* In rows times what may be behind: a pass may take less than a row a record. */
	t->credit += records * (t->begun + 1) * speed;
	uint64_t rows = t->credit / l->behind;
	if (rows > l->rows_max)
		rows = l->rows_max;
	if (rows < PACING_ROWS_MIN && writing)
		return 0;
	t->credit = 0;
	return rows < PACING_ROWS_MIN ? PACING_ROWS_MIN : (size_t)rows;
}
