/* A broker without its loop, for tests of sync: a real store, a real core, a
 * ROUTER on a free port, and workers played by the test on DEALERs over a
 * database that is an array of marks. Time is the test's own. */
#ifndef TEST_SYNC_WORLD_H
#define TEST_SYNC_WORLD_H

#include "sync/sync.h"

#define WORLD_PARTITIONS 4
#define WORLD_HANDS 3
#define WORLD_RECORDS 20000
#define WORLD_ANSWERS 64

/* What MySQL would hold: marks, and which records were applied how often. */
struct database {
	uint64_t epoch[WORLD_PARTITIONS];
	uint64_t position[WORLD_PARTITIONS];
	uint64_t digest[WORLD_PARTITIONS];
	uint8_t applied[WORLD_RECORDS + 1];
	size_t disorder; /* records not in order, of another partition, or outside their batch */
};

/* A worker. */
struct worker_peer {
	void *socket;
	struct database *db;
	bool deaf;        /* reads, does nothing */
	bool hold;        /* keeps batches: worker_peer_apply does them */
	bool lag;         /* unread columns stay where they are */
	uint32_t largest; /* records of a batch, more are TOO_LARGE; 0: any */

	bool welcome;
	Parlor__WorkerWelcome told;
	uint32_t refused; /* code of the last refusal */
	size_t refusals;
	bool owns[WORLD_PARTITIONS];
	uint64_t epoch[WORLD_PARTITIONS];
	uint64_t unread[WORLD_PARTITIONS];
	Parlor__ToWorker *batch[WORLD_PARTITIONS]; /* held */
	Parlor__ToWorker *query;                   /* the last one, unanswered */
	bool more[WORLD_PARTITIONS];               /* said the last batch */
	size_t assigns, revokes, batches, batch_records, mores, largest_batch, pongs, queries;
	/* of Release */
	size_t releases, release_records;
	uint64_t release_after, release_upto;
	bool release_last;
	const char *release_error;
	/* one room in quarantine, told with every state of its partition */
	const char *tenant, *room;
	uint32_t room_partition;
	uint64_t room_position;
};

struct answer {
	enum sync_kind kind;
	struct sync_cookie cookie;
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
	uint64_t wait_us;   /* what the last pump returned */
	struct buf pending; /* records emitted, not yet committed */
	uint8_t partition_of[WORLD_RECORDS + 1];
	struct database db;
	struct worker_peer worker_peers[WORLD_HANDS];
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
/* Takes what is below `first` out of the journal. */
void world_trim(struct world *, uint64_t first);
uint64_t world_no(struct world *, const char *room);
uint64_t world_head(const struct world *);
/* Of the record there, as it has to stand beside a mark. */
uint64_t world_digest(struct world *, uint64_t position);

/* A worker connects and says hello; it has answered nothing yet. */
struct worker_peer *world_hire(struct world *, const char *name);
void worker_peer_close(struct worker_peer *);
void worker_peer_say(struct worker_peer *, const Parlor__FromWorker *);
void worker_peer_say_bytes(struct worker_peer *, const void *bytes, size_t len);
void worker_peer_state(struct worker_peer *, uint32_t partition);
void worker_peer_ping(struct worker_peer *);
/* Applies what was held and answers. */
void worker_peer_apply(struct worker_peer *, uint32_t partition);
void worker_peer_fail(struct worker_peer *, uint32_t partition, Parlor__FailClass,
		      const char *error);
size_t worker_peer_partitions(const struct worker_peer *);

/* One turn of the loop and of every worker. */
void world_turn(struct world *);
/* Turns until it holds; fails the test when that takes too long. */
#define world_until(w, condition)                 \
	do {                                      \
		world_patience(w, true);          \
		while (!(condition))              \
			world_patience(w, false); \
	} while (0)
void world_patience(struct world *, bool begin);
/* Turns until all that was said has been heard, and the answers to it, and
 * the answers to those. */
void world_settle(struct world *);

/* Every record of every partition was applied, once, in order. */
void world_assert_applied(struct world *);

#endif
