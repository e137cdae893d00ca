#include "fanout/subscribers.h"

#include "base/table.h"
#include "fanout/session.h"

#include <assert.h>
#include <stdlib.h>

/* An entry and the slot in its session's list know each other's index, so that
 * both ends are found from either, and both arrays stay dense: what is removed
 * is replaced by the last one. */
struct subscribers_room {
	UT_hash_handle hh;
	uint64_t no;
	struct subscribers_entry *entries;
	uint32_t len;
	uint32_t cap;
};

struct subscribers {
	struct subscribers_room *rooms;
	uint64_t entries;
	uint64_t entries_max;
};

struct subscribers *subscribers_new(uint64_t entries_max)
{
	struct subscribers *a = mem_new(sizeof *a);
	a->entries_max = entries_max;
	return a;
}

static void room_free(struct subscribers *a, struct subscribers_room *room)
{
	HASH_DEL(a->rooms, room);
	free(room->entries);
	free(room);
}

void subscribers_free(struct subscribers *a)
{
	if (!a)
		return;
	assert(!a->rooms);
	free(a);
}

static struct subscribers_room *room_find(const struct subscribers *a, uint64_t no)
{
	struct subscribers_room *room;
	HASH_FIND(hh, a->rooms, &no, sizeof no, room);
	return room;
}

#define BUCKET(a, hash) \
	(&(a)->rooms->hh.tbl->buckets[(hash) & ((a)->rooms->hh.tbl->num_buckets - 1)])

void subscribers_prefetch(const struct subscribers *a, uint64_t no, enum subscribers_step step)
{
	unsigned hash;
	if (!a->rooms)
		return;
	HASH_VALUE(&no, sizeof no, hash);
	const UT_hash_bucket *bucket = BUCKET(a, hash);
	if (step == SUBSCRIBERS_BUCKET) {
		__builtin_prefetch(bucket);
		return;
	}
	/* A chain is short: its first room is most likely the one. */
	if (!bucket->hh_head)
		return;
	const struct subscribers_room *room = ELMT_FROM_HH(a->rooms->hh.tbl, bucket->hh_head);
	if (step == SUBSCRIBERS_ROOM) {
		__builtin_prefetch(room);
		__builtin_prefetch(&room->no);
	} else {
		__builtin_prefetch(room->entries);
		__builtin_prefetch((const char *)room->entries + 64);
	}
}

static struct subscribers_room *room_make(struct subscribers *a, uint64_t no)
{
	struct subscribers_room *room = mem_new(sizeof *room);
	room->no = no;
	HASH_ADD(hh, a->rooms, no, sizeof room->no, room);
	return room;
}

/* The session's entry in the room or NULL, by the shorter of the two lists. */
static struct subscribers_entry *entry_find(const struct subscribers_room *room,
					    const struct session *session)
{
	const struct subscribers_rooms *mine = &session->rooms;
	if (mine->len < room->len) {
		for (uint32_t i = 0; i < mine->len; i++)
			if (mine->slots[i].room == room)
				return &room->entries[mine->slots[i].at];
		return NULL;
	}
	for (uint32_t i = 0; i < room->len; i++)
		if (room->entries[i].session == session)
			return &room->entries[i];
	return NULL;
}

static uint32_t grown(uint32_t cap)
{
	return cap ? cap + cap / 2 + 1 : 2;
}

static void entry_make(struct subscribers_room *room, struct session *session, uint64_t since)
{
	struct subscribers_rooms *mine = &session->rooms;
	if (room->len == room->cap) {
		room->cap = grown(room->cap);
		room->entries = mem_resize(room->entries, room->cap, sizeof *room->entries);
	}
	if (mine->len == mine->cap) {
		mine->cap = grown(mine->cap);
		mine->slots = mem_resize(mine->slots, mine->cap, sizeof *mine->slots);
	}
	room->entries[room->len] = (struct subscribers_entry){
		.session = session, .since = since, .refs = 1, .slot = mine->len};
	mine->slots[mine->len++] = (struct subscribers_slot){.room = room, .at = room->len++};
}

/* Takes the slot out of its session's list. */
static void slot_remove(struct session *session, uint32_t slot)
{
	struct subscribers_rooms *mine = &session->rooms;
	struct subscribers_slot last = mine->slots[--mine->len];
	if (slot != mine->len) {
		mine->slots[slot] = last;
		last.room->entries[last.at].slot = slot;
	}
	if (mine->len == 0) {
		free(mine->slots);
		*mine = (struct subscribers_rooms){0};
	}
}

/* Takes the entry out of its room, and the room out of the table with its last. */
static void entry_remove(struct subscribers *a, struct subscribers_room *room, uint32_t at)
{
	struct subscribers_entry last = room->entries[--room->len];
	if (at != room->len) {
		room->entries[at] = last;
		last.session->rooms.slots[last.slot].at = at;
	}
	a->entries--;
	if (room->len == 0)
		room_free(a, room);
}

enum parlor_err subscribers_add(struct subscribers *a, uint64_t no, struct session *session,
				uint64_t since)
{
	struct subscribers_room *room = room_find(a, no);
	struct subscribers_entry *entry = room ? entry_find(room, session) : NULL;
	if (entry) {
		entry->refs++;
		if (since < entry->since)
			entry->since = since;
		return PARLOR_E_OK;
	}
	if (a->entries >= a->entries_max)
		return PARLOR_E_TOO_MANY;
	if (!room)
		room = room_make(a, no);
	entry_make(room, session, since);
	a->entries++;
	return PARLOR_E_OK;
}

bool subscribers_drop(struct subscribers *a, uint64_t no, struct session *session)
{
	struct subscribers_room *room = room_find(a, no);
	struct subscribers_entry *entry = room ? entry_find(room, session) : NULL;
	if (!entry)
		return false;
	if (--entry->refs == 0) {
		uint32_t slot = entry->slot;
		entry_remove(a, room, (uint32_t)(entry - room->entries));
		slot_remove(session, slot);
	}
	return true;
}

void subscribers_drop_session(struct subscribers *a, struct session *session)
{
	struct subscribers_rooms *mine = &session->rooms;
	for (uint32_t i = 0; i < mine->len; i++)
		entry_remove(a, mine->slots[i].room, mine->slots[i].at);
	free(mine->slots);
	*mine = (struct subscribers_rooms){0};
}

void subscribers_drop_room(struct subscribers *a, uint64_t no)
{
	struct subscribers_room *room = room_find(a, no);
	if (!room)
		return;
	for (uint32_t i = 0; i < room->len; i++)
		slot_remove(room->entries[i].session, room->entries[i].slot);
	a->entries -= room->len;
	room_free(a, room);
}

const struct subscribers_entry *subscribers_of(const struct subscribers *a, uint64_t no, size_t *n)
{
	const struct subscribers_room *room = room_find(a, no);
	*n = room ? room->len : 0;
	return room ? room->entries : NULL;
}

bool subscribers_since(const struct subscribers *a, uint64_t no, const struct session *session,
		       uint64_t *since)
{
	const struct subscribers_room *room = room_find(a, no);
	const struct subscribers_entry *entry = room ? entry_find(room, session) : NULL;
	if (!entry)
		return false;
	*since = entry->since;
	return true;
}

uint64_t subscribers_entries(const struct subscribers *a)
{
	return a->entries;
}

uint64_t subscribers_room_count(const struct subscribers *a)
{
	return HASH_COUNT(a->rooms);
}
