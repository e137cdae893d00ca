/* Rows in memory, of kinds that are data: found by number, read when they are not
 * there, written back when they have changed, dropped when there are too many.
 * Owns which rows are resident, which are dirty, in flight or gone, and how many
 * bytes they take; knows no rule of any kind, and no I/O.
 *
 * What is resident and dirty is newer than the stored row. A row that was removed
 * stays (gone) until its deletion has landed. A row that was given to a commit is
 * in flight until that has landed: it stays, because what can be read from the
 * store is older.
 *
 * Rows cluster by the number their keys begin with: the head of a cluster is the
 * row of that number itself (a member, a room), and is resident while any other
 * row of the cluster is.
 *
 * A row about which something is due at some time is resident until then: what is due
 * first is known without reading. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "bits.h"
#include "deadlines.h"
#include "field.h"
#include "first_rows.h"
#include "hash.h"
#include "key.h"
#include "meter.h"

#include "base/pool.h"

#include <stdbool.h>

#define ENGINE_KINDS_MAX 16

struct row;
struct engine;

struct row_kind {
	const char *name;
	unsigned no;                /* of this kind, below ENGINE_KINDS_MAX */
	enum row_table table;       /* of its cluster */
	uint8_t sub;                /* in its key */
	bool paired;                /* the key has a second number; else it is a head */
	bool brief;                 /* once it has landed it stays only while it is held */
	size_t size;                /* of its struct, which begins with a struct row */
	const struct field *fields; /* that are stored, of what stands in its struct */
	size_t fields_at;           /* there; NULL: put and get do it */
	void (*put)(struct buf *, const struct row *);
	/* False when the value is damaged. What it owns is the row's. */
	bool (*get)(struct row *, struct span value);
	/* What else is written with it; NULL: nothing. */
	void (*put_beside)(struct row *, core_put_fn *, void *ctx);
	/* What was given has landed; NULL: nobody wants to know. */
	void (*landed)(struct row *);
	/* It did not; NULL: nothing to be undone. */
	void (*failed)(struct row *);
	/* When something is due about it, 0: never. NULL: never of any. Asked when it is
	 * read and each time that it is touched. */
	uint64_t (*due_us)(const struct row *);
	/* It is due: decides what that means, and moves the time, or removes the row. */
	enum parlor_err (*expire)(void *owner, struct row *);
	/* It leaves memory: nothing refers to it any more. Frees what it owns. */
	void (*drop)(void *owner, struct row *);
};

struct row_at {
	uint64_t number, tail;
	uint64_t kind;
};

/* What finding and touching one needs stands first, in as few lines of the processor's
 * cache as it can: most rows are found in memory that is cold. */
struct row {
	UT_hash_handle hh;
	struct row_at at;
	const struct row_kind *kind;
	struct row *head; /* of its cluster; of itself when it is one */
	bool used;        /* since the clock's hand passed */
	bool dirty;
	bool in_flight;
	bool gone;
	bool joined;     /* given in one commit with the one before it in its head's list */
	bool held;       /* of a brief kind: it stays until there are too many */
	uint32_t due_at; /* its place among the deadlines, from 1; 0: none */
	struct row *dirty_prev, *dirty_next; /* head->dirty_rows */
	struct row *dirty_rows;              /* of a head: its cluster's */
	uint32_t dirty_len;                  /* of dirty_rows */
	uint32_t refs;                       /* resident rows that cannot be without it */
	struct row *other;                   /* which it cannot be without, either; or NULL */
	uint64_t bytes;
};

/* A pass takes what was dirty when it began, in order of numbers: tenants, members,
 * then rooms. When it ends, all changes up to its beginning are in rows. */
struct pass {
	bool active;
	uint64_t position;
	enum row_table table;
	struct row *head;          /* at which it is */
	size_t left;               /* rows of that cluster, dirty when the pass came to it */
	uint64_t next;             /* number from which on it goes on */
	uint64_t last[ROW_TABLES]; /* later ones are of the next pass */
};

struct engine {
	struct core_rows store;
	const struct row_kind *const *heads;
	void *owner; /* told to drop */
	struct meter *meter, unasked;
	uint64_t bytes, budget;
	uint8_t buckets_log2; /* of rows, from the start on: base/table.h */

	struct row *rows;
	struct pool pools[ENGINE_KINDS_MAX];
	size_t counts[ENGINE_KINDS_MAX];
	struct row *hand;
	uint64_t loaded, evicted;
	struct deadlines deadlines;
	uint64_t expired;

	struct bits dirty[ROW_TABLES]; /* heads with dirty rows */
	size_t dirty_rows;             /* the first rows included */
	size_t dirty_bytes;            /* of them as they will be stored, about */
	struct first_rows first;
	struct pass pass;
	struct row **flight;
	size_t flight_len, flight_cap;
	uint64_t applied; /* position of the last change */
	uint64_t covered; /* every change up to here is in rows, with what is in flight */
	uint64_t covered_landed;
	struct buf scratch;
};

/* heads: the kind of each table that has clusters. */
void row_engine_init(struct engine *, struct core_rows, const struct row_kind *const heads[],
		     void *owner, uint64_t budget_bytes);
/* All rows go, dirty or not. */
void row_engine_fini(struct engine *);
/* What is read and walked from now on is charged to that meter; NULL: to nobody. */
void row_engine_charge(struct engine *, struct meter *);

void row_key_of(struct row_key *, const struct row_kind *, uint64_t number, uint64_t tail);

/* ---- rows of the store ------------------------------------------------------------ */

enum parlor_err row_engine_get(struct engine *, const struct row_key *,
			       struct span *value) PARLOR_MUST_CHECK;
enum parlor_err row_engine_scan(struct engine *, const struct row_key *from, size_t prefix_len,
				core_scan_fn *, void *arg) PARLOR_MUST_CHECK;

/* ---- rows in memory ------------------------------------------------------------------ */

/* NULL when it is not resident. One that is gone is found. */
struct row *row_find(const struct engine *, const struct row_kind *, uint64_t number,
		     uint64_t tail);
/* The row when it is resident, else its value as it is stored, without making it so; of
 * one that is not there both are NULL. */
enum parlor_err row_look(struct engine *, const struct row_kind *, uint64_t number, uint64_t tail,
			 struct row **, struct span *value) PARLOR_MUST_CHECK;
/* Reads it when it is not resident; NULL when there is none. head: NULL for one
 * that is a head itself. *read: it came from the store, and nothing refers to it
 * yet. */
enum parlor_err row_load(struct engine *, const struct row_kind *, uint64_t number, uint64_t tail,
			 struct row *head, struct row **out, bool *read) PARLOR_MUST_CHECK;
/* The caller has made sure that there is none. Zeroed behind struct row. */
struct row *row_add(struct engine *, const struct row_kind *, uint64_t number, uint64_t tail,
		    struct row *head);
/* It cannot be without that row either, as it cannot without its head. */
void row_refer(struct row *, struct row *other);
/* Bytes that it takes beside its struct. */
void row_resize(struct engine *, struct row *, size_t extra);
/* Changed: to be written back. */
void row_touch(struct engine *, struct row *);
/* The same, in one commit with another row of its cluster: never the one without
 * the other. */
void row_touch_with(struct engine *, struct row *, struct row *with);
/* Nothing that is stored has changed, but when it is due. */
void row_set_due(struct engine *, struct row *);
/* To be deleted; row_revive when it is there again. */
void row_remove(struct engine *, struct row *);
void row_revive(struct engine *, struct row *);
/* Of a brief kind: it may go as soon as it is clean. */
void row_release(struct engine *, struct row *);

/* To be written before all others. Returns its number. */
uint64_t first_row_add(struct engine *, const struct row_key *, struct span value, uint64_t before);

/* ---- what is due ----------------------------------------------------------------------- */

/* The time at which something is due next; UINT64_MAX: never. */
uint64_t row_engine_due(const struct engine *);
/* What is due at that time, the earliest first, until nothing is or so many were or
 * the steps are spent. *more: there is more of it. */
enum parlor_err row_engine_expire(struct engine *, uint64_t now_us, size_t max, uint64_t steps_max,
				  bool *more) PARLOR_MUST_CHECK;

/* ---- write-back (write_back.c) ----------------------------------------------------------- */

/* Gives about rows_max rows, beginning a pass when none is under way; returns how
 * many. They are in flight until landed or unlanded. */
size_t row_engine_write_back(struct engine *, size_t rows_max, core_put_fn *, void *ctx);
void row_engine_landed(struct engine *);
void row_engine_unlanded(struct engine *);

/* ---- memory --------------------------------------------------------------------------------- */

/* Of rows, and of the lists of those that are dirty, in flight or due. */
uint64_t row_engine_bytes(const struct engine *);
/* Drops clean rows while there is more than the budget, in steps proportional to
 * what was read since the last call. beside: bytes that the owner has of the budget. */
void row_engine_evict(struct engine *, uint64_t beside);
/* Nothing refers to it, and it is clean. */
void row_drop(struct engine *, struct row *);

#endif
