#include "core/room_order.h"

#include "base/mem.h"

#include <stdlib.h>

/* malloc's own, of an item. */
#define MALLOC_BYTES 8

static struct ordered_room *of_room(struct tree_node *n)
{
	return n ? (struct ordered_room *)((char *)n - offsetof(struct ordered_room, by_room))
		 : NULL;
}

void room_order_set(struct room_order *o, uint64_t room, uint64_t active_pos, uint64_t unread)
{
	struct ordered_room *item = of_room(tree_find(o->by_room, room));
	if (!item) {
		item = mem_new(sizeof *item);
		tree_put(&o->by_room, &item->by_room, room);
		tree_put(&o->by_active, &item->by_active, active_pos);
		o->len++;
	} else if (item->by_active.key != active_pos) {
		tree_take(&o->by_active, &item->by_active);
		tree_put(&o->by_active, &item->by_active, active_pos);
	}
	o->unread += unread - item->unread;
	item->unread = unread;
}

void room_order_remove(struct room_order *o, uint64_t room)
{
	struct ordered_room *item = of_room(tree_find(o->by_room, room));
	if (!item)
		return;
	tree_take(&o->by_room, &item->by_room);
	tree_take(&o->by_active, &item->by_active);
	o->len--;
	o->unread -= item->unread;
	free(item);
}

size_t room_order_free_some(struct room_order *o, size_t max)
{
	struct tree_node *n;
	size_t freed = 0;
	for (; freed < max && (n = tree_take_any(&o->by_room)) != NULL; freed++)
		free(of_room(n));
	o->len -= freed;
	return freed;
}

bool room_order_has(const struct room_order *o, uint64_t room)
{
	return tree_find(o->by_room, room);
}

const struct ordered_room *room_order_below(const struct room_order *o, uint64_t active_pos)
{
	struct tree_node *n = tree_below(o->by_active, active_pos);
	return n ? (struct ordered_room *)((char *)n - offsetof(struct ordered_room, by_active))
		 : NULL;
}

size_t room_order_bytes(const struct room_order *o)
{
	return o->len * (sizeof(struct ordered_room) + MALLOC_BYTES);
}
