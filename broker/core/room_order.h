/* The rooms of one member in the order of their last activity, with what is unread
 * in each: found by room, and walked from any place on. A tree that chance keeps
 * balanced. Owns its items; reads no row, and knows no rule. */
#ifndef CORE_ROOM_ORDER_H
#define CORE_ROOM_ORDER_H

#include "core/engine/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct ordered_room {
	UT_hash_handle hh;
	uint64_t room;
	uint64_t active_pos; /* no two rooms have the same */
	uint64_t unread;
	struct ordered_room *left, *right;
	uint32_t priority; /* none below has a higher one */
};

/* Zeroed: empty. */
struct room_order {
	struct ordered_room *root;
	struct ordered_room *by_room;
	uint64_t unread; /* of all */
};

void room_order_fini(struct room_order *);
void room_order_set(struct room_order *, uint64_t room, uint64_t active_pos, uint64_t unread);
void room_order_remove(struct room_order *, uint64_t room); /* when it is there */
bool room_order_has(const struct room_order *, uint64_t room);
/* The one active last before that position; NULL: there is none. */
const struct ordered_room *room_order_below(const struct room_order *, uint64_t active_pos);
size_t room_order_len(const struct room_order *);
size_t room_order_bytes(const struct room_order *);

#endif
