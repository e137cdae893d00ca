#include "random.h"

#include <errno.h>
#include <sys/random.h>

enum parlor_err random_bytes(void *out, size_t n)
{
	char *at = out;
	while (n) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return PARLOR_E_IO;
		at += got;
		n -= (size_t)got;
	}
	return PARLOR_E_OK;
}
