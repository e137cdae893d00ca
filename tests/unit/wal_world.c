#include "wal_world.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PAYLOAD_MAX 4096

static struct span payload_of(const struct wal_world *w, uint64_t index, uint8_t bytes[PAYLOAD_MAX])
{
	const size_t len = w->payload ? w->payload : (size_t)(index * 37 % 700);

	assert_true(len <= PAYLOAD_MAX);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(index * 31 + i);
	return (struct span){bytes, len};
}

static enum parlor_err take(void *ctx, const struct wal_frame *f)
{
	struct wal_world *w = ctx;
	uint8_t bytes[PAYLOAD_MAX];

	assert_int_equal(f->index, w->last + 1);
	w->last = f->index;
	if (!w->first)
		w->first = f->index;
	if (f->type == WAL_FRAME_BARRIER) {
		assert_int_equal(f->payload.len, 0);
		return PARLOR_E_OK;
	}
	w->batches++;
	assert_true(span_equal(f->payload, payload_of(w, f->index, bytes)));
	assert_int_equal(f->term, 1);
	return PARLOR_E_OK;
}

enum parlor_err try_open_wal(struct wal_world *w)
{
	w->first = 0;
	w->batches = 0;
	w->last = w->options.applied;
	return wal_open(&w->wal, &w->options, take, w, w->why, sizeof w->why);
}

void open_wal(struct wal_world *w)
{
	enum parlor_err err = try_open_wal(w);

	if (err)
		print_error("open: %s\n", w->why);
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(wal_last(w->wal), w->last);
	assert_int_equal(wal_wait(w->wal), PARLOR_E_OK);
}

void close_wal(struct wal_world *w)
{
	wal_close(w->wal);
	w->wal = NULL;
}

void write_frame(struct wal_world *w)
{
	uint8_t bytes[PAYLOAD_MAX];
	struct span payload = payload_of(w, wal_last(w->wal) + 1, bytes);

	if (wal_reserve(w->wal, payload.len, 1))
		assert_int_equal(wal_wait(w->wal), PARLOR_E_OK);
	assert_int_equal(wal_reserve(w->wal, payload.len, 1), PARLOR_E_OK);
	const uint64_t index = wal_append(w->wal, WAL_FRAME_BATCH, 1, payload);
	assert_int_equal(wal_flush(w->wal), PARLOR_E_OK);
	assert_int_equal(wal_durable(w->wal), index);
}

void write_frames(struct wal_world *w, size_t n)
{
	while (n-- > 0)
		write_frame(w);
}

/* ---- files -------------------------------------------------------------------------- */

void segment_path(const struct wal_world *w, uint64_t number, char path[WAL_WORLD_PATH])
{
	snprintf(path, WAL_WORLD_PATH, "%s/%016" PRIx64, w->dir, number);
}

bool segment_there(const struct wal_world *w, uint64_t number)
{
	char path[WAL_WORLD_PATH];

	segment_path(w, number, path);
	return access(path, F_OK) == 0;
}

void read_segment(const struct wal_world *w, uint64_t number, uint8_t *bytes)
{
	char path[WAL_WORLD_PATH];

	segment_path(w, number, path);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, bytes, WAL_WORLD_SEGMENT, 0), WAL_WORLD_SEGMENT);
	assert_int_equal(close(fd), 0);
}

void write_segment(const struct wal_world *w, uint64_t number, const uint8_t *bytes)
{
	char path[WAL_WORLD_PATH];

	segment_path(w, number, path);
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, WAL_WORLD_SEGMENT, 0), WAL_WORLD_SEGMENT);
	assert_int_equal(close(fd), 0);
}

int set_up_wal(void **state)
{
	struct wal_world *w = calloc(1, sizeof *w);

	strcpy(w->top, "/tmp/parlor-wal-XXXXXX");
	assert_non_null(mkdtemp(w->top));
	snprintf(w->dir, sizeof w->dir, "%s/wal", w->top);
	w->options = (struct wal_options){
		.dir = w->dir, .segment_bytes = WAL_WORLD_SEGMENT, .journal_id = JOURNAL_ID};
	*state = w;
	return 0;
}

static void remove_files(const char *path)
{
	DIR *dir = opendir(path);

	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
	if (dir)
		assert_int_equal(closedir(dir), 0);
}

int tear_down_wal(void **state)
{
	struct wal_world *w = *state;

	close_wal(w);
	remove_files(w->dir);
	(void)rmdir(w->dir);
	assert_int_equal(rmdir(w->top), 0);
	free(w);
	return 0;
}
