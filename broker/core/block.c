#include "core/block.h"

#include <assert.h>

enum flag { FLAG_COUNTS = 1, FLAG_RECALLED = 2, FLAG_KEYED = 4 };
#define FLAGS_ALL (FLAG_COUNTS | FLAG_RECALLED | FLAG_KEYED)

void block_append(struct buf *b, const struct row_message *m)
{
	buf_put_u8(b, (uint8_t)((m->counts ? FLAG_COUNTS : 0) | (m->recalled ? FLAG_RECALLED : 0) |
				(m->keyed ? FLAG_KEYED : 0)));
	buf_put_varint(b, m->position);
	buf_put_varint(b, m->time_us);
	buf_put_varint(b, m->sender);
	buf_put_varint(b, m->counted);
	buf_put_varint(b, m->own);
	buf_put_varint(b, m->own_prev);
	if (!m->keyed)
		return;
	buf_put_u64(b, m->key.high);
	buf_put_u64(b, m->key.low);
	buf_put_u64(b, m->content);
}

bool block_next(struct reader *in, struct row_message *m)
{
	if (in->bad || !reader_left(in))
		return false;
	uint8_t flags = reader_u8(in);
	*m = (struct row_message){.counts = flags & FLAG_COUNTS,
				  .recalled = flags & FLAG_RECALLED,
				  .keyed = flags & FLAG_KEYED};
	in->bad |= (flags & ~FLAGS_ALL) != 0;
	m->position = reader_varint(in);
	m->time_us = reader_varint(in);
	m->sender = reader_varint(in);
	m->counted = reader_varint(in);
	m->own = reader_varint(in);
	m->own_prev = reader_varint(in);
	if (m->keyed) {
		m->key.high = reader_u64(in);
		m->key.low = reader_u64(in);
		m->content = reader_u64(in);
	}
	return !in->bad;
}

bool block_count(struct span bytes, unsigned *count)
{
	struct reader in;
	struct row_message m;
	reader_init(&in, bytes.data, bytes.len);
	for (*count = 0; block_next(&in, &m); ++*count)
		continue;
	return !in.bad && *count > 0 && *count <= BLOCK_MESSAGES;
}

enum parlor_err block_get(struct span bytes, unsigned at, struct row_message *m)
{
	struct reader in;
	reader_init(&in, bytes.data, bytes.len);
	for (unsigned i = 0; block_next(&in, m); i++)
		if (i == at)
			return PARLOR_E_OK;
	return in.bad ? PARLOR_E_STORE_CORRUPT : PARLOR_E_NOT_FOUND;
}

void block_set_recalled(struct buf *b, unsigned at)
{
	struct reader in;
	struct row_message m;
	reader_init(&in, b->data, b->len);
	for (unsigned i = 0; i < at; i++)
		(void)block_next(&in, &m);
	assert(reader_left(&in) && !in.bad);
	b->data[in.at - b->data] |= FLAG_RECALLED;
}
