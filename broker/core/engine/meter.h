/* What work costs: steps through memory, and rows read from the store, which are
 * dear. Whoever walks counts here; whoever calls adds up a turn, and goes on later
 * from a cursor. Owns the arithmetic. */
#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include <stdbool.h>
#include <stdint.h>

/* Steps that a row read from the store counts as. */
#define METER_ROW_STEPS 16

/* Zeroed: counts, and is never spent. */
struct meter {
	uint64_t steps; /* those of rows included */
	uint64_t rows;
	uint64_t steps_end; /* where the piece of work at hand stops; 0: at its own end */
};

static inline void meter_walk(struct meter *m, uint64_t steps)
{
	m->steps += steps;
}

static inline void meter_read(struct meter *m)
{
	m->rows++;
	m->steps += METER_ROW_STEPS;
}

static inline bool meter_spent(const struct meter *m)
{
	return m->steps_end && m->steps >= m->steps_end;
}

#endif
