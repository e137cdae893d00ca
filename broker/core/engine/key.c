#include "key.h"

#include <assert.h>

void row_key_one(struct row_key *k, enum row_table table, uint64_t number, uint8_t sub)
{
	k->table = table;
	if (table == ROW_NAMES) {
		assert(number <= UINT32_MAX);
		be64_put(k->bytes, (uint64_t)sub << 56 | number << 24);
		k->len = ROW_NAME_PREFIX;
		return;
	}
	be64_put(k->bytes, number);
	k->bytes[8] = sub;
	k->len = ROW_PREFIX;
}

void row_key_pair(struct row_key *k, enum row_table table, uint64_t number, uint8_t sub,
		  uint64_t tail)
{
	row_key_one(k, table, number, sub);
	be64_put(k->bytes + ROW_PREFIX, tail);
	k->len = ROW_PREFIX + 8;
}

uint64_t row_key_tail(const void *key, size_t len)
{
	assert(len >= ROW_PREFIX + 8);
	return be64_get((const uint8_t *)key + ROW_PREFIX);
}
