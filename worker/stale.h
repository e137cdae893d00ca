/* The rooms of a partition whose unread columns lag behind: a post makes its room
 * one of them, and one flush (project.h) then settles many posts. Owns the
 * table in memory, with what a flush needs to know, and when one is due. The
 * database has what it takes to fill the table anew after a worker is gone:
 * sync_mark.projected, and the rooms whose position lies behind it. Bounded:
 * when it is full, partition.h flushes before it applies. */
#ifndef WORKER_STALE_H
#define WORKER_STALE_H

#include "mark.h"
#include "project.h"

#include <uthash.h>

#define STALE_ROOMS_MAX 8192
/* A room is left alone for this long, so that its next posts share the flush, */
#define STALE_AGE_MIN_US 50000
/* and is flushed at this age, however busy the database; */
#define STALE_AGE_MAX_US 1000000
/* while the partition is behind, at this one and not before. */
#define STALE_AGE_BEHIND_US 8000000
/* One flush projects about so many rows, but at least one room. */
#define STALE_FLUSH_ROWS 20000

/* What a batch did to a room. Texts are borrowed. */
struct stale_change {
	const char *tenant;
	const char *room;
	uint64_t counted;
	uint64_t last_seq; /* 0: no post, unread is as it was */
	uint32_t members;  /* about */
	bool renamed;
};

struct stale_room {
	char *tenant;
	char *room;
	uint64_t position; /* first one not projected */
	uint64_t since_us; /* monotonic */
	uint64_t counted;
	uint64_t last_seq;
	uint32_t members;
	bool renamed;
	bool loaded; /* from the database: position is not known */
	bool taken;  /* by the flush under way */
	UT_hash_handle hh;
};

/* Zeroed is empty. In order of age. */
struct stale {
	struct stale_room *rooms;
	uint64_t floor;     /* loaded rooms lack positions from here; 0: all are settled */
	uint64_t more;      /* rooms behind this position are still to be loaded; 0: none */
	uint32_t loaded;    /* rooms in the table that were loaded */
	uint32_t page_rows; /* of the page being loaded */
	bool behind;        /* further batches of the partition wait for the database */
};

void stale_fini(struct stale *);
bool stale_full(const struct stale *);
/* position: the first that the room may lack, if nothing was missing so far. */
void stale_add(struct stale *, const struct stale_change *, uint64_t position, uint64_t now_us);
/* The room's counters are these now: for a flush that may still come. */
void stale_correct(struct stale *, const struct stale_change *);
/* First position not projected once what is taken is; 0 when all is. */
uint64_t stale_first(const struct stale *);
/* When to flush (monotonic), UINT64_MAX: never. Before free_us the database has
 * better things to do, which the oldest room respects up to its greatest age. */
uint64_t stale_due_us(const struct stale *, uint64_t free_us);

/* Replaces the table by what the database says. */
enum parlor_err stale_load(struct stale *, struct db *, const struct mark *,
			   uint64_t now_us) PARLOR_MUST_CHECK;
/* When the rooms that were loaded are settled and there are more: those. */
enum parlor_err stale_load_more(struct stale *, struct db *, const struct mark *,
				uint64_t now_us) PARLOR_MUST_CHECK;

/* Takes the rooms to flush now, the oldest first, and after the commit forgets
 * them (done), or keeps them (not done). Their texts are borrowed until then. */
void stale_take(struct stale *, struct projection *, uint64_t now_us);
void stale_taken(struct stale *, bool done);

#endif
