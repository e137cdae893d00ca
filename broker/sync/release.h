/* A topic on its way out of quarantine: its records are sent again, from the
 * first one that was not applied to the partition's mark. Owns where that stands;
 * sends nothing itself. While one is open its partition's mark stands still. */
#ifndef SYNC_RELEASE_H
#define SYNC_RELEASE_H

#include "sync/partition.h"
#include "sync/sync.h"

struct release {
	struct pending base; /* its topic */
	bool begun;
	bool unanswered; /* a frame of it is not answered yet */
	bool last;       /* which is the last one */
	uint8_t partition;
	uint64_t after;   /* what was sent ends here */
	uint64_t scanned; /* >= after: no record about it in (after, scanned] */
	uint64_t upto;    /* the partition's mark */
	uint64_t until_us;
	char tenant[ROW_ID_MAX + 1];
	char id[ROW_ID_MAX + 1];
};

/* Nothing is sent of it so far. */
void release_set(struct release *, const struct partition *, const struct quarantine *,
		 uint64_t until_us);
struct topic_name release_name(const struct release *);
/* Of a queue of them the one to serve first of a partition, that of a topic, one
 * overdue; or NULL. */
struct release *release_of_partition(struct pending *queue, uint8_t partition);
struct release *release_find(struct pending *queue, const struct topic_name *);
struct release *release_overdue(struct pending *queue, uint64_t now_us);

/* The next frame of it; it is unanswered then. *made false: the budget is used up
 * before there was anything to send. NOT_FOUND: records are trimmed. */
enum parlor_err release_build(struct release *, const struct partition *,
			      const struct partition_source *, struct buf *frame,
			      bool *made) PARLOR_MUST_CHECK;

#endif
