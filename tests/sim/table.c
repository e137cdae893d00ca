#include "table.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int order(const struct table_row *row, const uint8_t *key, size_t len)
{
	int by_bytes = memcmp(row->bytes, key, row->key_len < len ? row->key_len : len);
	return by_bytes ? by_bytes : (row->key_len > len) - (row->key_len < len);
}

/* Where the key is, or would be. */
static size_t place_of(const struct table_rows *rows, const uint8_t *key, size_t len)
{
	size_t low = 0, high = rows->len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (order(&rows->at[middle], key, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool holds(const struct table_rows *rows, size_t place, const uint8_t *key, size_t len)
{
	return place < rows->len && order(&rows->at[place], key, len) == 0;
}

static struct span value_of(const struct table_row *row)
{
	return (struct span){row->bytes + row->key_len, row->value_len};
}

void table_fini(struct table *t)
{
	for (int i = 0; i < ROW_TABLES; i++) {
		for (size_t j = 0; j < t->of[i].len; j++)
			free(t->of[i].at[j].bytes);
		free(t->of[i].at);
	}
	*t = (struct table){0};
}

static void remove_at(struct table_rows *rows, size_t place)
{
	free(rows->at[place].bytes);
	rows->len--;
	memmove(&rows->at[place], &rows->at[place + 1], (rows->len - place) * sizeof *rows->at);
}

static void insert_at(struct table_rows *rows, size_t place)
{
	if (rows->len == rows->cap) {
		rows->cap = rows->cap ? 2 * rows->cap : 64;
		rows->at = mem_resize(rows->at, rows->cap, sizeof *rows->at);
	}
	memmove(&rows->at[place + 1], &rows->at[place], (rows->len - place) * sizeof *rows->at);
	rows->at[place] = (struct table_row){0};
	rows->len++;
}

void table_put(struct table *t, const struct row_key *key, struct span value)
{
	struct table_rows *rows = &t->of[key->table];
	size_t place = place_of(rows, key->bytes, key->len);
	bool there = holds(rows, place, key->bytes, key->len);
	if (!value.data) {
		if (there)
			remove_at(rows, place);
		return;
	}
	if (!there)
		insert_at(rows, place);
	struct table_row *row = &rows->at[place];
	free(row->bytes);
	row->bytes = mem_new(key->len + value.len);
	row->key_len = key->len;
	row->value_len = value.len;
	memcpy(row->bytes, key->bytes, key->len);
	if (value.len)
		memcpy(row->bytes + key->len, value.data, value.len);
}

static enum parlor_err get(void *ctx, const struct row_key *key, struct span *value)
{
	const struct table_rows *rows = &((struct table *)ctx)->of[key->table];
	size_t place = place_of(rows, key->bytes, key->len);
	if (!holds(rows, place, key->bytes, key->len))
		return PARLOR_E_NOT_FOUND;
	*value = value_of(&rows->at[place]);
	return PARLOR_E_OK;
}

static enum parlor_err scan(void *ctx, const struct row_key *from, size_t prefix_len,
			    core_scan_fn *fn, void *arg)
{
	const struct table_rows *rows = &((struct table *)ctx)->of[from->table];
	for (size_t i = place_of(rows, from->bytes, from->len); i < rows->len; i++) {
		const struct table_row *row = &rows->at[i];
		if (row->key_len < prefix_len || memcmp(row->bytes, from->bytes, prefix_len) != 0)
			break;
		if (!fn(arg, row->bytes, row->key_len, value_of(row)))
			break;
	}
	return PARLOR_E_OK;
}

struct core_rows table_reads(struct table *t)
{
	return (struct core_rows){.ctx = t, .get = get, .scan = scan};
}

struct hash128 table_hash(const struct table *t)
{
	struct hash_stream hash;
	hash_stream_init(&hash);
	for (int i = 0; i < ROW_TABLES; i++)
		for (size_t j = 0; j < t->of[i].len; j++) {
			const struct table_row *row = &t->of[i].at[j];
			row_hash(&hash, (enum row_table)i, (struct span){row->bytes, row->key_len},
				 value_of(row));
		}
	return hash_stream_sum(&hash);
}
