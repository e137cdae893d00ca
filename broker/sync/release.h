/* A topic on its way out of quarantine: its records are sent again, from the
 * first one that was not applied to the partition's mark. Owns where that stands;
 * sends nothing itself. While one is open its partition's mark stands still. */
#ifndef SYNC_RELEASE_H
#define SYNC_RELEASE_H

#include "sync/partition.h"
#include "sync/sync.h"

struct release {
	bool used;
	bool mute; /* who asked is gone */
	bool begun;
	bool flying; /* a frame of it is not answered yet */
	bool last;   /* which is the last one */
	uint8_t partition;
	struct topic topic;
	uint64_t after;   /* what was sent ends here */
	uint64_t scanned; /* >= after: no record about it in (after, scanned] */
	uint64_t upto;    /* the partition's mark */
	uint64_t until_us;
	struct sync_cookie cookie;
	char tenant[ROW_ID_MAX + 1];
	char id[ROW_ID_MAX + 1];
};

struct releases {
	struct release *slots;
	size_t max;
	size_t len;
};

void releases_init(struct releases *, size_t max);
void releases_fini(struct releases *);

/* NULL when there are too many. */
struct release *release_add(struct releases *, const struct partition *, const struct quarantine *,
			    struct sync_cookie, uint64_t until_us);
/* The one to serve first of a partition, that of a topic, one overdue; or NULL. */
struct release *release_of_partition(struct releases *, uint8_t partition);
struct release *release_find(struct releases *, const struct topic_name *);
struct topic_name release_name(const struct release *);
struct release *release_overdue(struct releases *, uint64_t now_us);
void release_remove(struct releases *, struct release *);
void releases_cancel(struct releases *, uint64_t session);

/* The next frame of it; it is in flight then. *made false: the budget is used up
 * before there was anything to send. NOT_FOUND: records are trimmed. */
enum parlor_err release_build(struct release *, const struct partition *,
			      const struct partition_source *, struct buf *frame,
			      bool *made) PARLOR_MUST_CHECK;

#endif
