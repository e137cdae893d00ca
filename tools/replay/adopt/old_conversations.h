/* A desk of the tables users, conversations, messages and agent_status: read oldest first,
 * in one question that the server sorts. */
#ifndef OLD_CONVERSATIONS_H
#define OLD_CONVERSATIONS_H

#include "adopt/old_row.h"
#include "adopt/old_tables.h"

extern const struct old_table old_conversations_names[];

/* Of the rows that have a time the earliest one's; 0: none has. */
enum parlor_err old_conversations_begin(const struct old_tables *,
					uint64_t *first_us) PARLOR_MUST_CHECK;
/* desk: where they are; max: conversations that a seat of it may have at once. */
enum parlor_err old_conversations_read(const struct old_tables *, const char *desk, uint64_t max,
				       old_row_fn *, void *arg) PARLOR_MUST_CHECK;

#endif
