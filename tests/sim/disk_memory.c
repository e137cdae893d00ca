#include "disk.h"

#include "table.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct put {
	struct row_key key;
	bool gone;
	size_t at, len; /* in bytes */
};

struct memory {
	struct table table;
	struct buf journal;
	size_t *ends; /* of the record of each position, in journal */
	uint64_t last, cap;
	uint64_t covered;

	/* of the commit under way */
	struct buf bytes;
	struct put *puts;
	size_t puts_len, puts_cap;
	uint64_t covered_new, last_new;
};

static struct core_rows rows(void *ctx)
{
	return table_reads(&((struct memory *)ctx)->table);
}

static size_t start_of(const struct memory *m, uint64_t position)
{
	return position > 1 ? m->ends[position - 2] : 0;
}

static void begin(void *ctx)
{
	struct memory *m = ctx;
	buf_clear(&m->bytes);
	m->puts_len = 0;
	m->covered_new = m->covered;
	m->last_new = m->last;
	m->journal.len = start_of(m, m->last + 1);
}

static void append(void *ctx, uint64_t position, struct span head)
{
	struct memory *m = ctx;
	assert(position == m->last_new + 1);
	if (position > m->cap) {
		m->cap = m->cap ? 2 * m->cap : 256;
		m->ends = mem_resize(m->ends, m->cap, sizeof *m->ends);
	}
	buf_put(&m->journal, head.data, head.len);
	m->ends[position - 1] = m->journal.len;
	m->last_new = position;
}

static void put(void *ctx, const struct row_key *key, struct span value)
{
	struct memory *m = ctx;
	if (m->puts_len == m->puts_cap) {
		m->puts_cap = m->puts_cap ? 2 * m->puts_cap : 64;
		m->puts = mem_resize(m->puts, m->puts_cap, sizeof *m->puts);
	}
	m->puts[m->puts_len++] = (struct put){*key, !value.data, m->bytes.len, value.len};
	buf_put(&m->bytes, value.data, value.len);
}

/* The same bound as the store's: covered never goes back, nor past the end. */
static void covered_set(void *ctx, uint64_t position)
{
	struct memory *m = ctx;
	assert(position >= m->covered_new && position <= m->last_new);
	m->covered_new = position;
}

static void commit(void *ctx)
{
	struct memory *m = ctx;
	uint8_t *bytes = buf_reserve(&m->bytes, 1) - m->bytes.len;
	for (size_t i = 0; i < m->puts_len; i++) {
		const struct put *p = &m->puts[i];
		struct span value = {p->gone ? NULL : bytes + p->at, p->len};
		table_put(&m->table, &p->key, value);
	}
	m->covered = m->covered_new;
	m->last = m->last_new;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static uint64_t covered(void *ctx)
{
	return ((struct memory *)ctx)->covered;
}

static uint64_t last(void *ctx)
{
	return ((struct memory *)ctx)->last;
}

static struct span read_record(void *ctx, uint64_t position)
{
	struct memory *m = ctx;
	assert(position >= 1 && position <= m->last);
	size_t start = start_of(m, position);
	return (struct span){m->journal.data + start, m->ends[position - 1] - start};
}

static struct hash128 hash(void *ctx)
{
	return table_hash(&((struct memory *)ctx)->table);
}

static void close_memory(void *ctx)
{
	struct memory *m = ctx;
	table_fini(&m->table);
	buf_fini(&m->journal);
	buf_fini(&m->bytes);
	free(m->ends);
	free(m->puts);
	free(m);
}

struct disk disk_in_memory(void)
{
	return (struct disk){.ctx = mem_new(sizeof(struct memory)),
			     .rows = rows,
			     .begin = begin,
			     .append = append,
			     .put = put,
			     .covered_set = covered_set,
			     .commit = commit,
			     .abort = nothing,
			     .restart = nothing,
			     .covered = covered,
			     .last = last,
			     .read = read_record,
			     .hash = hash,
			     .close = close_memory};
}
