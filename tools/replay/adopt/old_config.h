/* What a desk is made of, from foreign tables: desks, agents, seats, visitors and the like,
 * each set when its row says so. What would have somebody served, who is away, or closed,
 * is set last. */
#ifndef OLD_CONFIG_H
#define OLD_CONFIG_H

#include "adopt/desk_step.h"

struct last_word;
struct known_row;

/* Zeroed but for the first. */
struct old_config {
	struct desk_steps *steps;
	uint64_t counts[CONFIG_NOS];
	struct last_word *last_words;
	struct known_row *known; /* all but visitors */
	struct buf texts, key;
};

void old_config_add(struct old_config *, const struct old_row *);
/* Behind the last row of any kind. */
enum parlor_err old_config_finish(struct old_config *) PARLOR_MUST_CHECK;
void old_config_fini(struct old_config *);

#endif
