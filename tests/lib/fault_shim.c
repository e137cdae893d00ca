/* A failing or slow disk, for a test that links it or a program that loads it
 * with LD_PRELOAD. The environment says what fails:
 *   FAULT_FDATASYNC_EIO_AT=n            the n-th fdatasync of the process, once
 *   FAULT_FDATASYNC_EIO_WHEN_FILE=path  each one while that file exists
 *   FAULT_META_EIO_WHEN_FILE=path       each write to a file opened with O_DSYNC
 *                                       (LMDB's meta page), likewise
 *   FAULT_ENOSPC_WHEN_FILE=path         the disk is full, likewise: a file gets no
 *                                       block that it does not have
 *   FAULT_SYNC_DELAY_US=n               each fsync, fdatasync and such write takes
 *                                       n microseconds longer
 *   FAULT_SYNC_HANGS_WHEN_FILE=path     each of them takes as long as that file is there
 *   FAULT_FILE=path                     while that file says `write 5`, each write
 *                                       of a regular file fails with errno 5; so
 *                                       with `meta` (as above), `sync` (fdatasync)
 *                                       and `fsync` */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_ulong fdatasyncs;

static unsigned long number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : 0;
}

static bool told_by_file(const char *name)
{
	const char *path = getenv(name);

	return path && access(path, F_OK) == 0;
}

/* Whether FAULT_FILE lets that fail; errno is set then. */
static bool fails(const char *what)
{
	const char *path = getenv("FAULT_FILE");
	char text[64] = "";
	int saved = errno, fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	size_t len = strlen(what);

	if (fd >= 0) {
		ssize_t n = read(fd, text, sizeof text - 1);
		text[n < 0 ? 0 : n] = 0;
		close(fd);
	}
	bool failing = strncmp(text, what, len) == 0 && text[len] == ' ';
	errno = failing ? (int)strtol(text + len, NULL, 10) : saved;
	return failing;
}

static void delay(void)
{
	unsigned long us = number("FAULT_SYNC_DELAY_US");

	if (us)
		usleep((useconds_t)us); /* the disk is as slow as that */
	/* A file that goes is seen by looking: a descriptor to wait on would be one of the
	 * process's, which other tests count. */
	while (told_by_file("FAULT_SYNC_HANGS_WHEN_FILE"))
		usleep(1000);
}

int fsync(int fd)
{
	delay();
	return fails("fsync") ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	unsigned long n = atomic_fetch_add(&fdatasyncs, 1) + 1;

	delay();
	if (n == number("FAULT_FDATASYNC_EIO_AT") ||
	    told_by_file("FAULT_FDATASYNC_EIO_WHEN_FILE")) {
		errno = EIO;
		return -1;
	}
	return fails("sync") ? -1 : REAL(fdatasync)(fd);
}

static bool is_regular(int fd)
{
	struct stat st;
	int saved = errno;
	bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

	errno = saved;
	return regular;
}

/* Whether the file has no blocks for bytes up to `end`, and gets none. */
static bool is_full(int fd, off_t end)
{
	struct stat st;
	int saved = errno;
	bool full = told_by_file("FAULT_ENOSPC_WHEN_FILE") && fstat(fd, &st) == 0 &&
		    S_ISREG(st.st_mode) && end > st.st_size && end > st.st_blocks * 512;

	errno = full ? ENOSPC : saved;
	return full;
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
	return is_full(fd, at + n) ? -1 : REAL(fallocate)(fd, mode, at, n);
}

static off_t end_of(int fd, const struct iovec *parts, int n)
{
	off_t end = lseek(fd, 0, SEEK_CUR);

	for (int i = 0; i < n && end >= 0; i++)
		end += (off_t)parts[i].iov_len;
	return end;
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	if (is_full(fd, end_of(fd, parts, n)) || (is_regular(fd) && fails("write")))
		return -1;
	return REAL(writev)(fd, parts, n);
}

static bool is_synced(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_DSYNC);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (is_synced(fd)) {
		delay();
		if (told_by_file("FAULT_META_EIO_WHEN_FILE")) {
			errno = EIO;
			return -1;
		}
	}
	if (is_full(fd, at + (off_t)n) || fails(is_synced(fd) ? "meta" : "write"))
		return -1;
	return REAL(pwrite)(fd, bytes, n, at);
}
