#include "store/snapshot_head.h"

#include "store/fault.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define MAGIC "PARLSNAP"
#define FORM 4
#define PATH_BYTES 4096

uint64_t snapshot_digest(struct span head)
{
	return hash64(head.data, head.len);
}

void snapshot_head_encode(struct buf *b, const struct snapshot_head *h)
{
	buf_put(b, MAGIC, 8);
	buf_put_u32(b, FORM);
	buf_put_u32(b, 0);
	buf_put_u64(b, h->journal_id);
	buf_put_u64(b, h->position);
	buf_put_u64(b, h->digest);
	buf_put_u64(b, h->rows);
	buf_put_u64(b, h->hash.low);
	buf_put_u64(b, h->hash.high);
	buf_put_u64(b, hash64(b->data, b->len));
	assert(b->len == SNAPSHOT_HEAD_BYTES);
}

static enum parlor_err head_decode(struct snapshot_head *h,
				   const uint8_t bytes[SNAPSHOT_HEAD_BYTES])
{
	struct reader in;
	reader_init(&in, bytes + 8, SNAPSHOT_HEAD_BYTES - 8);
	uint32_t form = reader_u32(&in);
	(void)reader_u32(&in);
	h->journal_id = reader_u64(&in);
	h->position = reader_u64(&in);
	h->digest = reader_u64(&in);
	h->rows = reader_u64(&in);
	h->hash.low = reader_u64(&in);
	h->hash.high = reader_u64(&in);
	if (memcmp(bytes, MAGIC, 8) != 0 ||
	    reader_u64(&in) != hash64(bytes, SNAPSHOT_HEAD_BYTES - 8))
		return PARLOR_E_STORE_CORRUPT;
	return form == FORM ? PARLOR_E_OK : PARLOR_E_STORE_VERSION;
}

enum parlor_err snapshot_head_open(const char *dir, struct snapshot_head *head, FILE **file)
{
	char path[PATH_BYTES];
	uint8_t bytes[SNAPSHOT_HEAD_BYTES];
	*file = NULL;
	if ((size_t)snprintf(path, sizeof path, "%s/" SNAPSHOT_FILE, dir) >= sizeof path)
		return PARLOR_E_STORE;
	*file = fopen(path, "rbe");
	if (!*file)
		return errno == ENOENT ? PARLOR_E_NOT_FOUND : fault_err(errno);
	if (fread(bytes, 1, sizeof bytes, *file) != sizeof bytes)
		return ferror(*file) ? PARLOR_E_STORE : PARLOR_E_STORE_CORRUPT;
	return head_decode(head, bytes);
}

enum parlor_err snapshot_head_read(const char *dir, struct snapshot_head *head)
{
	FILE *file;
	enum parlor_err err = snapshot_head_open(dir, head, &file);
	if (file)
		(void)fclose(file);
	return err;
}
