#include "core/room_order.h"

#include <assert.h>
#include <stdlib.h>

/* malloc's own, of an item. */
#define MALLOC_BYTES 8

static struct ordered_room *find(const struct room_order *o, uint64_t room)
{
	struct ordered_room *item;
	HASH_FIND(hh, o->by_room, &room, sizeof room, item);
	return item;
}

/* Those before the position to the left, the others to the right. */
static void split(struct ordered_room *from, uint64_t active_pos, struct ordered_room **left,
		  struct ordered_room **right)
{
	while (from) {
		if (from->active_pos < active_pos) {
			*left = from;
			left = &from->right;
			from = from->right;
		} else {
			*right = from;
			right = &from->left;
			from = from->left;
		}
	}
	*left = *right = NULL;
}

/* All of the left come before all of the right. */
static struct ordered_room *join(struct ordered_room *left, struct ordered_room *right)
{
	struct ordered_room *root, **at = &root;
	while (left && right) {
		if (left->priority > right->priority) {
			*at = left;
			at = &left->right;
			left = left->right;
		} else {
			*at = right;
			at = &right->left;
			right = right->left;
		}
	}
	*at = left ? left : right;
	return root;
}

static struct ordered_room **towards(struct ordered_room *from, uint64_t active_pos)
{
	return from->active_pos < active_pos ? &from->right : &from->left;
}

static void put_in_place(struct room_order *o, struct ordered_room *item)
{
	struct ordered_room **at = &o->root;
	while (*at && (*at)->priority >= item->priority)
		at = towards(*at, item->active_pos);
	split(*at, item->active_pos, &item->left, &item->right);
	*at = item;
}

static void take_out(struct room_order *o, struct ordered_room *item)
{
	struct ordered_room **at = &o->root;
	while (*at != item) {
		assert(*at);
		at = towards(*at, item->active_pos);
	}
	*at = join(item->left, item->right);
}

void room_order_set(struct room_order *o, uint64_t room, uint64_t active_pos, uint64_t unread)
{
	struct ordered_room *item = find(o, room);
	if (!item) {
		item = mem_new(sizeof *item);
		item->room = room;
		item->active_pos = active_pos;
		HASH_ADD(hh, o->by_room, room, sizeof item->room, item);
		/* Seeded: nobody can choose rooms that make a deep tree. */
		item->priority = item->hh.hashv;
		put_in_place(o, item);
	} else if (item->active_pos != active_pos) {
		take_out(o, item);
		item->active_pos = active_pos;
		put_in_place(o, item);
	}
	o->unread += unread - item->unread;
	item->unread = unread;
}

void room_order_remove(struct room_order *o, uint64_t room)
{
	struct ordered_room *item = find(o, room);
	if (!item)
		return;
	take_out(o, item);
	HASH_DELETE(hh, o->by_room, item);
	o->unread -= item->unread;
	free(item);
}

void room_order_fini(struct room_order *o)
{
	struct ordered_room *item, *next;
	HASH_ITER (hh, o->by_room, item, next) {
		HASH_DELETE(hh, o->by_room, item);
		free(item);
	}
	*o = (struct room_order){0};
}

bool room_order_has(const struct room_order *o, uint64_t room)
{
	return find(o, room);
}

const struct ordered_room *room_order_below(const struct room_order *o, uint64_t active_pos)
{
	const struct ordered_room *below = NULL, *at = o->root;
	while (at) {
		if (at->active_pos < active_pos) {
			below = at;
			at = at->right;
		} else {
			at = at->left;
		}
	}
	return below;
}

size_t room_order_len(const struct room_order *o)
{
	return HASH_COUNT(o->by_room);
}

size_t room_order_bytes(const struct room_order *o)
{
	return room_order_len(o) * (sizeof *o->root + HASH_ENTRY_BYTES + MALLOC_BYTES);
}
