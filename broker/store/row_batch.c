#include "store/row_batch.h"

#include "core/row.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MIN 256
/* Memory beyond it is given back after an unusually large batch. */
#define BYTES_KEPT ((size_t)4 << 20)

struct row_batch_row {
	uint64_t prefix; /* of the key: decides most comparisons */
	union {
		size_t offset;        /* in bytes, while they may still move */
		const uint8_t *bytes; /* key, then value */
	} at;
	uint32_t order;
	uint32_t value_len;
	uint8_t key_len;
	uint8_t table;
	bool gone;
};

void row_batch_fini(struct row_batch *s)
{
	buf_fini(&s->bytes);
	free(s->rows);
	*s = (struct row_batch){0};
}

void row_batch_clear(struct row_batch *s)
{
	if (s->bytes.cap > BYTES_KEPT)
		row_batch_fini(s);
	buf_clear(&s->bytes);
	s->len = 0;
}

static uint64_t prefix_of(const struct row_key *key)
{
	uint8_t front[8] = {0};

	memcpy(front, key->bytes, key->len < sizeof front ? key->len : sizeof front);
	return be64_get(front);
}

void row_batch_add(struct row_batch *s, const struct row_key *key, struct span value)
{
	assert(key->len > 0 && key->len <= ROW_KEY_MAX && key->table < ROW_TABLES);
	assert(value.len <= UINT32_MAX && s->len < UINT32_MAX);
	MEM_GROW(s->rows, s->len, s->cap, ROWS_MIN);
	s->rows[s->len] = (struct row_batch_row){.prefix = prefix_of(key),
						 .at.offset = s->bytes.len,
						 .order = (uint32_t)s->len,
						 .value_len = (uint32_t)value.len,
						 .key_len = (uint8_t)key->len,
						 .table = (uint8_t)key->table,
						 .gone = value.data == NULL};
	s->len++;
	buf_put(&s->bytes, key->bytes, key->len);
	buf_put(&s->bytes, value.data, value.len);
}

static int by_key(const struct row_batch_row *a, const struct row_batch_row *b)
{
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
	int order = memcmp(a->at.bytes, b->at.bytes, len);
	return order ? order : (int)a->key_len - (int)b->key_len;
}

static int by_key_and_order(const void *left, const void *right)
{
	const struct row_batch_row *a = left, *b = right;
	int order = by_key(a, b);

	return order ? order : (a->order < b->order ? -1 : 1);
}

static int put_row(MDB_cursor *cursor, const struct row_batch_row *row)
{
	MDB_val key = env_val(row->at.bytes, row->key_len);
	MDB_val value = env_val(row->at.bytes + row->key_len, row->value_len);

	if (!row->gone)
		return mdb_cursor_put(cursor, &key, &value, 0);
	int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET);
	if (rc == 0)
		rc = mdb_cursor_del(cursor, 0);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int put_sorted(const struct row_batch *s, struct env *env)
{
	MDB_cursor *cursor = NULL;
	int table = -1, rc = 0;

	for (size_t i = 0; i < s->len && rc == 0; i++) {
		const struct row_batch_row *row = &s->rows[i];

		if (i + 1 < s->len && by_key(row, row + 1) == 0)
			continue;
		if (row->table != table) {
			table = row->table;
			rc = mdb_cursor_open(env->write, env->db[ENV_ROWS + table], &cursor);
		}
		if (rc == 0)
			rc = put_row(cursor, row);
	}
	return rc;
}

static bool same_cluster(const struct row_batch_row *a, const struct row_batch_row *b)
{
	return a->table == b->table && a->prefix == b->prefix;
}

/* Rows mostly come cluster by cluster, in order: then only each cluster has to
 * be sorted in itself. */
static bool clusters_in_order(const struct row_batch *s)
{
	for (size_t i = 1; i < s->len; i++) {
		const struct row_batch_row *a = &s->rows[i - 1], *b = &s->rows[i];
		if (a->table > b->table || (a->table == b->table && a->prefix > b->prefix))
			return false;
	}
	return true;
}

static void sort(struct row_batch *s)
{
	size_t end;
	if (!clusters_in_order(s)) {
		qsort(s->rows, s->len, sizeof *s->rows, by_key_and_order);
		return;
	}
	for (size_t i = 0; i < s->len; i = end) {
		for (end = i + 1; end < s->len && same_cluster(&s->rows[i], &s->rows[end]);)
			end++;
		if (end - i > 1)
			qsort(s->rows + i, end - i, sizeof *s->rows, by_key_and_order);
	}
}

void row_batch_put(struct row_batch *s, struct env *env)
{
	for (size_t i = 0; i < s->len; i++)
		s->rows[i].at.bytes = s->bytes.data + s->rows[i].at.offset;
	sort(s);
	if (env->rc == 0)
		env_fail(env, put_sorted(s, env));
	env->written += s->bytes.len;
}
