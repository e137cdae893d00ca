/* Records what a program does to the files of one directory, for tests/crash to
 * cut the power in: loaded with LD_PRELOAD. Locks are left out, LMDB makes them
 * anew. The environment says
 *   POWER_DIR=path        the directory
 *   POWER_LOG=path        is appended to; its form is in power_log.h
 *   POWER_DROP=data       fdatasync does nothing, as with MDB_NOSYNC
 *   POWER_DROP=meta       O_DSYNC does nothing, as with MDB_NOMETASYNC */
#include "power_log.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FDS 4096
#define PARTS 128 /* of one writev; LMDB makes 64 */

static atomic_ulong watched[FDS]; /* inode, 0: none of ours */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;

static void give_up(const char *what)
{
	fprintf(stderr, "power_shim: %s: %s\n", what, strerror(errno));
	abort();
}

static bool drops(const char *what)
{
	const char *value = getenv("POWER_DROP");

	return value && strcmp(value, what) == 0;
}

/* ---- the log ------------------------------------------------------------------ */

static uint64_t log_length(void)
{
	struct stat st;

	if (log_fd < 0)
		log_fd = REAL(open)(getenv("POWER_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
				    0600);
	if (log_fd < 0 || fstat(log_fd, &st) != 0)
		give_up("log");
	return (uint64_t)st.st_size;
}

static uint64_t here(void)
{
	pthread_mutex_lock(&lock);
	uint64_t length = log_length();
	pthread_mutex_unlock(&lock);
	return length;
}

static void tell(struct power_entry e, const struct iovec *parts, int n)
{
	struct iovec all[1 + PARTS] = {{.iov_base = &e, .iov_len = sizeof e}};
	size_t left = e.len;
	int saved = errno, used = 1;

	if (n > PARTS)
		give_up("writev");
	for (int i = 0; i < n && left > 0; i++) {
		size_t len = parts[i].iov_len < left ? parts[i].iov_len : left;
		all[used++] = (struct iovec){parts[i].iov_base, len};
		left -= len;
	}
	pthread_mutex_lock(&lock);
	log_length();
	if (REAL(writev)(log_fd, all, used) != (ssize_t)(sizeof e + e.len))
		give_up("log");
	pthread_mutex_unlock(&lock);
	errno = saved;
}

static void tell_name(enum power_op op, uint64_t dir, uint64_t subject, const char *name)
{
	struct iovec part = {(void *)(uintptr_t)name, strlen(name)};

	tell((struct power_entry){.op = op, .file = dir, .subject = subject, .len = part.iov_len},
	     &part, 1);
}

/* ---- which files ---------------------------------------------------------------- */

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static uint64_t watched_of(int fd)
{
	return fd >= 0 && fd < FDS ? watched[fd] : 0;
}

/* The name of a file in the directory; "" for the directory and the one above
 * it, NULL for everything else. */
static const char *name_in(const char *path)
{
	const char *dir = getenv("POWER_DIR");
	size_t len = dir ? strlen(dir) : 0;

	if (!len || strncmp(path, dir, len) != 0)
		return NULL;
	path += len;
	if (!*path || strcmp(path, "/..") == 0)
		return "";
	return *path == '/' && !strstr(path, "lock") ? path + 1 : NULL;
}

static int open_watched(const char *path, int flags, mode_t mode)
{
	const char *name = name_in(path);
	bool is_new = name && *name && (flags & O_CREAT) && access(path, F_OK) != 0;
	int fd = REAL(open)(path, drops("meta") ? flags & ~(O_SYNC | O_DSYNC) : flags, mode);
	struct stat st;

	if (!name || fd < 0)
		return fd;
	if (fd >= FDS || fstat(fd, &st) != 0)
		give_up(path);
	watched[fd] = st.st_ino;
	if (is_new)
		tell_name(POWER_CREATE, inode_of(getenv("POWER_DIR")), st.st_ino, name);
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_watched(path, flags, mode);
}

int close(int fd)
{
	if (fd >= 0 && fd < FDS)
		watched[fd] = 0;
	return REAL(close)(fd);
}

int mkdir(const char *path, mode_t mode)
{
	const char *name = name_in(path);
	char above[4096];
	int rc = REAL(mkdir)(path, mode);

	if (rc == 0 && name && !*name) {
		snprintf(above, sizeof above, "%s/..", path);
		tell_name(POWER_CREATE, inode_of(above), inode_of(path), "");
	}
	return rc;
}

int rename(const char *from, const char *to)
{
	const char *name = name_in(to);
	int rc = REAL(rename)(from, to);

	if (rc == 0 && name && *name)
		tell_name(POWER_RENAME, inode_of(getenv("POWER_DIR")), inode_of(to), name);
	return rc;
}

int unlink(const char *path)
{
	const char *name = name_in(path);
	int rc = REAL(unlink)(path);

	if (rc == 0 && name && *name)
		tell_name(POWER_REMOVE, inode_of(getenv("POWER_DIR")), 0, name);
	return rc;
}

/* ---- writing --------------------------------------------------------------------- */

static void wrote(int fd, const struct iovec *parts, int n, off_t at, ssize_t len)
{
	if (len > 0)
		tell((struct power_entry){.op = POWER_WRITE,
					  .durable = (fcntl(fd, F_GETFL) & O_DSYNC) != 0,
					  .file = watched_of(fd),
					  .offset = (uint64_t)at,
					  .len = (uint64_t)len},
		     parts, n);
}

static ssize_t wrote_one(int fd, const void *bytes, size_t n, off_t at, ssize_t len)
{
	struct iovec part = {(void *)(uintptr_t)bytes, n};

	wrote(fd, &part, 1, at, len);
	return len;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	if (!watched_of(fd))
		return REAL(write)(fd, bytes, n);
	off_t at = lseek(fd, 0, SEEK_CUR);
	return wrote_one(fd, bytes, n, at, REAL(write)(fd, bytes, n));
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	ssize_t len = REAL(pwrite)(fd, bytes, n, at);

	return watched_of(fd) ? wrote_one(fd, bytes, n, at, len) : len;
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	if (!watched_of(fd))
		return REAL(writev)(fd, parts, n);
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t len = REAL(writev)(fd, parts, n);
	wrote(fd, parts, n, at, len);
	return len;
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
	ssize_t len = REAL(pwritev)(fd, parts, n, at);

	if (watched_of(fd))
		wrote(fd, parts, n, at, len);
	return len;
}

int ftruncate(int fd, off_t length)
{
	int rc = REAL(ftruncate)(fd, length);

	if (rc == 0 && watched_of(fd))
		tell((struct power_entry){.op = POWER_CUT,
					  .file = watched_of(fd),
					  .offset = (uint64_t)length},
		     NULL, 0);
	return rc;
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
	int rc = REAL(fallocate)(fd, mode, at, len);

	if (rc == 0 && watched_of(fd))
		tell((struct power_entry){.op = POWER_GROW,
					  .file = watched_of(fd),
					  .offset = (uint64_t)(at + len)},
		     NULL, 0);
	return rc;
}

/* ---- syncing ---------------------------------------------------------------------- */

static int sync_with(int (*sync)(int), int fd)
{
	if (!watched_of(fd))
		return sync(fd);
	if (drops("data"))
		return 0;
	uint64_t upto = here();
	int rc = sync(fd);
	if (rc == 0)
		tell((struct power_entry){.op = POWER_SYNC, .file = watched_of(fd), .offset = upto},
		     NULL, 0);
	return rc;
}

int fsync(int fd)
{
	return sync_with(REAL(fsync), fd);
}

int fdatasync(int fd)
{
	return sync_with(REAL(fdatasync), fd);
}
