/* A process short of memory, or with a clock that is set while it runs: loaded
 * with LD_PRELOAD. The environment says
 *   SCARCE_MALLOC_AT=n          the n-th malloc, calloc, realloc or new of the
 *                               process fails, and none after it
 *   SCARCE_CLOCK_FILE=path      the wall clock is off by the seconds that this
 *                               file says, if it exists */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_ulong calls;
static unsigned long fails_at; /* 0: never */

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("SCARCE_MALLOC_AT");

	fails_at = at ? strtoul(at, NULL, 10) : 0;
}

/* In this thread. Memory for thread-local variables of a library that is loaded later
 * would be asked for: this one has its place from the start. */
static _Thread_local bool sanitizer __attribute__((tls_model("initial-exec")));

/* A sanitizer asks so when a thread starts, and takes no refusal: it is not the
 * program's own call, whatever asks for memory in it. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	sanitizer = true;
	int rc = REAL(pthread_getattr_np)(thread, attr);
	sanitizer = false;
	return rc;
}

static bool fails(void)
{
	if (!fails_at || sanitizer || atomic_fetch_add(&calls, 1) + 1 != fails_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : REAL(malloc)(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : REAL(calloc)(n, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : REAL(realloc)(old, size);
}

/* ---- the clock ------------------------------------------------------------------- */

static time_t seconds_off(void)
{
	const char *path = getenv("SCARCE_CLOCK_FILE");
	char text[32] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		ssize_t n = read(fd, text, sizeof text - 1);
		text[n < 0 ? 0 : n] = 0;
		close(fd);
	}
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = REAL(clock_gettime)(clock, now);

	if (rc == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += seconds_off();
	return rc;
}
