#include "store/wal/frame.h"

#include "base/hash.h"

#include <assert.h>

#define AT_HEAD_SUM 4
#define AT_LEN 8
#define AT_TYPE 12

_Static_assert(WAL_FRAME_HEAD % WAL_FRAME_ALIGN == 0, "payloads are aligned as frames are");

static uint32_t head_sum(const uint8_t *frame, uint64_t seed)
{
	return (uint32_t)hash64_seeded(frame + AT_LEN, WAL_FRAME_HEAD - AT_LEN, seed);
}

static uint64_t chain_behind(const uint8_t *frame, size_t size, uint64_t chain)
{
	return hash64_seeded(frame + AT_HEAD_SUM, size - AT_HEAD_SUM, chain);
}

size_t wal_frame_size(size_t payload)
{
	return (WAL_FRAME_HEAD + payload + WAL_FRAME_ALIGN - 1) & ~(size_t)(WAL_FRAME_ALIGN - 1);
}

static void put_u32_at(uint8_t *at, uint32_t value)
{
	for (size_t i = 0; i < sizeof value; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

void wal_frame_put(struct buf *out, const struct wal_frame *f, uint64_t seed, uint64_t *chain)
{
	static const uint8_t zeros[WAL_FRAME_ALIGN];
	const size_t size = wal_frame_size(f->payload.len), at = out->len;

	assert(f->index > 0 && f->durable < f->index && f->payload.len <= UINT32_MAX);
	buf_put_u64(out, 0); /* both sums: they come when the rest is there */
	buf_put_u32(out, (uint32_t)f->payload.len);
	buf_put_u32(out, (uint32_t)f->type);
	buf_put_u64(out, f->index);
	buf_put_u64(out, f->term);
	buf_put_u64(out, f->durable);
	buf_put(out, f->payload.data, f->payload.len);
	buf_put(out, zeros, size - WAL_FRAME_HEAD - f->payload.len);
	uint8_t *bytes = out->data + at;
	put_u32_at(bytes + AT_HEAD_SUM, head_sum(bytes, seed));
	*chain = chain_behind(bytes, size, *chain);
	put_u32_at(bytes, (uint32_t)*chain);
}

/* What stands at the place of a head; false where it cannot be one. */
static bool decode(const uint8_t *bytes, size_t n, struct wal_frame *f, uint32_t *len)
{
	struct reader r;

	if (n < WAL_FRAME_HEAD)
		return false;
	reader_init(&r, bytes + AT_LEN, WAL_FRAME_HEAD - AT_LEN);
	*len = reader_u32(&r);
	const uint32_t type = reader_u32(&r);
	*f = (struct wal_frame){.type = (enum wal_frame_type)type};
	f->index = reader_u64(&r);
	f->term = reader_u64(&r);
	f->durable = reader_u64(&r);
	return (type == WAL_FRAME_BATCH || type == WAL_FRAME_BARRIER) && f->durable < f->index;
}

size_t wal_frame_get(const uint8_t *bytes, size_t n, uint64_t *chain, struct wal_frame *f)
{
	uint32_t len;

	if (!decode(bytes, n, f, &len) || n < wal_frame_size(len))
		return 0;
	const size_t size = wal_frame_size(len);
	const uint64_t behind = chain_behind(bytes, size, *chain);
	struct reader r;
	reader_init(&r, bytes, AT_HEAD_SUM);
	if (reader_u32(&r) != (uint32_t)behind)
		return 0;
	f->payload = (struct span){bytes + WAL_FRAME_HEAD, len};
	*chain = behind;
	return size;
}

bool wal_frame_head_get(const uint8_t *bytes, size_t n, uint64_t seed, struct wal_frame *f)
{
	uint32_t len;
	struct reader r;

	if (!decode(bytes, n, f, &len))
		return false;
	reader_init(&r, bytes + AT_HEAD_SUM, AT_LEN - AT_HEAD_SUM);
	return reader_u32(&r) == head_sum(bytes, seed);
}
