/* The rooms of one member in the order of their last activity, with what is unread
 * in each: found by room, and walked from any place on: two trees. Owns its items; reads no row,
 * and knows no rule. */
#ifndef CORE_ROOM_ORDER_H
#define CORE_ROOM_ORDER_H

#include "core/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ordered_room {
	struct tree_node by_room;
	struct tree_node by_active; /* key: the position, which no two rooms have the same */
	uint64_t unread;
};

/* Zeroed: empty. */
struct room_order {
	struct tree_node *by_room, *by_active;
	size_t len;
	uint64_t unread; /* of all */
};

/* Frees so many of its items, which nobody asks for any more; how many there were. */
size_t room_order_free_some(struct room_order *, size_t max);
void room_order_set(struct room_order *, uint64_t room, uint64_t active_pos, uint64_t unread);
void room_order_remove(struct room_order *, uint64_t room); /* when it is there */
bool room_order_has(const struct room_order *, uint64_t room);
/* The one active last before that position; NULL: there is none. */
const struct ordered_room *room_order_below(const struct room_order *, uint64_t active_pos);
size_t room_order_bytes(const struct room_order *);

#endif
