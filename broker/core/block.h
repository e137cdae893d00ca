/* Blocks: the message index of a room, BLOCK_MESSAGES messages of consecutive
 * seqs to a row, in order. Where each message's record lies, what read positions
 * are counted with, and its idempotency key. Owns the bytes; knows no table. One
 * row for many messages keeps a post from costing rows of its own, and a room's
 * messages on few pages.
 *
 *   message: u8 flags | varints position, time, sender, counted, own, own_prev
 *            | when it has a key: u64 high, u64 low of its hash, u64 content */
#ifndef CORE_BLOCK_H
#define CORE_BLOCK_H

#include "core/row.h"

#define BLOCK_MESSAGES 16

/* Where the message of a seq (from 1 on) is. */
static inline uint64_t block_no(uint64_t seq)
{
	return (seq - 1) / BLOCK_MESSAGES;
}
static inline unsigned block_at(uint64_t seq)
{
	return (unsigned)((seq - 1) % BLOCK_MESSAGES);
}

void block_append(struct buf *, const struct row_message *);
/* How many messages the bytes hold; false when they are damaged. */
bool block_count(struct span, unsigned *count);
/* The next message of the bytes; false behind the last one, and when they are
 * damaged. */
bool block_next(struct reader *, struct row_message *);
/* NOT_FOUND when there is no such message, STORE_CORRUPT when the bytes before it are
 * damaged, or its own. */
enum parlor_err block_get(struct span, unsigned at, struct row_message *) PARLOR_MUST_CHECK;
/* The message is there. */
void block_set_recalled(struct buf *, unsigned at);

#endif
