/* A broker without its loop, for tests of sync: a real store, a real core, a
 * ROUTER on a free port, and workers played by the test on DEALERs over a
 * database that is an array of marks. Time is the test's own. */
#ifndef TEST_SYNC_WORLD_H
#define TEST_SYNC_WORLD_H

#include "worker_peer.h"

#include "sync/sync.h"

#define WORLD_WORKERS 3
#define WORLD_ANSWERS 64
#define WORLD_SESSIONS 10

/* Who asks: a session by its number, below WORLD_SESSIONS. */
#define ASKER(w, number, request) \
	(&(struct pending_asker){ \
		.list = &(w)->pending_of[number], .share = &(w)->share, .request_id = (request)})

struct answer {
	enum pending_kind kind;
	size_t session;
	uint64_t request;
	int code;
	char text[160];
	size_t messages;
};

struct world {
	char dir[64];
	struct store *store;
	struct core *core;
	void *context;
	void *router;
	char endpoint[64];
	struct sync_settings settings;
	struct sync *sync;
	uint64_t now_us;
	uint64_t wait_us;   /* what the last schedule returned */
	struct buf pending; /* records emitted, not yet committed */
	uint8_t partition_of[WORLD_RECORDS + 1];
	struct database db;
	struct worker_peer worker_peers[WORLD_WORKERS];
	struct pending_list pending_of[WORLD_SESSIONS];
	struct pending_share share; /* of all of them */
	struct answer answers[WORLD_ANSWERS];
	size_t answers_len;
};

struct world *world_new(void);
void world_free(struct world *);
/* The broker's side begins anew on the same journal. */
void world_restart(struct world *);

/* A room with three members, and counted messages in it; each call commits.
 * Return the position of the last record. */
uint64_t world_room(struct world *, const char *room);
uint64_t world_post(struct world *, const char *room, size_t n);
/* So many rooms, and posts in each of them. */
void world_rooms(struct world *, size_t rooms, size_t posts);
/* Takes what is below `first` out of the journal. */
void world_trim(struct world *, uint64_t first);
uint64_t world_no(struct world *, const char *room);
uint64_t world_head(const struct world *);
/* Of the record there, as it has to stand beside a mark. */
uint64_t world_digest(struct world *, uint64_t position);

/* A worker connects and says hello; it has answered nothing yet. */
struct worker_peer *world_hire(struct world *, const char *name);
/* One that has all partitions when this returns. */
struct worker_peer *world_hire_for_all(struct world *);

/* One turn of the loop and of every worker. */
void world_turn(struct world *);
/* One in which a post is committed that its read transaction does not show. */
void world_turn_unseen(struct world *, const char *room);
/* Turns until it holds; fails the test when that takes too long. */
#define world_until(w, condition)                      \
	do {                                           \
		world_patience(w, NULL);               \
		while (!(condition))                   \
			world_patience(w, #condition); \
	} while (0)
/* One more turn for what is waited for; NULL: the wait begins. */
void world_patience(struct world *, const char *condition);
/* Turns until all that was said has been heard, and the answers to it, and
 * the answers to those. */
void world_settle(struct world *);

/* The session is gone. */
void world_leave(struct world *, size_t session);
/* MySQL has all there is. */
bool world_synced(const struct world *);
struct sync_counts world_counts(const struct world *);
/* What keeps the partition from going on. */
const char *world_error_of(const struct world *, uint32_t partition);
uint64_t world_position_of(const struct world *, uint32_t partition);

/* Every record of every partition was applied, once, in order. */
void world_assert_applied(struct world *);

#endif
