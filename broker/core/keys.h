/* The idempotency keys of a room's older messages, for ever: ranges of keys in the
 * order of their hashes, some tens to a row, so that a key is looked up and never
 * searched for. A range that grows too large is halved by the next bit of the
 * hashes: which ranges there are depends only on which keys there are. The newest
 * messages' keys are not here yet: recent.h. Loads ranges and adds to them; knows
 * no rule of messages. Private to the core.
 *
 *   row of a range: u8 bits of its prefix | per key: u64 hash, varint seq */
#ifndef CORE_KEYS_H
#define CORE_KEYS_H

#include "core/tables.h"

/* Of each key its hash's low half; two messages may have the same. */
struct key_entry {
	uint64_t hash, seq;
};

struct key_range {
	struct row base; /* tail: start inverted, so that a scan finds the range of a hash */
	uint64_t start;  /* the lowest hash it may have */
	uint8_t depth;   /* bits that all its hashes have in common */
	bool placed;     /* its room knows where it is */
	size_t len, cap;
	struct key_entry *entries; /* in order */
};

extern const struct row_kind keys_kind;

/* Adds the key, once. */
enum parlor_err keys_add(struct core *, struct room *, struct hash128 key,
			 uint64_t seq) PARLOR_MUST_CHECK;
/* The entries of that hash; *n 0 when there are none. They borrow until the next
 * key is added. */
enum parlor_err keys_find(struct core *, struct room *, struct hash128 key,
			  const struct key_entry **entries, size_t *n) PARLOR_MUST_CHECK;

/* The key is added or looked for soon: what that reads is fetched into the
 * processor's cache, as far as it is in memory. In steps, with other work between
 * them. */
#define KEYS_PREFETCH_STEPS 2
void keys_prefetch(const struct room *, struct hash128 key, unsigned step);

#endif
