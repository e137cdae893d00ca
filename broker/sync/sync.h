/* The way to MySQL: the journal goes, split into partitions by topic, to workers in
 * batches, and the workers say where the database stands. Owns the workers'
 * sessions and leases, the assignment of partitions and its epochs, where each partition
 * stands, who waits for that, and queries of old history. Never writes to the
 * journal, never talks to MySQL, never blocks: the caller's loop calls in.
 *
 * MySQL's mark is the truth. A partition whose worker has not yet said where the
 * database stands is sent nothing; a mark that goes back makes it be sent
 * again from there.
 *
 * A turn of the loop: sync_on_readable when the socket is, sync_committed for
 * each record after its commit, then sync_tick and sync_schedule. Answers come
 * through the hook, out of these calls only: never from inside sync_wait_*,
 * sync_archive or sync_release. The hook must not call back into sync. */
#ifndef SYNC_SYNC_H
#define SYNC_SYNC_H

#include "core/core.h"
#include "core/topic_name.h"
#include "store/store.h"
#include "sync/pending.h"

#include <parlor/worker.pb-c.h>

struct sync;

/* Times in milliseconds; 0 nowhere. */
struct sync_settings {
	uint32_t workers_max;   /* more are refused TOO_MANY */
	uint32_t heartbeat_ms;  /* told to workers */
	uint32_t lease_ms;      /* silence after which a worker's partitions go to others */
	uint32_t batch_records; /* of one batch, at most */
	uint32_t batch_bytes;   /* of one batch or release, about; one record always goes */
	uint32_t batch_ms;      /* a batch unanswered this long, and no word of why: reassign */
	uint32_t idle_ms;       /* between batches that only move the mark of an idle partition */
	uint32_t retry_ms;      /* before asking again where a stuck partition stands */
	uint32_t recent;        /* newest positions kept in memory for each partition */
	uint32_t walk;          /* journal entries looked at in one call; those sent cost more */
	uint32_t receive;       /* frames taken by one sync_on_readable */
	uint32_t receive_bytes; /* of them, about; one frame is always taken */
	uint32_t frame_bytes;   /* largest frame of a worker; its decoding gets four times that */
	uint32_t waiters;       /* of both kinds, of all sessions; more are BUSY */
	uint32_t answers;       /* to them in one call; to queries that have failed, or handed on */
	uint32_t archive;       /* history queries at workers; more are BUSY */
	uint32_t archive_ms;    /* until a query fails */
	uint32_t releases;      /* topics being released; more are BUSY */
	uint32_t quarantined;   /* topics known of one partition; more are counted only */
	uint32_t readers;       /* of the journal, waiting or not reading; more are TOO_MANY */
};
extern const struct sync_settings sync_settings_default;

struct sync_answer {
	const struct pending *to;        /* it ends with this call */
	int code;                        /* an enum parlor_err */
	struct span text;                /* why, when code is not OK; may be empty */
	const Parlor__ArchivePage *page; /* PENDING_ARCHIVE with code OK; during the call only */
};
struct sync_hooks {
	void *ctx;
	void (*answer)(void *ctx, const struct sync_answer *);
	/* A worker or reader said something over that descriptor. May be NULL. */
	void (*heard)(void *ctx, int fd);
};

/* socket: a bound ROUTER with ROUTER_MANDATORY; used with DONTWAIT, remains the
 * caller's, outlives this. store, core and socket are borrowed. Everything in
 * the journal now counts as committed; what comes is told by sync_committed. */
struct sync *sync_new(const struct sync_settings *, struct store *, struct core *, void *socket,
		      struct sync_hooks);
/* Nothing is answered any more. Tells the workers nothing: their leases end. */
void sync_free(struct sync *);

/* ---- driven by the loop; now: a clock that stands while nobody listens ------ */

/* Takes what workers said, up to what settings.receive and receive_bytes allow; the rest
 * keeps the socket readable. Inside a read transaction. */
void sync_on_readable(struct sync *, uint64_t now_us);
/* Each record after its commit, in order, also those of PARTITION_NONE. */
void sync_committed(struct sync *, uint64_t position, uint8_t partition);
/* Leases, time limits, back-off. Inside a read transaction. */
void sync_tick(struct sync *, uint64_t now_us);
/* Builds and sends what can be sent; answers waiters. Inside a read transaction,
 * which may be older than the last commit. What is above settings.walk waits for the next call,
 * which begins behind the partition where this one ended. Returns the microseconds until this and
 * sync_tick want to be called although nothing happens: 0 at once, at most 1 s. */
uint64_t sync_schedule(struct sync *, uint64_t now_us);

/* ---- where MySQL stands ------------------------------------------------------ */

/* Everything up to here is in MySQL, unread included, but for topics in
 * quarantine. 0 while a partition's mark is unknown. Rises, unless a mark goes back. */
uint64_t sync_synced(const struct sync *);
/* Records at or below this are needed no more: lower than the marks and than
 * the first record about any topic in quarantine. What is trimmed must not be above
 * it, or the partition is stuck. 0 while a mark is unknown. */
uint64_t sync_trimmable(const struct sync *);

/* ---- waiting ------------------------------------------------------------------- */

/* Until MySQL has that record about the topic. OK with *done: it has it, no answer
 * follows. OK without: an answer to a PENDING_STORED follows: OK, or DB_DATA
 * when the topic went into quarantine. DB_DATA at once when it is there now.
 * BUSY: too many wait. */
enum parlor_err sync_wait_topic(struct sync *, struct topic, uint64_t position,
				const struct pending_asker *, bool *done) PARLOR_MUST_CHECK;
/* Until sync_synced is at position: PENDING_ALL. */
enum parlor_err sync_wait_all(struct sync *, uint64_t position, const struct pending_asker *,
			      bool *done) PARLOR_MUST_CHECK;
/* Who asked is gone: it is not answered, and in its list no more. What a worker has to do all
 * the same counts in the tenant's share until it is done or given up. */
void sync_cancel(struct sync *, struct pending *);

/* ---- old history ------------------------------------------------------------------ */

struct sync_query {
	struct span tenant, room; /* ids, at most ROW_ID_MAX bytes */
	uint64_t from;            /* never 0 */
	bool backwards;
	uint32_t limit;
	uint32_t bytes; /* of bodies, about; capped so that the page fits a frame */
	uint64_t floor; /* lowest seq that may be shown */
};
/* BUSY or NO_WORKER at once; else the answer follows: OK with a page, the
 * worker's code, or WORKER after archive_ms or when two workers were lost. */
enum parlor_err sync_archive(struct sync *, const struct sync_query *, const struct pending_asker *,
			     uint64_t now_us) PARLOR_MUST_CHECK;

/* ---- topics in quarantine ------------------------------------------------------------- */

/* Sends its records again. NOT_QUARANTINED, BUSY, NO_WORKER at once;
 * else the answer follows: OK, DB_DATA when the database still refuses them,
 * WORKER when the worker was lost, NOT_FOUND when they are trimmed. The partition's
 * batches wait meanwhile. */
enum parlor_err sync_release(struct sync *, const struct topic_name *, const struct pending_asker *,
			     uint64_t now_us) PARLOR_MUST_CHECK;

typedef void sync_quarantine_fn(void *ctx, const struct topic_name *);
/* Those of a tenant, all when tenant is empty. */
void sync_quarantined(const struct sync *, struct span tenant, sync_quarantine_fn *, void *ctx);

/* ---- for people --------------------------------------------------------------------------- */

/* Texts borrow until the next call that is not const. */
struct sync_partition_view {
	uint64_t position;        /* every record of it up to here is in MySQL; 0: unknown */
	uint64_t unread_position; /* and its unread columns */
	const char *worker;       /* "" when nobody serves it */
	const char *error;        /* "" when all is well */
};
uint32_t sync_partitions(const struct sync *);
void sync_partition_show(const struct sync *, uint32_t partition, struct sync_partition_view *);
uint32_t sync_workers(const struct sync *);

struct sync_counts {
	uint64_t workers, workers_lost, workers_refused;
	uint64_t frames_bad, frames_stale;
	uint64_t batches, batch_records, batch_bytes, batches_failed;
	uint64_t walked;     /* journal entries looked at because the ring was too short */
	uint64_t marks_back; /* times that a mark went back */
	uint64_t pending, waiting, waiting_refused;
	uint64_t answers_put_off;  /* calls that left some for the next one */
	uint64_t batches_put_off;  /* the same of batches */
	uint64_t releases_refused; /* as many are under way as may be */
	uint64_t archive_waiting, archive_sent, archive_refused, archive_failed;
	uint64_t quarantined, quarantined_unlisted;
	uint64_t reads, read_pages, reads_refused; /* of the journal */
};
void sync_counts(const struct sync *, struct sync_counts *);

#endif
