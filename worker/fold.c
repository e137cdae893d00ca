#include "fold.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void fold_key(struct fold *fold, const char *a, const char *b, const char *c)
{
	buf_clear(&fold->key);
	buf_put(&fold->key, a, strlen(a) + 1);
	buf_put(&fold->key, b, strlen(b) + 1);
	buf_put(&fold->key, c, strlen(c) + 1);
}

void *fold_entry(const struct fold *fold, size_t size)
{
	char *entry = mem_new(size + fold->key.len);
	memcpy(entry + size, fold->key.data, fold->key.len);
	return entry;
}

struct fold_room *fold_room(struct fold *fold, const Parlor__SyncRecord *r)
{
	struct fold_room *room;
	fold_key(fold, r->tenant, r->topic, "");
	HASH_FIND(hh, fold->rooms, fold->key.data, fold->key.len, room);
	if (!room) {
		room = fold_entry(fold, sizeof *room);
		room->tenant = r->tenant;
		room->room = r->topic;
		HASH_ADD_KEYPTR(hh, fold->rooms, room + 1, fold->key.len, room);
	}
	if (r->counted)
		room->counted = r->counted;
	if (r->members > room->members)
		room->members = r->members;
	room->time_us = r->event->time_us;
	room->position = r->event->position;
	return room;
}

void fold_rooms_free(struct fold *fold)
{
	MEM_FREE_TABLE(fold->rooms);
}
