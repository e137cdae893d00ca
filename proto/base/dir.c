#include "dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int rc = fsync(fd) == 0 ? 0 : errno;
	(void)close(fd);
	return rc;
}

int dir_sync_parent(const char *path)
{
	char parent[PATH_MAX];
	if ((size_t)snprintf(parent, sizeof parent, "%s/..", path) >= sizeof parent)
		return ENAMETOOLONG;
	return dir_sync(parent);
}
