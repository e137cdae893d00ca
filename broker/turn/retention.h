/* How much history the journal keeps: the limits of the settings, and what is
 * known of the oldest records' age and of the snapshot, looked at once a second.
 * Owns these; trim.h has the arithmetic, commit.h removes. */
#ifndef TURN_RETENTION_H
#define TURN_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

struct broker;

/* Zeroed: nothing is known yet, so nothing goes by it. */
struct window {
	uint64_t looked_us;
	uint64_t young;    /* first position that is not too old */
	uint64_t snapshot; /* its position */
	bool told;         /* that the snapshot is of no use */
};

/* In a store turn, each turn of the loop. */
void window_look(struct broker *);
/* The first position to be kept. */
uint64_t window_first(const struct broker *);
/* Records that may be behind the rows. */
uint64_t window_behind(const struct broker *);

#endif
