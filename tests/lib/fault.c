/* A disk that can be filled: loaded into a broker with LD_PRELOAD. While the
 * file named by PARLOR_FAULT_ENOSPC exists, a regular file gets no block it
 * does not already have; what was reserved before can still be written, as on
 * a real disk. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static bool full(void)
{
	const char *flag = getenv("PARLOR_FAULT_ENOSPC");

	return flag != NULL && access(flag, F_OK) == 0;
}

/* Whether bytes up to `end` need blocks that the file lacks. */
static bool refused(int fd, off_t end)
{
	struct stat st;
	int saved = errno;
	bool refuse = full() && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		      end > st.st_blocks * 512 && end > st.st_size;

	errno = refuse ? ENOSPC : saved;
	return refuse;
}

static off_t iov_bytes(const struct iovec *iov, int n)
{
	off_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += (off_t)iov[i].iov_len;
	return sum;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return refused(fd, at + (off_t)n) ? -1 : REAL(pwrite)(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	return refused(fd, at + (off_t)n) ? -1 : REAL(pwrite64)(fd, bytes, n, at);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at)
{
	return refused(fd, at + iov_bytes(iov, n)) ? -1 : REAL(pwritev)(fd, iov, n, at);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
	return refused(fd, at + n) ? ENOSPC : REAL(posix_fallocate)(fd, at, n);
}

int posix_fallocate64(int fd, off64_t at, off64_t n)
{
	return refused(fd, at + n) ? ENOSPC : REAL(posix_fallocate64)(fd, at, n);
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
	return refused(fd, at + n) ? -1 : REAL(fallocate)(fd, mode, at, n);
}

int fallocate64(int fd, int mode, off64_t at, off64_t n)
{
	return refused(fd, at + n) ? -1 : REAL(fallocate64)(fd, mode, at, n);
}
