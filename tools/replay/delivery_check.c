#include "delivery_check.h"

#include "base/mem.h"
#include "script.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct delivery_check_room {
	UT_hash_handle hh;
	char *id;
	size_t events;
	size_t noted;  /* events before this one have been noted or passed over */
	uint64_t *due; /* by event: sessions that have still to hear it */
	uint64_t last_seq[DELIVERY_CHECK_SESSIONS_MAX];
	uint64_t outstanding;
	bool open;
};

static unsigned count(uint64_t sessions)
{
	return (unsigned)__builtin_popcountll(sessions);
}

static void room_free(struct delivery_check *h, struct delivery_check_room *room)
{
	HASH_DEL(h->rooms, room);
	free(room->id);
	free(room->due);
	free(room);
}

static void room_free_if_done(struct delivery_check *h, struct delivery_check_room *room)
{
	if (!room->open && room->outstanding == 0)
		room_free(h, room);
}

void delivery_check_fini(struct delivery_check *h)
{
	struct delivery_check_room *room;
	struct delivery_check_room *next;

	HASH_ITER (hh, h->rooms, room, next) {
		room_free(h, room);
	}
}

uint64_t delivery_check_outstanding(const struct delivery_check *h)
{
	return h->expected - h->heard;
}

struct delivery_check_room *delivery_check_open(struct delivery_check *h, const char *id,
						size_t events)
{
	struct delivery_check_room *room;

	HASH_FIND_STR(h->rooms, id, room);
	if (room == NULL) {
		room = mem_new(sizeof(*room));
		room->id = mem_text(id, strlen(id));
		HASH_ADD_KEYPTR(hh, h->rooms, room->id, strlen(room->id), room);
	}
	if (events > room->events) {
		room->due = mem_resize(room->due, events, sizeof(*room->due));
		memset(room->due + room->events, 0, (events - room->events) * sizeof(*room->due));
		room->events = events;
	}
	room->open = true;
	return room;
}

void delivery_check_close(struct delivery_check *h, struct delivery_check_room *room)
{
	room->open = false;
	room_free_if_done(h, room);
}

void delivery_check_expect(struct delivery_check *h, struct delivery_check_room *room,
			   uint32_t event, uint64_t sessions)
{
	if (event < room->noted)
		return;
	room->noted = event + 1;
	room->due[event] = sessions;
	room->outstanding += count(sessions);
	h->expected += count(sessions);
}

void delivery_check_cancel(struct delivery_check *h, struct delivery_check_room *room,
			   uint32_t event)
{
	unsigned sessions = count(room->due[event]);

	room->due[event] = 0;
	room->outstanding -= sessions;
	h->expected -= sessions;
}

void delivery_check_take(struct delivery_check *h, unsigned session, const char *id,
			 const char *client_id, uint64_t seq)
{
	struct delivery_check_room *room;
	uint32_t event;

	if (!script_event(client_id, &event)) {
		h->foreign++;
		return;
	}
	HASH_FIND_STR(h->rooms, id, room);
	if (room == NULL || event >= room->events ||
	    (room->due[event] & UINT64_C(1) << session) == 0) {
		h->unexpected++;
		return;
	}
	if (seq <= room->last_seq[session])
		h->out_of_order++;
	room->last_seq[session] = seq;
	room->due[event] &= ~(UINT64_C(1) << session);
	room->outstanding--;
	h->heard++;
	h->heard_by[session]++;
	room_free_if_done(h, room);
}
