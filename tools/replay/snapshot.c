#include "snapshot.h"

#include "store/fault.h"

#include "base/dir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE SNAPSHOT_FILE ".new"
#define ROW_HEAD_BYTES 6
#define VALUE_MAX ((uint32_t)64 << 20)
#define PATH_BYTES 4096

static bool path_of(char path[PATH_BYTES], const char *dir, const char *name)
{
	return (size_t)snprintf(path, PATH_BYTES, "%s/%s", dir, name) < PATH_BYTES;
}

/* Aligned as no stack frame of a sanitizer is. */
static bool hash_begin(struct snapshot *s)
{
	s->hash = aligned_alloc(_Alignof(struct hash_stream), sizeof *s->hash);
	if (s->hash)
		hash_stream_init(s->hash);
	return s->hash;
}

/* ---- reading ------------------------------------------------------------------- */

static enum parlor_err read_all(FILE *file, void *bytes, size_t len)
{
	if (fread(bytes, 1, len, file) == len)
		return PARLOR_E_OK;
	return ferror(file) ? PARLOR_E_STORE : PARLOR_E_STORE_CORRUPT;
}

enum parlor_err snapshot_open(struct snapshot *s, const char *dir)
{
	*s = (struct snapshot){0};
	enum parlor_err err = snapshot_head_open(dir, &s->head, &s->file);
	if (!err && !hash_begin(s))
		err = PARLOR_E_NO_MEMORY;
	s->left = s->head.rows;
	return err;
}

static enum parlor_err check_end(struct snapshot *s)
{
	struct hash128 sum = hash_stream_sum(s->hash);
	bool right = sum.low == s->head.hash.low && sum.high == s->head.hash.high;
	return right && getc(s->file) == EOF ? PARLOR_E_NOT_FOUND : PARLOR_E_STORE_CORRUPT;
}

enum parlor_err snapshot_next(struct snapshot *s, enum row_table *table, struct span *key,
			      struct span *value)
{
	if (!s->left)
		return check_end(s);
	buf_clear(&s->row);
	enum parlor_err err =
		read_all(s->file, buf_reserve(&s->row, ROW_HEAD_BYTES), ROW_HEAD_BYTES);
	if (err)
		return err;
	struct reader in;
	reader_init(&in, s->row.data, ROW_HEAD_BYTES);
	uint8_t number = reader_u8(&in), key_len = reader_u8(&in);
	uint32_t value_len = reader_u32(&in);
	if (number >= ROW_TABLES || !key_len || key_len > ROW_KEY_MAX || value_len > VALUE_MAX)
		return PARLOR_E_STORE_CORRUPT;
	s->row.len = ROW_HEAD_BYTES;
	size_t len = key_len + (size_t)value_len;
	err = read_all(s->file, buf_reserve(&s->row, len), len);
	if (err)
		return err;
	s->row.len += len;
	hash_stream_add(s->hash, s->row.data, s->row.len);
	s->left--;
	*table = (enum row_table)number;
	*key = (struct span){s->row.data + ROW_HEAD_BYTES, key_len};
	*value = (struct span){s->row.data + ROW_HEAD_BYTES + key_len, value_len};
	return PARLOR_E_OK;
}

enum parlor_err snapshot_rewind(struct snapshot *s)
{
	hash_stream_init(s->hash);
	s->left = s->head.rows;
	return fseeko(s->file, SNAPSHOT_HEAD_BYTES, SEEK_SET) == 0 ? PARLOR_E_OK : PARLOR_E_STORE;
}

void snapshot_close(struct snapshot *s)
{
	if (s->file)
		(void)fclose(s->file); /* what counts was synced by commit */
	buf_fini(&s->row);
	free(s->hash);
	*s = (struct snapshot){0};
}

/* ---- writing ------------------------------------------------------------------- */

static void fail(struct snapshot *s, enum parlor_err err)
{
	if (!s->err)
		s->err = err;
}

/* Whoever had the file before may have given it its name meanwhile. */
static bool is_still(int fd, const char *path)
{
	struct stat here, there;
	return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino &&
	       here.st_dev == there.st_dev;
}

static enum parlor_err open_new(const char *dir, int *fd)
{
	char path[PATH_BYTES];
	if (!path_of(path, dir, NEW_FILE))
		return PARLOR_E_STORE;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return fault_err(errno);
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0 || !is_still(*fd, path))
		return PARLOR_E_STORE_LOCKED;
	return ftruncate(*fd, 0) == 0 ? PARLOR_E_OK : fault_err(errno);
}

enum parlor_err snapshot_create(struct snapshot *s, const char *dir,
				const struct snapshot_head *head)
{
	int fd = -1;
	*s = (struct snapshot){.dir = dir,
			       .head = {.journal_id = head->journal_id,
					.position = head->position,
					.digest = head->digest}};
	enum parlor_err err = open_new(dir, &fd);
	if (!err && (!(s->file = fdopen(fd, "wb")) || !hash_begin(s)))
		err = PARLOR_E_NO_MEMORY;
	if (!s->file && fd >= 0)
		close(fd);
	/* The place of the head, which is written last. */
	static const uint8_t nothing[SNAPSHOT_HEAD_BYTES];
	if (!err && fwrite(nothing, 1, sizeof nothing, s->file) != sizeof nothing)
		err = fault_err(errno);
	return err;
}

void snapshot_put(struct snapshot *s, enum row_table table, struct span key, struct span value)
{
	assert(key.len > 0 && key.len <= ROW_KEY_MAX && value.len <= VALUE_MAX);
	buf_clear(&s->row);
	buf_put_u8(&s->row, (uint8_t)table);
	buf_put_u8(&s->row, (uint8_t)key.len);
	buf_put_u32(&s->row, (uint32_t)value.len);
	buf_put(&s->row, key.data, key.len);
	buf_put(&s->row, value.data, value.len);
	hash_stream_add(s->hash, s->row.data, s->row.len);
	s->head.rows++;
	if (!s->err && fwrite(s->row.data, 1, s->row.len, s->file) != s->row.len)
		fail(s, fault_err(errno));
}

static void put_in_place(struct snapshot *s)
{
	char from[PATH_BYTES], to[PATH_BYTES];
	if (!path_of(from, s->dir, NEW_FILE) || !path_of(to, s->dir, SNAPSHOT_FILE))
		fail(s, PARLOR_E_STORE);
	else
		fail(s,
		     rename(from, to) == 0 && dir_sync(s->dir) == 0 ? PARLOR_E_OK : PARLOR_E_STORE);
}

enum parlor_err snapshot_commit(struct snapshot *s)
{
	struct buf head = {0};
	s->head.hash = hash_stream_sum(s->hash);
	snapshot_head_encode(&head, &s->head);
	if (!s->err && (fflush(s->file) != 0 || fseeko(s->file, 0, SEEK_SET) != 0 ||
			fwrite(head.data, 1, head.len, s->file) != head.len ||
			fflush(s->file) != 0 || fsync(fileno(s->file)) != 0))
		fail(s, fault_err(errno));
	buf_fini(&head);
	if (!s->err)
		put_in_place(s);
	return s->err;
}

enum parlor_err snapshot_copy(struct snapshot *from, const char *to_dir)
{
	struct snapshot to;
	enum row_table table;
	struct span key, value;
	enum parlor_err err = snapshot_create(&to, to_dir, &from->head);
	while (!err && !(err = snapshot_next(from, &table, &key, &value)))
		snapshot_put(&to, table, key, value);
	if (err == PARLOR_E_NOT_FOUND && !from->left)
		err = snapshot_commit(&to);
	snapshot_close(&to);
	return err;
}
