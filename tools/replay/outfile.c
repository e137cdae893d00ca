#include "outfile.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

struct outfile {
	gzFile file;
	int fd; /* of the same open file, for fsync */
	bool failed;
	char error[160];
};

static bool failed(struct outfile *f, const char *why)
{
	if (!f->failed)
		snprintf(f->error, sizeof f->error, "%s", why);
	f->failed = true;
	return false;
}

static bool failed_write(struct outfile *f)
{
	int code;
	const char *text = gzerror(f->file, &code);

	return failed(f, code == Z_ERRNO ? strerror(errno) : text);
}

static bool packed(const char *path)
{
	size_t len = strlen(path);

	return len > 3 && strcmp(path + len - 3, ".gz") == 0;
}

bool outfile_open(struct outfile **out, const char *path)
{
	struct outfile *f = mem_new(sizeof *f);

	*out = f;
	f->fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)
		     : dup(STDOUT_FILENO);
	int copy = f->fd < 0 ? -1 : dup(f->fd);
	if (copy < 0)
		return failed(f, strerror(errno));
	/* T: as it is, not packed. */
	f->file = gzdopen(copy, path && packed(path) ? "wb" : "wbT");
	if (f->file)
		return true;
	close(copy);
	return failed(f, "cannot start to write");
}

static int write_chunk(const char *bytes, size_t len, void *to)
{
	struct outfile *f = to;

	return gzwrite(f->file, bytes, (unsigned)len) == (int)len ? 0 : -1;
}

bool outfile_line(struct outfile *f, const json_t *object)
{
	if (f->failed)
		return false;
	if (json_dump_callback(object, write_chunk, f, JSON_COMPACT) == 0 &&
	    gzputc(f->file, '\n') == '\n')
		return true;
	return failed_write(f);
}

bool outfile_flush(struct outfile *f)
{
	if (!f->failed && gzflush(f->file, Z_SYNC_FLUSH) != Z_OK)
		failed_write(f);
	return !f->failed;
}

bool outfile_close(struct outfile *f)
{
	if (!f)
		return true;
	if (f->file && gzclose_w(f->file) != Z_OK)
		f->failed = true;
	/* Pipes and terminals cannot be synced, and need not be. */
	if (f->fd >= 0 && fsync(f->fd) != 0 && errno != EINVAL && errno != EROFS)
		f->failed = true;
	if (f->fd >= 0)
		close(f->fd);
	bool good = !f->failed;
	free(f);
	return good;
}

const char *outfile_error(const struct outfile *f)
{
	return f->error;
}
