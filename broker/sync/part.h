/* One part of the journal on its way to MySQL: where the database stands, what
 * comes next, the batch in flight, how large batches may be, the rooms in
 * quarantine. Owns building a batch; never sends, never chooses the worker. */
#ifndef SYNC_PART_H
#define SYNC_PART_H

#include "core/core.h"
#include "store/store.h"
#include "sync/tail.h"

#include <parlor/worker.pb-c.h>

#define PART_ERROR_MAX 160

struct sync_settings;
struct worker;

enum part_state {
	PART_FREE,  /* nobody serves it */
	PART_ASKED, /* assigned; where the database stands is not told yet */
	PART_LIVE,
	PART_STUCK, /* the mark cannot be served from: error says why */
};

struct quarantine {
	char tenant[ROW_ID_MAX + 1];
	char room[ROW_ID_MAX + 1];
	char error[PART_ERROR_MAX];
	uint64_t no;       /* of the room, 0 when there is none of that name */
	uint64_t position; /* first record that is not applied */
};

struct flight {
	bool is;
	bool told; /* the worker said why it takes long */
	bool more; /* records of the part wait behind it */
	uint64_t upto;
	uint32_t records;
	uint32_t bytes;
	uint64_t sent_us;
};

struct part {
	uint8_t no;
	enum part_state state;
	struct worker *worker;
	uint64_t epoch;

	bool known; /* what follows was told by a worker and can be served from */
	uint64_t mark;
	uint64_t unread;
	uint64_t scanned; /* >= mark: no record of the part in (mark, scanned] */
	struct tail tail;

	struct flight flight;
	uint32_t records_max;
	uint32_t bytes_max;
	uint32_t calm; /* batches gone well since they changed */
	uint64_t asked_us;
	uint64_t batch_us; /* when the last batch was sent */
	uint64_t retry_us; /* nothing before; UINT64_MAX: no such limit */
	uint32_t raises;   /* epochs raised above the database's, in a row */
	char error[PART_ERROR_MAX];

	struct quarantine *rooms;
	size_t rooms_len;
};

void part_init(struct part *, uint8_t no, const struct sync_settings *, uint64_t head);
void part_fini(struct part *);

/* The database stands there; nothing is in flight any more. */
void part_set_mark(struct part *, uint64_t mark, uint64_t unread);
/* Every record of the part up to there is in the database (and projected);
 * 0 when unknown. head: last position of the journal. */
uint64_t part_position(const struct part *, uint64_t head);
uint64_t part_unread_position(const struct part *, uint64_t head);
/* False when it is so already. */
bool part_set_error(struct part *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Halved for what was too large, grown back a little for what went well. */
void part_shrink(struct part *);
void part_grow(struct part *, const struct sync_settings *);

/* Cuts the list to `max`; returns how many were left out. */
size_t part_set_quarantine(struct part *, struct core *, Parlor__QuarantinedRoom *const *, size_t n,
			   size_t max);
const struct quarantine *part_quarantine_of(const struct part *, uint64_t room);
const struct quarantine *part_quarantine_find(const struct part *, struct span tenant,
					      struct span room);
void part_quarantine_drop(struct part *, const struct quarantine *);

/* What batches are made from. */
struct part_source {
	struct store *store;
	struct core *core;
	uint64_t head;    /* last committed position */
	uint32_t *budget; /* entries that may still be walked */
	uint64_t *walked; /* counts them */
	struct buf *body; /* scratch */
	struct buf *fact; /* scratch */
};
enum part_built {
	PART_NOTHING, /* no record waits */
	PART_UNSEEN,  /* one waits that the store turn does not show yet */
	PART_BATCH,   /* *frame is to be sent, *flight says what it holds */
	PART_MORE,    /* the budget is used up, nothing found yet */
	PART_FAILED,  /* the journal could not be read: error says why */
};
enum part_built part_build(struct part *, const struct part_source *, struct buf *frame,
			   struct flight *);
/* A batch without records that moves the mark to what is known to be empty.
 * PART_NOTHING when it stands there already. */
enum part_built part_build_empty(struct part *, const struct part_source *, struct buf *frame,
				 struct flight *);

/* What stands beside the mark, never 0: a hash of the head of the journal's
 * entry there, which never changes. Errors as store_read. */
enum parlor_err part_digest(struct store *, uint64_t position, uint64_t *digest) PARLOR_MUST_CHECK;

#endif
