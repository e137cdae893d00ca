/* One partition of the journal on its way to MySQL: where the database stands, what
 * comes next, the batch that was sent, how large batches may be, the topics in
 * quarantine. Owns building a batch; never sends, never chooses the worker. */
#ifndef SYNC_PARTITION_H
#define SYNC_PARTITION_H

#include "core/core.h"
#include "core/topic_name.h"
#include "store/store.h"
#include "sync/recent_records.h"

#include <parlor/worker.pb-c.h>

#define PARTITION_ERROR_MAX 160

struct sync_settings;
struct worker;

enum partition_state {
	PARTITION_FREE,  /* nobody serves it */
	PARTITION_ASKED, /* assigned; where the database stands is not told yet */
	PARTITION_LIVE,
	PARTITION_STUCK, /* the mark cannot be served from: error says why */
};

struct quarantine {
	char tenant[ROW_ID_MAX + 1];
	char id[ROW_ID_MAX + 1];
	char error[PARTITION_ERROR_MAX];
	struct topic topic; /* of that id; number 0 when there is none */
	uint64_t position;  /* first record that is not applied */
};

struct sent_batch {
	bool is;
	bool explained; /* the worker said why it takes long */
	bool more;      /* records of the partition wait behind it */
	uint64_t upto;
	uint32_t records;
	uint32_t bytes;
	uint64_t sent_us;
};

struct partition {
	uint8_t no;
	enum partition_state state;
	struct worker *worker;
	uint64_t epoch;

	bool known; /* what follows was told by a worker and can be served from */
	uint64_t mark;
	uint64_t unread;
	uint64_t scanned; /* >= mark: no record of the partition in (mark, scanned] */
	struct recent_records recent;

	struct sent_batch sent;
	uint32_t records_max;
	uint32_t bytes_max;
	uint32_t good_batches; /* batches gone well since they changed */
	uint64_t asked_us;
	uint64_t batch_us;     /* when the last batch was sent */
	uint64_t retry_us;     /* nothing before; UINT64_MAX: no such limit */
	uint32_t epoch_raises; /* epochs raised above the database's, in a row */
	char error[PARTITION_ERROR_MAX];

	struct quarantine *quarantined; /* by topic */
	size_t quarantined_len;
};

void partition_init(struct partition *, uint8_t no, const struct sync_settings *, uint64_t head);
void partition_fini(struct partition *);

/* The database stands there; no batch is at a worker any more. */
void partition_set_mark(struct partition *, uint64_t mark, uint64_t unread);
/* Every record of the partition up to there is in the database (and projected);
 * 0 when unknown. head: last position of the journal. */
uint64_t partition_position(const struct partition *, uint64_t head);
uint64_t partition_unread_position(const struct partition *, uint64_t head);
/* False when it is so already. */
bool partition_set_error(struct partition *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Halved for what was too large, grown back a little for what went well. */
void partition_shrink(struct partition *);
void partition_grow(struct partition *, const struct sync_settings *);

/* Cuts the list to `max`; returns how many were left out. */
size_t partition_set_quarantine(struct partition *, struct core *,
				Parlor__QuarantinedTopic *const *, size_t n, size_t max);
const struct quarantine *partition_quarantine_of(const struct partition *, struct topic);
const struct quarantine *partition_quarantine_find(const struct partition *,
						   const struct topic_name *);
struct topic_name quarantine_name(const struct quarantine *);
void partition_quarantine_drop(struct partition *, const struct quarantine *);

/* What batches are made from. */
struct partition_source {
	struct store *store;
	struct core *core;
	uint64_t head;           /* last committed position */
	uint32_t *budget;        /* what this call may still do: partition_spend */
	uint64_t *walked;        /* counts entries walked over */
	struct buf *body;        /* scratch */
	struct buf *sync_record; /* scratch */
};
/* An entry was looked at, and put so many bytes into what is sent: none, when it stays behind.
 * What is sent costs more, for it is decoded, named and copied. Stops at 0. */
void partition_spend(const struct partition_source *, size_t bytes);

enum partition_built {
	PARTITION_NOTHING, /* no record waits */
	PARTITION_UNSEEN,  /* one waits that the read transaction does not show yet */
	PARTITION_BATCH,   /* *frame is to be sent, *sent says what it holds */
	PARTITION_MORE,    /* the budget is used up, nothing found yet */
	PARTITION_FAILED,  /* the journal could not be read: error says why */
};
/* There must be some budget left: one record always goes. */
enum partition_built partition_build(struct partition *, const struct partition_source *,
				     struct buf *frame, struct sent_batch *);
/* A batch without records that moves the mark to what is known to be empty.
 * PARTITION_NOTHING when it stands there already. */
enum partition_built partition_build_empty(struct partition *, const struct partition_source *,
					   struct buf *frame, struct sent_batch *);

/* What stands beside the mark, never 0: a hash of the head of the journal's
 * entry there, which never changes. Errors as store_read. */
enum parlor_err partition_digest(struct store *, uint64_t position,
				 uint64_t *digest) PARLOR_MUST_CHECK;

#endif
