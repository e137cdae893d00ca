/* The LMDB environment of a data directory: its files, its lock, its named
 * databases, the one read transaction and the one write transaction.
 * Owns no format of keys or values. Space to write is the business of space.h. */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include "store/fault.h"
#include "store/space.h"

#include "base/buf.h"
#include "base/err.h"

#include <lmdb.h>
#include <stdbool.h>

enum env_db {
	ENV_META,
	ENV_JOURNAL,
	ENV_NAMES,
	ENV_MEMBERS,
	ENV_ROOMS,
	ENV_DESK,
	ENV_VISITS,
	ENV_DBS
};
#define ENV_ROWS ENV_NAMES /* and behind it, as their tables follow each other */

struct env {
	MDB_env *mdb;
	MDB_dbi db[ENV_DBS];
	MDB_txn *read; /* reset, not active, between reads */
	bool reading;
	bool busy;        /* a write transaction is the business of another thread */
	MDB_txn *write;   /* NULL between write transactions */
	int rc;           /* its first failure: MDB_ or errno */
	uint64_t written; /* bytes put in it */
	bool broken;      /* a commit failed for another reason than a lack of space */
	bool lack_told;   /* the last commit found no space, and the log says so */
	bool read_only;
	bool empty;       /* no databases yet: env_create makes them */
	uint64_t dropped; /* bytes of the map that the pass of env_drop_mapped_pages has seen */
	int lock_fd;
	int data_fd;
	struct space space;
};

/* Opens what exists of ENV_META; env_open_rest the others, when meta says that
 * they are of this version. On failure nothing stays open. A directory that is
 * made, and its entry in its parent, is on disk when this returns. */
enum parlor_err env_open(struct env *, const char *dir, const struct space_limits *, bool read_only,
			 struct why) PARLOR_MUST_CHECK;
enum parlor_err env_open_rest(struct env *, struct why) PARLOR_MUST_CHECK;
void env_close(struct env *);

enum parlor_err env_read_begin(struct env *) PARLOR_MUST_CHECK;
/* Nothing when it could not be begun. */
void env_read_end(struct env *);

/* Before a write transaction, in the loop's thread: space in the map, and what was
 * reserved becomes its. STORE: no write is taken any more. */
enum parlor_err env_prepare(struct env *) PARLOR_MUST_CHECK;
/* From begin to commit one thread, of either, has it. */
enum parlor_err env_begin(struct env *) PARLOR_MUST_CHECK;
/* Makes the databases in the write transaction. */
void env_create(struct env *);
/* The transaction goes on, but does nothing more and cannot be committed. */
void env_fail(struct env *, int rc);
/* STORE_FULL: nothing has changed, the next transaction may succeed. STORE: no
 * later write is taken, the directory must be opened anew. */
enum parlor_err env_commit(struct env *) PARLOR_MUST_CHECK;
/* After it, in the loop's thread again. */
void env_settle(struct env *, enum parlor_err);

/* Gives back pages of the map that the process has touched, when they are many:
 * they stay in the system's cache, and are mapped again when they are needed. A part of
 * the map at a time: true when there is more to do. */
bool env_drop_mapped_pages(struct env *);

MDB_val env_val(const void *bytes, size_t len);

#endif
