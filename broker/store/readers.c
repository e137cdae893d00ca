#include "store/readers.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define NOTE_BYTES 32
#define TABLE_BYTES 8192 /* of as many readers as LMDB takes by itself */
#define TABLE_MODE 0600

/* ---- whose table it is -------------------------------------------------------------- */

static bool inode_of_table(const char *dir, unsigned long long *inode)
{
	struct stat file;
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "%s/lock.mdb", dir);
	if (stat(path, &file) != 0)
		return false;
	*inode = file.st_ino;
	return true;
}

void readers_note_table(int lock_fd, const char *dir)
{
	unsigned long long inode;
	char note[NOTE_BYTES];

	if (!inode_of_table(dir, &inode))
		return;
	int len = snprintf(note, sizeof note, "lock.mdb %llu\n", inode);
	/* Without the note a reader only knows less. */
	if (ftruncate(lock_fd, 0) != 0 || pwrite(lock_fd, note, (size_t)len, 0) != len)
		log_debug("store: parlor.lock cannot be written: %s", strerror(errno));
}

/* LMDB writes the table through its map, where a page that has no block on a full disk is a
 * SIGBUS. */
enum parlor_err readers_reserve_table(const char *dir, struct why why)
{
	struct stat file;
	char path[PATH_BYTES];
	int rc;

	snprintf(path, sizeof path, "%s/data.mdb", dir);
	if (access(path, F_OK) != 0)
		return PARLOR_E_OK;
	snprintf(path, sizeof path, "%s/lock.mdb", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, TABLE_MODE);
	/* LMDB meets the same, and says it. */
	if (fd < 0)
		return PARLOR_E_OK;
	do
		rc = fallocate(fd, 0, 0, TABLE_BYTES) ? errno : 0;
	while (rc == EINTR);
	/* One that is in use already has its pages. */
	bool none = fstat(fd, &file) == 0 && file.st_blocks == 0;
	close(fd);
	if (!none || fault_err(rc) != PARLOR_E_STORE_FULL)
		return PARLOR_E_OK;
	return why_set(why, PARLOR_E_STORE_FULL, "%s: %s: it takes %d bytes to open the directory",
		       path, strerror(rc), TABLE_BYTES);
}

/* What the last broker noted; false when there was none. */
static bool noted_table(int lock_fd, unsigned long long *inode)
{
	char note[NOTE_BYTES] = "";

	return pread(lock_fd, note, sizeof note - 1, 0) > 0 &&
	       sscanf(note, "lock.mdb %llu", inode) == 1;
}

enum parlor_err readers_check_table(const char *dir, struct why why)
{
	unsigned long long noted, here = 0;
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "%s/parlor.lock", dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return PARLOR_E_OK;
	bool other = noted_table(fd, &noted) && (!inode_of_table(dir, &here) || here != noted);
	/* A broker that has ended looks at no table. */
	bool running = other && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	if (!running)
		return PARLOR_E_OK;
	return why_set(why, PARLOR_E_STORE,
		       "%s/lock.mdb is not the one that its broker uses: it was deleted or "
		       "replaced, and the broker would not see who reads; restart the broker",
		       dir);
}

/* ---- who is in it ----------------------------------------------------------- */

int readers_drop_ended(MDB_env *mdb)
{
	int ended = 0;
	int rc = mdb_reader_check(mdb, &ended);

	if (ended > 0)
		log_info("store: %d readers of ended processes were dropped", ended);
	return rc;
}

static enum parlor_err no_transaction(int rc, const char *dir, struct why why)
{
	/* LMDB locks a byte by the number of the process. */
	if (rc == EAGAIN || rc == EACCES)
		return why_set(why, PARLOR_E_STORE_LOCKED,
			       "%s: a process of the same number (%ld), in another container, has "
			       "it open: start this one under another number, for instance by a "
			       "shell",
			       dir, (long)getpid());
	if (rc == MDB_READERS_FULL)
		return why_set(why, PARLOR_E_STORE_LOCKED, "%s: as many read it as may", dir);
	return why_set(why, fault_err(rc), "%s: %s", dir, mdb_strerror(rc));
}

enum parlor_err readers_check_slot(MDB_env *mdb, const char *dir, struct why why)
{
	MDB_envinfo info;
	MDB_txn *txn;
	int rc = mdb_txn_begin(mdb, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return no_transaction(rc, dir, why);
	mdb_env_info(mdb, &info);
	mdb_txn_abort(txn);
	if (info.me_numreaders > 0)
		return PARLOR_E_OK;
	return why_set(why, PARLOR_E_STORE,
		       "%s/lock.mdb cannot be written: its broker would not see who reads, and "
		       "use pages again while they are read; mount it writable, or copy the "
		       "directory while no broker runs",
		       dir);
}
