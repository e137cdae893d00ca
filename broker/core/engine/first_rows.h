/* Rows that never change again and are written before all others: what refers to one is
 * written behind it. Owns those that have not landed, in the order they came, in blocks
 * that go as they land: however many wait, none is moved. Each has a number, from 1 on. */
#ifndef ENGINE_FIRST_ROWS_H
#define ENGINE_FIRST_ROWS_H

#include "key.h"

struct first_row {
	struct row_key key;
	uint8_t value[24];
	uint8_t value_len;
	uint32_t skips;  /* of its chain, from it to `far` */
	uint64_t before; /* number of the one before it in its chain, or 0 */
	uint64_t far;    /* and of one further back: from any to any it is a few steps */
};

/* Zeroed: there was none. */
struct first_rows {
	struct first_row **blocks; /* from that of the first that has not landed on */
	size_t len;
	uint64_t landed, given,
		added; /* how many; what was given and has not landed is in flight */
};

void first_rows_fini(struct first_rows *);
size_t first_rows_bytes(const struct first_rows *);
/* One behind the others, to be filled: before is the last of its chain, or 0. */
struct first_row *first_rows_push(struct first_rows *, uint64_t before);
/* NULL when it has landed. */
const struct first_row *first_rows_at(const struct first_rows *, uint64_t no);
/* Those that were given. */
void first_rows_landed(struct first_rows *);

#endif
