#include "store/lineage.h"

#include "base/hash.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define ANCESTOR_BYTES 16

void lineage_renew(struct lineage *l, uint64_t id, uint64_t last)
{
	size_t kept = l->len < LINEAGE_MAX ? l->len : LINEAGE_MAX - 1;

	memmove(l->ancestors + 1, l->ancestors, kept * sizeof *l->ancestors);
	l->ancestors[0] = (struct lineage_ancestor){l->id, last};
	l->len = kept + 1;
	l->id = id;
}

uint64_t lineage_shared(const struct lineage *l, uint64_t id)
{
	if (id == l->id)
		return UINT64_MAX;
	for (size_t i = 0; i < l->len; i++)
		if (l->ancestors[i].id == id)
			return l->ancestors[i].last;
	return 0;
}

void lineage_encode(struct buf *b, const struct lineage *l)
{
	for (size_t i = 0; i < l->len; i++) {
		buf_put_u64(b, l->ancestors[i].id);
		buf_put_u64(b, l->ancestors[i].last);
	}
}

bool lineage_decode(struct lineage *l, struct span ancestors)
{
	struct reader in;

	if (ancestors.len % ANCESTOR_BYTES != 0 || ancestors.len > LINEAGE_MAX * ANCESTOR_BYTES)
		return false;
	reader_init(&in, ancestors.data, ancestors.len);
	l->len = ancestors.len / ANCESTOR_BYTES;
	for (size_t i = 0; i < l->len; i++) {
		l->ancestors[i].id = reader_u64(&in);
		l->ancestors[i].last = reader_u64(&in);
	}
	return true;
}

/* Not by its device: that has another number after a restart of the machine. The
 * time of birth tells it from one of the same number on another disk; where the
 * file system keeps none, the number stands alone. */
uint64_t lineage_file_mark(int fd)
{
	struct statx file;
	uint64_t of[3] = {0};

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &file) == 0) {
		of[0] = file.stx_ino;
		if (file.stx_mask & STATX_BTIME) {
			of[1] = (uint64_t)file.stx_btime.tv_sec;
			of[2] = file.stx_btime.tv_nsec;
		}
	}
	uint64_t mark = hash64(of, sizeof of);
	return mark + (mark == 0);
}
