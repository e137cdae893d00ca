/* A desk made of what foreign tables say: conversations with their messages and who served
 * them, at the times at which it happened, by the requests of a broker that nobody is
 * connected to. Rows that contradict one another are told to findings, and mended. Owns the
 * conversations that are open at the time at hand; knows no table. */
#ifndef DESK_BUILDER_H
#define DESK_BUILDER_H

#include "adopt/old_config.h"
#include "adopt/talk.h"

/* Zeroed but for the first part, and the first part of steps. */
struct desk_builder {
	struct desk_steps steps;
	const char *desk; /* of rows without one */

	struct old_config rows;
	uint64_t conversations, waiting, served, messages, unread;
	struct talks talks;
	struct buf body;
	uint64_t said_us; /* progress */
};

/* Before the first row. */
enum parlor_err desk_builder_begin(struct desk_builder *) PARLOR_MUST_CHECK;
/* old_row_fn; failures are kept. */
void desk_builder_row(void *desk_builder, const struct old_row *);
/* What is open stays so; everything is durable. */
enum parlor_err desk_builder_finish(struct desk_builder *) PARLOR_MUST_CHECK;
void desk_builder_fini(struct desk_builder *);

#endif
