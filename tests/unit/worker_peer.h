/* A worker as sync sees it: a DEALER played by a test over a database that is an
 * array of marks. It does what it is told, unless it is to fail, hold or be deaf. */
#ifndef TEST_WORKER_PEER_H
#define TEST_WORKER_PEER_H

#include "base/buf.h"

#include <parlor/worker.pb-c.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_PARTITIONS 4
#define WORLD_RECORDS 20000

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

/* Connects and says hello. */
void worker_peer_open(struct worker_peer *, void *context, const char *endpoint, struct database *,
		      const char *name);
void worker_peer_close(struct worker_peer *);
void worker_peer_say(struct worker_peer *, const Parlor__FromWorker *);
void worker_peer_say_bytes(struct worker_peer *, const void *bytes, size_t len);
void worker_peer_state(struct worker_peer *, uint32_t partition);
void worker_peer_ping(struct worker_peer *);
/* Applies what was held and answers. */
void worker_peer_apply(struct worker_peer *, uint32_t partition);
/* All that was held, and from now on each batch as it comes. */
void worker_peer_apply_held(struct worker_peer *);
void worker_peer_goodbye(struct worker_peer *);
void worker_peer_fail(struct worker_peer *, uint32_t partition, Parlor__FailClass,
		      const char *error);
size_t worker_peer_partitions(const struct worker_peer *);
/* Does all that it has been told. */
void worker_peer_listen(struct worker_peer *);

#endif
