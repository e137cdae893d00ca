#include "lines.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK_BYTES (256U << 10)

struct lines {
	char *name;
	gzFile file;
	uint64_t size; /* 0: unknown */
	size_t line_max;

	char *block; /* bytes read and not yet taken: from at to end */
	size_t block_cap;
	size_t at;
	size_t end;
	bool drained;

	uint64_t line;
	json_t *held;
	enum parlor_err failed;
	char error[512];
};

enum parlor_err lines_fail(struct lines *l, enum parlor_err err, const char *format, ...)
{
	char reason[384];
	va_list args;

	if (l->failed != PARLOR_E_OK)
		return l->failed;
	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (l->line > 0)
		snprintf(l->error, sizeof(l->error), "%.100s:%llu: %s", l->name,
			 (unsigned long long)l->line, reason);
	else
		snprintf(l->error, sizeof(l->error), "%.100s: %s", l->name, reason);
	l->failed = err;
	return err;
}

enum parlor_err lines_open(struct lines **out, const char *path, size_t line_max)
{
	struct lines *l = mem_new(sizeof(*l));
	struct stat st;
	bool stdin_wanted = strcmp(path, "-") == 0;

	*out = l;
	l->name = stdin_wanted ? mem_text("stdin", 5) : mem_text(path, strlen(path));
	l->line_max = line_max;
	int fd = stdin_wanted ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		int cause = errno;
		if (fd >= 0)
			close(fd);
		return lines_fail(l, PARLOR_E_IO, "%s", strerror(cause));
	}
	if (S_ISDIR(st.st_mode)) {
		close(fd);
		return lines_fail(l, PARLOR_E_IO, "%s", strerror(EISDIR));
	}
	if (S_ISREG(st.st_mode))
		l->size = (uint64_t)st.st_size;
	l->file = gzdopen(fd, "rb");
	if (l->file == NULL) {
		close(fd);
		return lines_fail(l, PARLOR_E_NO_MEMORY, "cannot start to read");
	}
	gzbuffer(l->file, BLOCK_BYTES);
	l->block_cap = BLOCK_BYTES;
	l->block = mem_new(l->block_cap);
	return PARLOR_E_OK;
}

void lines_close(struct lines *l)
{
	if (l == NULL)
		return;
	if (l->file != NULL)
		gzclose_r(l->file);
	json_decref(l->held);
	free(l->block);
	free(l->name);
	free(l);
}

const char *lines_error(const struct lines *l)
{
	return l->error;
}

uint64_t lines_number(const struct lines *l)
{
	return l->line;
}

bool lines_progress(const struct lines *l, uint64_t *done, uint64_t *total)
{
	z_off_t offset = l->file == NULL ? -1 : gzoffset(l->file);

	if (l->size == 0 || offset < 0)
		return false;
	*done = (uint64_t)offset;
	*total = l->size;
	return true;
}

/* More bytes behind what is there; at the end of the file sets drained. */
static enum parlor_err block_fill(struct lines *l)
{
	if (l->at > 0) {
		memmove(l->block, l->block + l->at, l->end - l->at);
		l->end -= l->at;
		l->at = 0;
	}
	if (l->end == l->block_cap) {
		if (l->block_cap >= l->line_max) {
			l->line++;
			return lines_fail(l, PARLOR_E_TOO_LONG, "line is longer than %zu bytes",
					  l->line_max);
		}
		l->block_cap *= 2;
		l->block = mem_resize(l->block, l->block_cap, 1);
	}
	int got = gzread(l->file, l->block + l->end, (unsigned)(l->block_cap - l->end));
	int code = Z_OK;
	const char *text = gzerror(l->file, &code);
	if (got < 0 || (got == 0 && code == Z_BUF_ERROR)) {
		l->line++;
		if (code == Z_ERRNO)
			return lines_fail(l, PARLOR_E_IO, "cannot be read: %s", strerror(errno));
		const char *reason = strstr(text, ": "); /* behind a name of zlib's own */
		return lines_fail(l, PARLOR_E_VALUE, "archive is damaged or cut off: %s",
				  reason == NULL ? text : reason + 2);
	}
	l->end += (size_t)got;
	l->drained = got == 0;
	return PARLOR_E_OK;
}

/* *line NULL at the end of the file. Valid until the next call. */
static enum parlor_err line_next(struct lines *l, const char **line, size_t *len)
{
	size_t searched = 0;

	*line = NULL;
	for (;;) {
		char *from = l->block + l->at;
		char *stop = memchr(from + searched, '\n', l->end - l->at - searched);
		bool last = stop == NULL && l->drained && l->at < l->end;
		if (stop != NULL || last) {
			*line = from;
			*len = last ? l->end - l->at : (size_t)(stop - from);
			l->at += *len + (last ? 0 : 1);
			l->line++;
			return PARLOR_E_OK;
		}
		if (l->drained)
			return PARLOR_E_OK;
		searched = l->end - l->at;
		enum parlor_err err = block_fill(l);
		if (err != PARLOR_E_OK)
			return err;
	}
}

enum parlor_err lines_next(struct lines *l, json_t **out)
{
	const char *line;
	size_t len;
	json_error_t why;

	*out = NULL;
	if (l->failed != PARLOR_E_OK)
		return l->failed;
	*out = l->held;
	l->held = NULL;
	if (*out != NULL)
		return PARLOR_E_OK;
	enum parlor_err err = line_next(l, &line, &len);
	if (err != PARLOR_E_OK || line == NULL)
		return err;
	*out = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (*out == NULL)
		return lines_fail(l, PARLOR_E_VALUE, "not a JSON object: %s", why.text);
	return PARLOR_E_OK;
}

void lines_give_back(struct lines *l, json_t *object)
{
	l->held = object;
}
