/* Loaded into broker and database with LD_PRELOAD: every flush to disk takes
 * SLOW_SYNC_MS milliseconds longer, as it does on many disks. Writes to a file
 * opened to be synced (LMDB's meta page) count as flushes. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void delay(void)
{
	static long ms = -1;
	if (ms < 0) {
		const char *text = getenv("SLOW_SYNC_MS");
		ms = text ? strtol(text, NULL, 10) : 0;
	}
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	while (nanosleep(&left, &left) != 0)
		;
}

int fsync(int fd)
{
	delay();
	return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	delay();
	return REAL(fdatasync)(fd);
}

int msync(void *at, size_t len, int flags)
{
	if (flags & MS_SYNC)
		delay();
	return REAL(msync)(at, len, flags);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0 && (flags & O_DSYNC))
		delay();
	return REAL(pwrite)(fd, bytes, n, at);
}
