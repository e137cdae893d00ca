/* A data directory from the tables that workers kept. Owns the telling of what
 * the tables say, and the checks that they are whole; the directory appears when
 * all of it is there and the database belongs to it, or not at all. */
#ifndef REBUILD_LMDB_H
#define REBUILD_LMDB_H

#include "db/db.h"

struct rebuild_lmdb {
	struct db *db; /* open */
	const char *dir;
	uint32_t partitions; /* 0: as before */
	bool force, json;
};

/* Returns an exit status. */
int rebuild_lmdb(const struct rebuild_lmdb *);

#endif
