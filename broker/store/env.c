#include "store/env.h"

#include "store/readers.h"

#include "base/dir.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DIR_MODE 0700
#define FILE_MODE 0600
#define PATH_BYTES 4096
/* Of mapped files, resident in this process; libraries are among them. */
#define MAPPED_BYTES_MAX ((uint64_t)48 << 20)
/* Beyond it the map is gone through in so many parts, none smaller than that: to give back
 * 10,000 pages takes milliseconds. */
#define DROP_PARTS 64
#define DROP_BYTES_MIN ((uint64_t)8 << 20)

static const struct {
	const char *name;
	unsigned flags;
} databases[ENV_DBS] = {
	[ENV_META] = {"meta", 0},     [ENV_JOURNAL] = {"journal", MDB_INTEGERKEY},
	[ENV_NAMES] = {"names", 0},   [ENV_MEMBERS] = {"members", 0},
	[ENV_ROOMS] = {"rooms", 0},   [ENV_DESK] = {"desk", 0},
	[ENV_VISITS] = {"visits", 0},
};

MDB_val env_val(const void *bytes, size_t len)
{
	return (MDB_val){.mv_data = (void *)(uintptr_t)bytes, .mv_size = len};
}

/* ---- the directory ---------------------------------------------------------- */

static enum parlor_err make_dir(const char *dir, struct why why)
{
	if (mkdir(dir, DIR_MODE) != 0)
		return errno == EEXIST ? PARLOR_E_OK
				       : why_set(why, PARLOR_E_STORE, "%s: cannot be made: %s", dir,
						 strerror(errno));
	int rc = dir_sync_parent(dir);
	return rc == 0 ? PARLOR_E_OK : why_set(why, PARLOR_E_STORE, "%s: %s", dir, strerror(rc));
}

static enum parlor_err open_file(const char *dir, const char *name, int flags, int *fd,
				 struct why why)
{
	char path[PATH_BYTES];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return why_set(why, PARLOR_E_STORE, "%.100s...: path too long", dir);
	*fd = open(path, flags | O_CLOEXEC, FILE_MODE);
	if (*fd < 0)
		return why_set(why, PARLOR_E_STORE, "%s: %s", path, strerror(errno));
	return PARLOR_E_OK;
}

static enum parlor_err take_lock(struct env *e, const char *dir, struct why why)
{
	enum parlor_err err = open_file(dir, "parlor.lock", O_RDWR | O_CREAT, &e->lock_fd, why);

	if (err != PARLOR_E_OK || flock(e->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return err;
	if (errno == EWOULDBLOCK)
		return why_set(why, PARLOR_E_STORE_LOCKED, "%s: another broker uses it", dir);
	return why_set(why, PARLOR_E_STORE, "%s/parlor.lock: %s", dir, strerror(errno));
}

/* ---- opening ------------------------------------------------------------------ */

/* A page behind the end of the file would be a SIGBUS when it is read. */
static enum parlor_err check_size(struct env *e, const char *dir, struct why why)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat file;

	mdb_env_info(e->mdb, &info);
	mdb_env_stat(e->mdb, &stat);
	if (fstat(e->data_fd, &file) != 0)
		return why_set(why, PARLOR_E_STORE, "%s/data.mdb: %s", dir, strerror(errno));
	uint64_t used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	if ((uint64_t)file.st_size >= used)
		return PARLOR_E_OK;
	return why_set(why, PARLOR_E_STORE_CORRUPT,
		       "%s/data.mdb: cut short: %lld bytes of at least %llu", dir,
		       (long long)file.st_size, (unsigned long long)used);
}

static int open_databases(struct env *e, enum env_db from, size_t upto)
{
	MDB_txn *txn = NULL;

	int rc = mdb_txn_begin(e->mdb, NULL, MDB_RDONLY, &txn);
	for (size_t i = from; i < upto && rc == 0; i++)
		rc = mdb_dbi_open(txn, databases[i].name, 0, &e->db[i]);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc == MDB_NOTFOUND ? MDB_INVALID : rc;
}

static int open_meta(struct env *e)
{
	MDB_stat stat;

	mdb_env_stat(e->mdb, &stat);
	e->empty = stat.ms_entries == 0;
	return e->empty ? 0 : open_databases(e, ENV_META, ENV_META + 1);
}

enum parlor_err env_open_rest(struct env *e, struct why why)
{
	int rc = open_databases(e, ENV_META + 1, ENV_DBS);

	return rc == 0 ? PARLOR_E_OK
		       : why_set(why, fault_err(rc), "a database is missing: %s", mdb_strerror(rc));
}

/* Its first pages are on disk before the file has its name: what a power cut
 * leaves of making it is not taken for one that was damaged. */
static int make_file(const char *dir)
{
	char path[PATH_BYTES], name[PATH_BYTES];
	MDB_env *mdb = NULL;

	snprintf(name, sizeof name, "%s/data.mdb", dir);
	snprintf(path, sizeof path, "%s/data.new", dir);
	if (access(name, F_OK) == 0)
		return 0;
	if (unlink(path) != 0 && errno != ENOENT)
		return errno;
	int rc = mdb_env_create(&mdb);
	if (rc == 0)
		rc = mdb_env_open(mdb, path, MDB_NOSUBDIR | MDB_NOLOCK, FILE_MODE);
	if (rc == 0)
		rc = mdb_env_sync(mdb, 1);
	if (mdb)
		mdb_env_close(mdb);
	if (rc == 0 && rename(path, name) != 0)
		rc = errno;
	return rc;
}

static int open_mdb(struct env *e, const char *dir, const struct space_limits *limits)
{
	struct stat file;
	char path[PATH_BYTES];

	int rc = mdb_env_create(&e->mdb);
	if (rc != 0)
		return rc;
	snprintf(path, sizeof path, "%s/data.mdb", dir);
	uint64_t size = stat(path, &file) == 0 ? (uint64_t)file.st_size : 0;
	/* LMDB would make a new one of it. */
	if (size == 0 && !e->read_only)
		return MDB_INVALID;
	unsigned flags = MDB_NOTLS | (e->read_only ? MDB_RDONLY : 0);
	if ((rc = mdb_env_set_maxdbs(e->mdb, ENV_DBS)) != 0 ||
	    (rc = space_set_map(limits, e->mdb, size)) != 0 ||
	    (rc = mdb_env_open(e->mdb, dir, flags, FILE_MODE)) != 0)
		return rc;
	return readers_drop_ended(e->mdb);
}

static enum parlor_err open_all(struct env *e, const char *dir, const struct space_limits *limits,
				struct why why)
{
	enum parlor_err err = e->read_only ? readers_check_table(dir, why) : make_dir(dir, why);

	if (err == PARLOR_E_OK && !e->read_only)
		err = take_lock(e, dir, why);
	if (err != PARLOR_E_OK)
		return err;
	int rc = e->read_only ? 0 : make_file(dir);
	if (rc == 0 && (err = readers_reserve_table(dir, why)) != PARLOR_E_OK)
		return err;
	if (rc == 0)
		rc = open_mdb(e, dir, limits);
	if (rc != 0)
		return why_set(why, fault_err(rc), "%s: %s", dir, mdb_strerror(rc));
	if ((err = readers_check_slot(e->mdb, dir, why)) != PARLOR_E_OK)
		return err;
	if (!e->read_only)
		readers_note_table(e->lock_fd, dir);
	err = open_file(dir, "data.mdb", e->read_only ? O_RDONLY : O_RDWR, &e->data_fd, why);
	if (err != PARLOR_E_OK || (err = check_size(e, dir, why)) != PARLOR_E_OK)
		return err;
	if ((rc = open_meta(e)) != 0)
		return why_set(why, fault_err(rc), "%s/data.mdb: not a journal of Parlor: %s", dir,
			       mdb_strerror(rc));
	if (!e->read_only && (rc = dir_sync(dir)) != 0)
		return why_set(why, PARLOR_E_STORE, "%s: %s", dir, strerror(rc));

	space_init(&e->space, e->mdb, e->data_fd, limits);
	if (!e->read_only && (rc = space_grow(&e->space)) != 0)
		return why_set(why, fault_err(rc), "%s: %s", dir, mdb_strerror(rc));
	rc = mdb_txn_begin(e->mdb, NULL, MDB_RDONLY, &e->read);
	if (rc != 0)
		return why_set(why, fault_err(rc), "%s: %s", dir, mdb_strerror(rc));
	mdb_txn_reset(e->read);
	return PARLOR_E_OK;
}

enum parlor_err env_open(struct env *e, const char *dir, const struct space_limits *limits,
			 bool read_only, struct why why)
{
	*e = (struct env){.read_only = read_only, .lock_fd = -1, .data_fd = -1};
	if (strlen(dir) > PATH_BYTES - 64)
		return why_set(why, PARLOR_E_STORE, "%.100s...: path too long", dir);
	enum parlor_err err = open_all(e, dir, limits, why);
	if (err != PARLOR_E_OK)
		env_close(e);
	return err;
}

void env_close(struct env *e)
{
	if (e->write)
		mdb_txn_abort(e->write);
	if (e->read)
		mdb_txn_abort(e->read);
	if (e->mdb)
		mdb_env_close(e->mdb);
	if (e->data_fd >= 0)
		close(e->data_fd);
	if (e->lock_fd >= 0)
		close(e->lock_fd);
	*e = (struct env){.lock_fd = -1, .data_fd = -1};
}

/* ---- transactions ---------------------------------------------------------------- */

/* Where no transaction is active the map may be moved. */
static enum parlor_err grow(struct env *e)
{
	bool idle = !e->reading && !e->busy && !e->read_only;
	int rc = idle && !e->space.lost ? space_grow(&e->space) : 0;

	if (rc != 0)
		log_error("store: the map is lost: %s", mdb_strerror(rc));
	return e->space.lost ? PARLOR_E_STORE : PARLOR_E_OK;
}

enum parlor_err env_read_begin(struct env *e)
{
	assert(!e->reading);
	enum parlor_err err = grow(e);
	if (err != PARLOR_E_OK)
		return err;
	int rc = mdb_txn_renew(e->read);
	/* A writer in another process has grown the map. */
	if (rc == MDB_MAP_RESIZED && (rc = mdb_env_set_mapsize(e->mdb, 0)) == 0)
		rc = mdb_txn_renew(e->read);
	e->reading = rc == 0;
	if (rc != 0)
		log_error("store: no read transaction: %s", mdb_strerror(rc));
	return fault_err(rc);
}

void env_read_end(struct env *e)
{
	if (!e->reading)
		return;
	mdb_txn_reset(e->read);
	e->reading = false;
}

enum parlor_err env_prepare(struct env *e)
{
	assert(!e->busy && !e->read_only);
	if (e->broken || grow(e) != PARLOR_E_OK)
		return PARLOR_E_STORE;
	space_start(&e->space);
	return PARLOR_E_OK;
}

enum parlor_err env_begin(struct env *e)
{
	assert(!e->write && !e->read_only);
	int rc = mdb_txn_begin(e->mdb, NULL, 0, &e->write);
	if (rc != 0)
		log_error("store: no write transaction: %s", mdb_strerror(rc));
	e->rc = 0;
	e->written = 0;
	return fault_err(rc);
}

void env_create(struct env *e)
{
	for (size_t i = 0; i < ENV_DBS && e->rc == 0; i++)
		env_fail(e, mdb_dbi_open(e->write, databases[i].name,
					 databases[i].flags | MDB_CREATE, &e->db[i]));
	e->empty = false;
}

void env_fail(struct env *e, int rc)
{
	if (e->rc == 0)
		e->rc = rc;
}

/* LMDB reports a write that the file system cut short as EIO and leaves errno
 * alone: the disk is full. A failing disk sets it. */
static int commit(struct env *e)
{
	errno = 0;
	int rc = mdb_txn_commit(e->write);
	return rc == EIO && errno == 0 ? ENOSPC : rc;
}

/* After a failed write of the meta page LMDB refuses every transaction: what
 * the disk holds is known only when it is opened anew. */
static bool is_poisoned(struct env *e)
{
	MDB_txn *txn;

	if (mdb_txn_begin(e->mdb, NULL, 0, &txn) != 0)
		return true;
	mdb_txn_abort(txn);
	return false;
}

enum parlor_err env_commit(struct env *e)
{
	int rc = e->rc;

	assert(e->write);
	if (rc == 0)
		rc = commit(e);
	else
		mdb_txn_abort(e->write);
	e->write = NULL;
	bool told = e->lack_told;
	e->lack_told = false;
	if (rc == 0)
		return PARLOR_E_OK;
	enum parlor_err err = fault_err(rc);
	if (err == PARLOR_E_STORE_FULL && !is_poisoned(e)) {
		/* Whoever writes tries again: a broker that lives on waits for no reader of its
		 * log, and says it once. */
		if (!told)
			log_warn("store: commit failed: %s", mdb_strerror(rc));
		e->lack_told = true;
		return err;
	}
	log_fatal("store: commit failed: %s", mdb_strerror(rc));
	return err == PARLOR_E_STORE_CORRUPT ? err : PARLOR_E_STORE;
}

void env_settle(struct env *e, enum parlor_err err)
{
	space_settle(&e->space, e->written);
	e->written = 0;
	e->broken |= err == PARLOR_E_STORE;
}

/* ---- memory ------------------------------------------------------------------------ */

/* Bytes of mapped files that the process has touched; 0 when nobody tells. */
static uint64_t mapped_bytes(void)
{
	char line[128];
	unsigned long long pages;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	ssize_t n = read(fd, line, sizeof line - 1);
	close(fd);
	if (n <= 0)
		return 0;
	line[n] = 0;
	/* size, resident, resident of files */
	if (sscanf(line, "%*u %*u %llu", &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Where LMDB has mapped the file: it does not tell. */
static bool find_map(const struct env *e, unsigned long *from, unsigned long *to)
{
	char line[PATH_BYTES];
	struct stat file;
	bool found = false, same = false;
	FILE *maps = fopen("/proc/self/maps", "re");

	if (!maps)
		return false;
	/* A file of another device may have that number too. Some file systems show
	 * another device here than fstat does: then the number has to do. */
	while (fstat(e->data_fd, &file) == 0 && !same && fgets(line, sizeof line, maps)) {
		unsigned long start, end, inode;
		unsigned major_no, minor_no;
		if (sscanf(line, "%lx-%lx %*s %*s %x:%x %lu", &start, &end, &major_no, &minor_no,
			   &inode) != 5 ||
		    inode != (unsigned long)file.st_ino)
			continue;
		same = makedev(major_no, minor_no) == file.st_dev;
		if (same || !found) {
			*from = start;
			*to = end;
		}
		found = true;
	}
	fclose(maps);
	return found;
}

bool env_drop_mapped_pages(struct env *e)
{
	unsigned long from, to;

	if ((!e->dropped && mapped_bytes() <= MAPPED_BYTES_MAX) || !find_map(e, &from, &to)) {
		e->dropped = 0;
		return false;
	}
	uint64_t left = to - from > e->dropped ? to - from - e->dropped : 0;
	uint64_t part = (to - from) / DROP_PARTS & ~(DROP_BYTES_MIN - 1);
	if (part < DROP_BYTES_MIN)
		part = DROP_BYTES_MIN;
	if (part > left)
		part = left;
	/* Nothing is lost when it is refused: the pages just stay. */
	if (madvise((void *)(from + e->dropped), part, MADV_DONTNEED) != 0)
		log_debug("store: madvise: %s", strerror(errno));
	e->dropped = part < left ? e->dropped + part : 0;
	return e->dropped > 0;
}
