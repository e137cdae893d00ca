/* The data directory of a broker: one LMDB environment with the journal and
 * the rows of the core. Owns durability: what a commit took is on disk when it
 * returns PARLOR_E_OK, with LMDB's default, fully synced flags. Never decides
 * anything about rooms, never talks to a peer.
 *
 * Writing: begin, any of append / put / replace / trim, then commit. The first
 * failure sticks and is told by commit, which then has changed nothing. Reading
 * goes through one read transaction that lives from store_read_begin to
 * store_read_end and shows the last commit; values borrow until then.
 *
 * A commit may run in a second thread, from commit_start to commit_end: reading
 * goes on meanwhile, waits for nothing and does not show it. The next begin comes
 * after its end. All calls come from one thread.
 *
 * Journal entries carry a checksum, verified at each read.
 *
 * A commit that failed with STORE_FULL (no space, although none was refused
 * before) leaves the store usable. Rows and trimming never are the reason that
 * entries fail: where they find no space the entries are committed without them
 * (store_rows_left). After STORE no later begin succeeds: what the disk holds is
 * known only when the directory is opened anew.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "core/core.h"
#include "core/partition.h"
#include "store/lineage.h"

struct store;

/* A number of 0 means its default. */
struct store_options {
	const char *dir;     /* made when missing */
	uint64_t map_init;   /* bytes; default 256 MiB */
	uint64_t map_max;    /* bytes; full beyond it; default 1 TiB */
	uint64_t headroom;   /* bytes kept free for deletes and one large commit; default 64 MiB,
			      * at most a quarter of map_max */
	uint32_t partitions; /* sync partitions, fixed when the directory is made; default 16 */
	bool read_only;      /* beside a live broker; makes nothing, takes no lock */
};

/* why: of at least 256 bytes, one line for a person. STORE_LOCKED, STORE_VERSION,
 * STORE_CORRUPT, STORE (I/O, permissions), STORE_FULL (no space to make it).
 * A new directory, and one that is a copy of another, becomes journal `journal_id`: the copy on
 * disk with its first commit (store_lineage_durable). Checks for stale readers. LMDB allows one
 * open store of a directory in a process, and no fork while it is open. */
enum parlor_err store_open(struct store **, const struct store_options *, uint64_t journal_id,
			   char *why, size_t why_size) PARLOR_MUST_CHECK;
void store_close(struct store *);

uint64_t store_journal_id(const struct store *); /* never 0 */
const struct lineage *store_lineage(const struct store *);
/* False for a copy before its first commit. Nobody may write its identity down anywhere else yet:
 * if the process ends now, the next one takes another. */
bool store_lineage_durable(const struct store *);
uint32_t store_partitions(const struct store *);
/* Lowest position kept, last + 1 when empty. Inside a read transaction: that its reads find. */
uint64_t store_first(const struct store *);
uint64_t store_last(const struct store *);          /* 0 when nothing was ever journalled */
uint64_t store_journal_bytes(const struct store *); /* on disk, as pages */
/* Every change up to here is in rows: recovery applies what comes after it. */
uint64_t store_covered(const struct store *);

/* ---- reading ---------------------------------------------------------------- */

enum parlor_err store_read_begin(struct store *) PARLOR_MUST_CHECK;
/* Nothing when it could not be begun. */
void store_read_end(struct store *);
/* Now and then, outside a read transaction, and again soon while it returns true: keeps the memory
 * of mapped pages bounded. */
bool store_drop_mapped_pages(struct store *);
struct core_rows store_rows(struct store *);

struct entry {
	uint64_t position;
	uint8_t partition; /* PARTITION_NONE: not for MySQL */
	struct span head;  /* record_encode */
	struct span event; /* encoded Event; empty: delivered to nobody */
};

/* PARLOR_E_NOT_FOUND outside what is kept; STORE_CORRUPT when damaged. */
enum parlor_err store_read(struct store *, uint64_t position, struct entry *) PARLOR_MUST_CHECK;
/* A walk over the entries that are kept from a position on, inside one read
 * transaction.
 * Several may be open. */
struct store_walk {
	void *cursor;
	uint64_t next;
	uint64_t last;
};
enum parlor_err store_walk_open(struct store *, uint64_t from,
				struct store_walk *) PARLOR_MUST_CHECK;
/* The same, beginning with that very entry, or empty behind the last one. NOT_FOUND
 * when it is no longer kept, STORE_CORRUPT when it is missing among those that are. */
enum parlor_err store_walk_open_at(struct store *, uint64_t from,
				   struct store_walk *) PARLOR_MUST_CHECK;
/* PARLOR_E_NOT_FOUND at the end. */
enum parlor_err store_walk_next(struct store *, struct store_walk *,
				struct entry *) PARLOR_MUST_CHECK;
void store_walk_close(struct store *, struct store_walk *);

/* ---- writing ----------------------------------------------------------------- */

/* Before a request that writes is accepted: STORE_FULL (retryable) when map or
 * disk could not take `bytes` more and keep the headroom. Adds up until the
 * next begin, or until store_unreserve. Cheap; reserves disk blocks ahead
 * when it has to, and grows the map when no transaction is open. A full store
 * is looked at again every 200 ms; it may then commit a transaction of its own,
 * for which none may be open. */
enum parlor_err store_reserve(struct store *, uint64_t bytes) PARLOR_MUST_CHECK;

/* What was reserved was not written after all. */
void store_unreserve(struct store *);

/* Rows that are to come take so many bytes: what is reserved leaves space for them. */
void store_owe(struct store *, uint64_t bytes);

enum parlor_err store_begin(struct store *) PARLOR_MUST_CHECK;
void store_append(struct store *, const struct entry *);                /* position = last + 1 */
void store_put(void *store, const struct row_key *, struct span value); /* core_put_fn */
/* Of an entry that was trimmed: nothing. Of a damaged one: STORE_CORRUPT. */
void store_replace_event(struct store *, uint64_t position, struct span event);
void store_set_covered(struct store *, uint64_t position);
/* How many rows the next commit may carry, of so many. 0: there is no space, which is
 * looked for again every 200 ms. May commit a transaction of its own, as
 * store_reserve. */
size_t store_rows_space(struct store *, size_t wanted);
/* Removes the oldest entries below `first`, at most max of them, and none that
 * is not covered. Once a commit. */
void store_trim(struct store *, uint64_t first, size_t max);
enum parlor_err store_commit(struct store *) PARLOR_MUST_CHECK;
/* The last commit is on disk without its rows, which found no space, and what they
 * would have covered. */
bool store_rows_left(const struct store *);
/* The same in the second thread; commit_end waits for it and tells how it went.
 * The descriptor is readable, and `ended` true, when that takes no waiting. */
void store_commit_start(struct store *);
int store_commit_fd(const struct store *);
bool store_commit_ended(struct store *);
enum parlor_err store_commit_end(struct store *) PARLOR_MUST_CHECK;
void store_abort(struct store *);

struct store_counts {
	uint64_t map_bytes, used_bytes, full_refusals, file_bytes;
};
void store_counts(const struct store *, struct store_counts *);

#endif
