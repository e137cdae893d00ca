/* What sync.c, assign.c, receive.c and schedule.c share: the whole of it, and the
 * few things they do for one another. Private to this directory. */
#ifndef SYNC_STATE_H
#define SYNC_STATE_H

#include "base/arena.h"
#include "feed/feed.h"
#include "front/peer.h"
#include "sync/archive.h"
#include "sync/partition.h"
#include "sync/release.h"
#include "sync/sync.h"
#include "sync/worker_pool.h"

struct sync {
	struct sync_settings settings;
	struct sync_hooks hooks;
	struct store *store;
	struct core *core;
	void *socket;
	struct front_frame frame; /* being read */
	struct arena arena;       /* it, decoded */

	uint64_t head;  /* last committed position */
	uint64_t epoch; /* last one given */
	struct partition *partitions;
	uint32_t partitions_len;
	uint32_t schedule_first; /* the partition that sending begins with next */
	uint32_t wake_first;     /* and waking */
	struct worker_pool worker_pool;
	struct pending_table pending;
	struct pending_heap *stored; /* of each partition */
	struct pending_heap all;
	struct pending *queries, *releases; /* queues */
	size_t queries_lost;                /* whose worker is gone */
	struct feed feed;
	struct buf body, sync_record; /* scratch */
	struct sync_counts counts;
};

#define MS_US UINT64_C(1000)

/* Answers it, when its asker is there; that is its end. */
void sync_answer(struct sync *, struct pending *, int code, const char *text,
		 const Parlor__ArchivePage *);

/* Sends, or marks the worker as lost: what does not take a frame does not read. */
bool sync_send(struct sync *, struct worker *, struct buf *frame);
bool sync_tell(struct sync *, struct worker *, Parlor__ToWorker__OpCase, const ProtobufCMessage *);

/* ---- assign.c ---------------------------------------------------------------- */

/* Gives the partition to that worker under a new epoch; no batch is at a worker then. */
void assign_partition(struct sync *, struct partition *, struct worker *, uint64_t now_us);
/* The same to whoever has least to do, another one if there is one. */
void assign_elsewhere(struct sync *, struct partition *, uint64_t now_us);
/* Takes out the lost, gives what they had to others, evens out the load. */
void assign_settle(struct sync *, uint64_t now_us);
/* Of queries whose worker is gone some go to others. */
void assign_queries(struct sync *);
/* The partition cannot be served; where it stands is asked again at retry_us. */
void assign_stuck(struct partition *, uint64_t retry_us);

#endif
