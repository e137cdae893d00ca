/* A failing or slow disk, for a test that links it or a program that loads it
 * with LD_PRELOAD. The environment says what fails:
 *   FAULT_FDATASYNC_EIO_AT=n            the n-th fdatasync of the process, once
 *   FAULT_FDATASYNC_EIO_WHEN_FILE=path  each one while that file exists
 *   FAULT_META_EIO_WHEN_FILE=path       each write to a file opened with O_DSYNC
 *                                       (LMDB's meta page), likewise
 *   FAULT_SYNC_DELAY_US=n               each fsync, fdatasync and such write takes
 *                                       n microseconds longer */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
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

static void delay(void)
{
	unsigned long us = number("FAULT_SYNC_DELAY_US");

	if (us)
		usleep((useconds_t)us);
}

int fsync(int fd)
{
	delay();
	return REAL(fsync)(fd);
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
	return REAL(fdatasync)(fd);
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
	return REAL(pwrite)(fd, bytes, n, at);
}
