#include "store/wal/segment.h"

#include "base/die.h"
#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAGIC "PARLWAL1"
#define MAGIC_LEN 8
#define FORM 1
#define COPIES 2
#define COPY_BYTES (SEGMENT_HEAD / COPIES)
#define NAME_DIGITS 16
#define MAKING ".new"
#define FILE_MODE 0600
#define ZEROS_BYTES ((size_t)256 << 10)

/* ---- names ---------------------------------------------------------------------- */

void segment_name(char name[SEGMENT_NAME], uint64_t number)
{
	snprintf(name, SEGMENT_NAME, "%0*" PRIx64, NAME_DIGITS, number);
}

bool segment_number(const char *name, uint64_t *number, bool *making)
{
	char *end;

	if (strspn(name, "0123456789abcdef") != NAME_DIGITS)
		return false;
	*number = strtoull(name, &end, 16);
	*making = strcmp(end, MAKING) == 0;
	return *making || !*end;
}

/* ---- the head --------------------------------------------------------------------- */

void segment_head_put(struct buf *out, const struct segment_head *h)
{
	static const uint8_t zeros[COPY_BYTES];

	for (int i = 0; i < COPIES; i++) {
		const size_t at = out->len;
		buf_put(out, MAGIC, MAGIC_LEN);
		buf_put_u64(out, FORM);
		buf_put_u64(out, h->journal_id);
		buf_put_u64(out, h->number);
		buf_put_u64(out, h->first);
		buf_put_u64(out, h->seed);
		buf_put_u64(out, h->chain);
		buf_put_u64(out, hash64(out->data + at, out->len - at));
		buf_put(out, zeros, at + COPY_BYTES - out->len);
	}
}

static bool get_copy(const uint8_t *bytes, struct segment_head *h)
{
	struct reader r;

	if (memcmp(bytes, MAGIC, MAGIC_LEN) != 0)
		return false;
	reader_init(&r, bytes + MAGIC_LEN, COPY_BYTES - MAGIC_LEN);
	const uint64_t form = reader_u64(&r);
	*h = (struct segment_head){.journal_id = reader_u64(&r)};
	h->number = reader_u64(&r);
	h->first = reader_u64(&r);
	h->seed = reader_u64(&r);
	h->chain = reader_u64(&r);
	const uint64_t sum = hash64(bytes, (size_t)(r.at - bytes));
	return form == FORM && reader_u64(&r) == sum && h->first > 0;
}

bool segment_head_get(const uint8_t bytes[SEGMENT_HEAD], struct segment_head *h)
{
	for (int i = 0; i < COPIES; i++)
		if (get_copy(bytes + (size_t)i * COPY_BYTES, h))
			return true;
	return false;
}

uint64_t segment_chain(const struct segment_head *h)
{
	uint8_t of[24];

	be64_put(of, h->number);
	be64_put(of + 8, h->first);
	be64_put(of + 16, h->chain);
	return hash64_seeded(of, sizeof of, h->seed);
}

/* ---- the file ---------------------------------------------------------------------- */

static int done(ssize_t rc)
{
	return rc < 0 ? errno : 0;
}

int segment_read(int fd, void *bytes, size_t n, uint64_t at)
{
	for (size_t read_len = 0; read_len < n;) {
		ssize_t len = pread(fd, (uint8_t *)bytes + read_len, n - read_len,
				    (off_t)(at + read_len));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno;
		if (len == 0)
			return ENODATA;
		read_len += (size_t)len;
	}
	return 0;
}

int segment_write(int fd, const void *bytes, size_t n, uint64_t at)
{
	for (size_t written = 0; written < n;) {
		ssize_t len = pwrite(fd, (const uint8_t *)bytes + written, n - written,
				     (off_t)(at + written));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno;
		written += (size_t)len;
	}
	return 0;
}

static int fill(int fd, uint64_t bytes)
{
	static const uint8_t zeros[ZEROS_BYTES];
	int rc = 0;

	for (uint64_t at = 0; at < bytes && rc == 0; at += ZEROS_BYTES) {
		uint64_t left = bytes - at;
		rc = segment_write(fd, zeros, left < ZEROS_BYTES ? (size_t)left : ZEROS_BYTES, at);
	}
	die_at("segment_filled");
	return rc == 0 ? done(fdatasync(fd)) : rc;
}

int segment_make(const struct segment_dir *dir, uint64_t number)
{
	char name[SEGMENT_NAME], making[SEGMENT_NAME + sizeof MAKING];

	segment_name(name, number);
	snprintf(making, sizeof making, "%s" MAKING, name);
	int fd = openat(dir->fd, making, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return errno;
	int rc = fill(fd, dir->bytes);
	(void)close(fd);
	if (rc == 0)
		rc = done(renameat(dir->fd, making, dir->fd, name));
	if (rc == 0)
		rc = done(fsync(dir->fd));
	/* Its space is given back, or a full disk would stay so. */
	if (rc != 0)
		(void)unlinkat(dir->fd, making, 0);
	die_at("segment_made");
	return rc;
}

int segment_rename(const struct segment_dir *dir, uint64_t from, uint64_t to)
{
	char name[SEGMENT_NAME], other[SEGMENT_NAME];

	segment_name(name, from);
	segment_name(other, to);
	int rc = done(renameat(dir->fd, name, dir->fd, other));
	die_at("segment_renamed");
	return rc == 0 ? done(fsync(dir->fd)) : rc;
}

int segment_remove(const struct segment_dir *dir, uint64_t number)
{
	char name[SEGMENT_NAME];

	segment_name(name, number);
	int rc = done(unlinkat(dir->fd, name, 0));
	die_at("segment_removed");
	return rc == 0 ? done(fsync(dir->fd)) : rc;
}

int segment_open(const struct segment_dir *dir, uint64_t number, int *fd)
{
	char name[SEGMENT_NAME];

	segment_name(name, number);
	*fd = openat(dir->fd, name, O_RDWR | O_CLOEXEC);
	return *fd < 0 ? errno : 0;
}
