#include "audience.h"

#include "base/mem.h"
#include "script.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct audience_room {
	UT_hash_handle hh;
	char *id;
	size_t events;
	size_t noted;  /* events before this one have been noted or passed over */
	uint64_t *due; /* by event: sessions that have still to hear it */
	uint64_t last_seq[AUDIENCE_SESSIONS_MAX];
	uint64_t outstanding;
	bool open;
};

static unsigned count(uint64_t sessions)
{
	return (unsigned)__builtin_popcountll(sessions);
}

static void room_free(struct audience *a, struct audience_room *room)
{
	HASH_DEL(a->rooms, room);
	free(room->id);
	free(room->due);
	free(room);
}

static void room_free_if_done(struct audience *a, struct audience_room *room)
{
	if (!room->open && room->outstanding == 0)
		room_free(a, room);
}

void audience_fini(struct audience *a)
{
	struct audience_room *room;
	struct audience_room *next;

	HASH_ITER (hh, a->rooms, room, next) {
		room_free(a, room);
	}
}

uint64_t audience_outstanding(const struct audience *a)
{
	return a->expected - a->heard;
}

struct audience_room *audience_open(struct audience *a, const char *id, size_t events)
{
	struct audience_room *room;

	HASH_FIND_STR(a->rooms, id, room);
	if (room == NULL) {
		room = mem_new(sizeof(*room));
		room->id = mem_text(id, strlen(id));
		HASH_ADD_KEYPTR(hh, a->rooms, room->id, strlen(room->id), room);
	}
	if (events > room->events) {
		room->due = mem_resize(room->due, events, sizeof(*room->due));
		memset(room->due + room->events, 0, (events - room->events) * sizeof(*room->due));
		room->events = events;
	}
	room->open = true;
	return room;
}

void audience_close(struct audience *a, struct audience_room *room)
{
	room->open = false;
	room_free_if_done(a, room);
}

void audience_expect(struct audience *a, struct audience_room *room, uint32_t event,
		     uint64_t sessions)
{
	if (event < room->noted)
		return;
	room->noted = event + 1;
	room->due[event] = sessions;
	room->outstanding += count(sessions);
	a->expected += count(sessions);
}

void audience_cancel(struct audience *a, struct audience_room *room, uint32_t event)
{
	unsigned sessions = count(room->due[event]);

	room->due[event] = 0;
	room->outstanding -= sessions;
	a->expected -= sessions;
}

void audience_hear(struct audience *a, unsigned session, const char *id, const char *client_id,
		   uint64_t seq)
{
	struct audience_room *room;
	uint32_t event;

	if (!script_event(client_id, &event)) {
		a->foreign++;
		return;
	}
	HASH_FIND_STR(a->rooms, id, room);
	if (room == NULL || event >= room->events ||
	    (room->due[event] & UINT64_C(1) << session) == 0) {
		a->unexpected++;
		return;
	}
	if (seq <= room->last_seq[session])
		a->out_of_order++;
	room->last_seq[session] = seq;
	room->due[event] &= ~(UINT64_C(1) << session);
	room->outstanding--;
	a->heard++;
	a->heard_by[session]++;
	room_free_if_done(a, room);
}
