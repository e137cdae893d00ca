/* A desk's texts with what they leave open filled in: {place}, {seat}, {team}. Knows no
 * desk. */
#ifndef DESK_WORDS_H
#define DESK_WORDS_H

#include "base/buf.h"

struct words {
	uint64_t place; /* 0: in no queue */
	struct span seat, team;
};
/* A text may have many, and names are long: those that would make it longer than this stay as
 * they are. */
#define WORDS_BYTES_MAX 4096
void words_fill(struct buf *, struct span text, const struct words *);

#endif
