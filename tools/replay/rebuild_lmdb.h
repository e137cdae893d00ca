/* A data directory from the tables that workers kept. Owns the checks that they are
 * whole, while the nouns tell the core what their rows say; the directory appears when
 * all of it is there and the database belongs to it, or not at all. */
#ifndef REBUILD_LMDB_H
#define REBUILD_LMDB_H

#include "builder.h"
#include "history.h"

struct rebuild_lmdb {
	struct db *db; /* open */
	const char *dir;
	uint32_t partitions; /* 0: as before */
	bool force, json;
};

/* Returns an exit status. */
int rebuild_lmdb(const struct rebuild_lmdb *);

/* ---- for the nouns --------------------------------------------------------------- */

struct rebuild_counts {
	uint64_t rooms, memberships, members, messages, recalled, desk_rows, conversations;
};

#define REBUILD_WHY_MAX 512
struct rebuild {
	struct builder *builder;
	enum parlor_err err; /* of the first row that did not fit */
	char why[REBUILD_WHY_MAX];
	struct rebuild_counts counts;
	uint64_t said_us;
};

static inline struct core_call rebuild_call(const struct history_row *f)
{
	return (struct core_call){.tenant = f->tenant, .now_us = f->time_us};
}

/* Says in what; PARLOR_E_VALUE. */
enum parlor_err rebuild_misfit(struct rebuild *, const struct history_row *, const char *format,
			       ...) __attribute__((format(printf, 3, 4)));

#endif
