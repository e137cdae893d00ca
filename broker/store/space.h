/* Space to write: the size of LMDB's map and the disk blocks behind it. Grows
 * the map before it is full and reserves blocks of the file ahead, so that a
 * lack of space shows before anything is accepted. Keeps headroom, so that
 * deleting still works when there is none. Knows nothing of what is written. */
#ifndef STORE_SPACE_H
#define STORE_SPACE_H

#include "base/err.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

struct space_limits {
	uint64_t map_init, map_max, headroom; /* bytes */
};

/* All sizes in bytes. */
struct space {
	MDB_env *mdb;
	int fd; /* borrowed, of the data file */
	struct space_limits limits;
	uint64_t page;
	uint64_t step;     /* blocks are reserved so far ahead */
	uint64_t map;      /* size of the map */
	uint64_t used;     /* end of the last page in use, as of the last commit */
	uint64_t blocks;   /* the file has its disk blocks up to here */
	uint64_t wanted;   /* end that the map must reach once it can grow */
	uint64_t asked;    /* by space_reserve since the last commit began */
	uint64_t owed;     /* by the caller: rows that are to be written */
	uint64_t rows_us;  /* rows that did not fit are not asked for before */
	uint64_t taken;    /* the same of the commit that is under way */
	uint64_t credit;   /* free inside the file, when there is no space behind its end */
	uint64_t runs;     /* what of it lies in runs of pages, when counted */
	uint64_t freed;    /* what the last commit gave free: of use from the one after the next */
	uint64_t retry_us; /* not before, after a refusal */
	uint64_t refusals;
	uint64_t disk_us; /* the disk is not asked before, after it gave nothing */
	bool full;        /* the last answer was a refusal */
	int lack;         /* why the disk gave nothing, or 0 */
	bool counted;     /* credit and runs are as of the last commit */
	bool stuck;       /* the last refusal was for want of a commit */
	bool lost;        /* the environment has no map any more */
	bool no_prealloc; /* the file system cannot reserve */
};

/* Zero limits mean their defaults; headroom is at most a quarter of map_max. */
struct space_limits space_limits_from(uint64_t map_init, uint64_t map_max, uint64_t headroom);

/* Sets the size of the map for a file of that size, before the environment is opened. */
int space_set_map(const struct space_limits *, MDB_env *, uint64_t file_bytes);
void space_init(struct space *, MDB_env *, int fd, const struct space_limits *);

/* Grows the map where it is due. No transaction may be active in the process.
 * A failure other than 0 leaves the environment without a map: `lost`. */
int space_grow(struct space *);

/* idle: no transaction is active. STORE_FULL, or STORE when the file is failing.
 * After a refusal with `stuck` set, a commit of anything makes space. */
enum parlor_err space_reserve(struct space *, uint64_t bytes, bool idle) PARLOR_MUST_CHECK;

/* How many rows the next commit may carry beside what was asked for, of so many: 0
 * when there is no space. They may use the headroom but for a quarter, which is kept
 * for what deletes and for a start. A commit's rows are few enough for half of it:
 * pages are copied before they are free. idle and `stuck`: as above. */
size_t space_rows(struct space *, size_t rows, bool idle);

/* A commit begins: it has what was asked for. */
void space_start(struct space *);
/* After a commit or abort that put so many bytes of keys and values. */
void space_settle(struct space *, uint64_t written);

#endif
