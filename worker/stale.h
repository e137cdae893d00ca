/* The rooms of a part whose unread columns lag behind: rooms too big to be
 * projected with every batch. Owns the table in memory and its copy in the
 * database (room.stale, the first position not projected), by which another
 * worker finds them after this one is gone. Bounded: when it is full, rooms are
 * projected at once, however big. */
#ifndef WORKER_STALE_H
#define WORKER_STALE_H

#include "mark.h"
#include "pick.h"

#include <uthash.h>

#define STALE_ROOMS_MAX 4096
/* How long a room may stay stale: 500 ms and 0.1 ms a member, 2 s at most. When
 * there is nothing else to do, an eighth of that. */
#define STALE_BASE_US 500000
#define STALE_MEMBER_US 100
#define STALE_MAX_US 2000000
#define STALE_IDLE_SHARE 8
/* One flush projects about so many rows, but at least one room. */
#define STALE_FLUSH_ROWS 20000

struct stale_room {
	char *tenant;
	char *room;
	uint64_t position; /* first one not projected */
	uint64_t since_us; /* monotonic */
	uint32_t members;
	bool taken; /* by the flush under way */
	UT_hash_handle hh;
};

/* Zeroed is empty. Ordered by position: the first is the oldest. */
struct stale {
	struct stale_room *rooms;
	bool more; /* the database has more than fitted here */
};

void stale_fini(struct stale *);
bool stale_has(const struct stale *, const char *tenant, const char *room);
size_t stale_count(const struct stale *);
/* Nothing to do when it is there. */
void stale_add(struct stale *, const char *tenant, const char *room, uint64_t position,
	       uint32_t members, uint64_t now_us);
/* First position not projected; 0 when all is. */
uint64_t stale_first(const struct stale *);
/* When the next room is due (monotonic); UINT64_MAX: never. */
uint64_t stale_due_us(const struct stale *, bool idle);

/* Replaces the table by what the database says. */
enum parlor_err stale_load(struct stale *, struct db *, const struct mark *,
			   uint64_t now_us) PARLOR_MUST_CHECK;
/* Inside the batch's transaction: these rooms lack positions from `position`. */
enum parlor_err stale_mark(struct db *, struct picks *rooms, uint64_t position) PARLOR_MUST_CHECK;

/* Picks the rooms to flush now, the oldest first, and after the commit forgets them (done), or
 * keeps them (not done). */
void stale_take(struct stale *, struct picks *rooms, uint64_t now_us);
void stale_taken(struct stale *, bool done);
/* Inside the flush's transaction. */
enum parlor_err stale_clear(struct db *, struct picks *rooms) PARLOR_MUST_CHECK;

#endif
