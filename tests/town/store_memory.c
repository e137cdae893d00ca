#include "store_memory.h"

#include "../sim/table.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct kept {
	uint8_t partition;
	struct buf head, event;
};
struct put {
	struct row_key key;
	bool gone;
	size_t at, len; /* in bytes */
};
struct replaced {
	uint64_t position;
	struct buf event;
};

struct store {
	struct lineage lineage;
	struct ends {
		uint64_t covered, last, first;
	} ends, on_disk; /* as the process knows them, and as a restart finds them */
	uint32_t partitions;
	enum store_fate fate;
	struct kept *entries; /* of position index + 1 */
	size_t cap;
	struct table rows;

	/* of the transaction that is open */
	bool open, dead;
	bool busy; /* in flight */
	uint64_t last_new, covered_new, trim_first;
	size_t trim_max;
	struct buf bytes;
	struct put *puts;
	size_t puts_len, puts_cap;
	struct replaced *replaced;
	size_t replaced_len;
};

struct store *store_memory_new(uint64_t journal_id, uint32_t partitions)
{
	struct store *s = mem_new(sizeof *s);
	s->lineage.id = journal_id;
	s->partitions = partitions;
	s->ends.first = s->on_disk.first = 1;
	return s;
}

static void forget_entry(struct kept *e)
{
	buf_fini(&e->head);
	buf_fini(&e->event);
	*e = (struct kept){0};
}

static void forget_transaction(struct store *s)
{
	for (size_t i = 0; i < s->replaced_len; i++)
		buf_fini(&s->replaced[i].event);
	s->replaced_len = s->puts_len = 0;
	s->trim_first = 0;
	s->open = s->busy = false;
}

/* What is on disk is what is there. */
static void settle(struct store *s)
{
	for (uint64_t at = s->on_disk.last; s->open && at < s->last_new; at++)
		forget_entry(&s->entries[at]);
	for (uint64_t at = s->ends.first; at < s->on_disk.first; at++)
		forget_entry(&s->entries[at - 1]);
	s->ends = s->on_disk;
	forget_transaction(s);
}

void store_memory_free(struct store *s)
{
	settle(s);
	for (uint64_t at = 0; at < s->ends.last; at++)
		forget_entry(&s->entries[at]);
	table_fini(&s->rows);
	buf_fini(&s->bytes);
	free(s->entries);
	free(s->puts);
	free(s->replaced);
	free(s);
}

void store_memory_fate(struct store *s, enum store_fate fate)
{
	s->fate = fate;
}

struct hash128 store_memory_hash(const struct store *s)
{
	return table_hash(&s->rows);
}

uint64_t store_journal_id(const struct store *s)
{
	return s->lineage.id;
}

const struct lineage *store_lineage(const struct store *s)
{
	return &s->lineage;
}

/* No town is a copy. */
bool store_lineage_durable(const struct store *s)
{
	(void)s;
	return true;
}

uint32_t store_partitions(const struct store *s)
{
	return s->partitions;
}

uint64_t store_first(const struct store *s)
{
	return s->ends.first;
}

uint64_t store_last(const struct store *s)
{
	return s->ends.last;
}

uint64_t store_covered(const struct store *s)
{
	return s->ends.covered;
}

/* Nothing in a town is trimmed by its size. */
uint64_t store_journal_bytes(const struct store *s)
{
	return (s->ends.last + 1 - s->ends.first) * sizeof(struct entry);
}

/* ---- reading ------------------------------------------------------------------- */

enum parlor_err store_read(struct store *s, uint64_t position, struct entry *entry)
{
	if (position < s->ends.first || position > s->ends.last)
		return PARLOR_E_NOT_FOUND;
	const struct kept *e = &s->entries[position - 1];
	*entry = (struct entry){.position = position,
				.partition = e->partition,
				.head = {e->head.data, e->head.len},
				.event = {e->event.data, e->event.len}};
	return PARLOR_E_OK;
}

enum parlor_err store_walk_open(struct store *s, uint64_t at, struct store_walk *walk)
{
	*walk = (struct store_walk){.next = at < s->ends.first ? s->ends.first : at,
				    .last = s->ends.last};
	return PARLOR_E_OK;
}

enum parlor_err store_walk_open_at(struct store *s, uint64_t from, struct store_walk *walk)
{
	if (from < s->ends.first)
		return PARLOR_E_NOT_FOUND;
	return store_walk_open(s, from, walk);
}

enum parlor_err store_walk_next(struct store *s, struct store_walk *walk, struct entry *entry)
{
	if (walk->next > walk->last)
		return PARLOR_E_NOT_FOUND;
	return store_read(s, walk->next++, entry);
}

void store_walk_close(struct store *s, struct store_walk *walk)
{
	(void)s;
	*walk = (struct store_walk){0};
}

enum parlor_err store_read_begin(struct store *s)
{
	(void)s;
	return PARLOR_E_OK;
}

void store_read_end(struct store *s)
{
	(void)s;
}

/* ---- writing ------------------------------------------------------------------- */

enum parlor_err store_reserve(struct store *s, uint64_t bytes)
{
	(void)bytes;
	return s->fate == STORE_FULL ? PARLOR_E_STORE_FULL : PARLOR_E_OK;
}

enum parlor_err store_begin(struct store *s)
{
	assert(!s->open && !s->busy);
	if (s->dead)
		return PARLOR_E_STORE;
	s->open = true;
	s->last_new = s->ends.last;
	s->covered_new = s->ends.covered;
	buf_clear(&s->bytes);
	return PARLOR_E_OK;
}

void store_append(struct store *s, const struct entry *entry)
{
	assert(s->open && entry->position == s->last_new + 1);
	if (s->last_new == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 256;
		s->entries = mem_resize(s->entries, s->cap, sizeof *s->entries);
	}
	struct kept *e = &s->entries[s->last_new++];
	*e = (struct kept){.partition = entry->partition};
	buf_put(&e->head, entry->head.data, entry->head.len);
	buf_put(&e->event, entry->event.data, entry->event.len);
}

void store_put(void *store, const struct row_key *key, struct span value)
{
	struct store *s = store;
	assert(s->open);
	if (s->puts_len == s->puts_cap) {
		s->puts_cap = s->puts_cap ? 2 * s->puts_cap : 64;
		s->puts = mem_resize(s->puts, s->puts_cap, sizeof *s->puts);
	}
	s->puts[s->puts_len++] = (struct put){*key, !value.data, s->bytes.len, value.len};
	buf_put(&s->bytes, value.data, value.len);
}

void store_replace_event(struct store *s, uint64_t position, struct span event)
{
	assert(s->open && position <= s->last_new);
	s->replaced = mem_resize(s->replaced, s->replaced_len + 1, sizeof *s->replaced);
	struct replaced *r = &s->replaced[s->replaced_len++];
	*r = (struct replaced){.position = position};
	buf_put(&r->event, event.data, event.len);
}

void store_set_covered(struct store *s, uint64_t position)
{
	assert(s->open && position >= s->covered_new && position <= s->last_new);
	s->covered_new = position;
}

void store_trim(struct store *s, uint64_t first, size_t max)
{
	assert(s->open && !s->trim_first);
	s->trim_first = first > s->covered_new + 1 ? s->covered_new + 1 : first;
	s->trim_max = max;
}

/* On disk, or not, as fate has it; the process hears of it at the end. */
static void land(struct store *s)
{
	if (s->fate == STORE_FAILS)
		return;
	uint8_t *bytes = buf_reserve(&s->bytes, 1) - s->bytes.len;
	for (size_t i = 0; i < s->puts_len; i++) {
		const struct put *p = &s->puts[i];
		table_put(&s->rows, &p->key, (struct span){p->gone ? NULL : bytes + p->at, p->len});
	}
	for (size_t i = 0; i < s->replaced_len; i++) {
		struct replaced *r = &s->replaced[i];
		if (r->position < s->ends.first)
			continue;
		struct kept *e = &s->entries[r->position - 1];
		buf_clear(&e->event);
		buf_put(&e->event, r->event.data, r->event.len);
	}
	s->on_disk.covered = s->covered_new;
	s->on_disk.last = s->last_new;
	for (size_t n = 0; s->on_disk.first < s->trim_first && n < s->trim_max; n++)
		s->on_disk.first++;
}

static enum parlor_err end(struct store *s)
{
	s->dead = s->fate == STORE_FAILS || s->fate == STORE_LANDS;
	if (s->dead) {
		/* What is on disk is known at the next start only. */
		s->open = false;
		s->busy = false;
		return PARLOR_E_STORE;
	}
	settle(s);
	return PARLOR_E_OK;
}

enum parlor_err store_commit(struct store *s)
{
	assert(s->open && !s->busy);
	land(s);
	return end(s);
}

void store_commit_start(struct store *s)
{
	assert(s->open && !s->busy);
	s->busy = true;
}

bool store_commit_ended(struct store *s)
{
	return s->busy;
}

enum parlor_err store_commit_end(struct store *s)
{
	assert(s->busy);
	land(s);
	return end(s);
}

void store_abort(struct store *s)
{
	settle(s);
}

void store_memory_restart(struct store *s, bool landed)
{
	if (s->busy && landed)
		land(s);
	s->open = true;
	settle(s);
	s->dead = false;
	s->fate = STORE_FINE;
}

/* ---- rows ------------------------------------------------------------------------ */

static enum parlor_err rows_get(void *ctx, const struct row_key *key, struct span *value)
{
	struct store *s = ctx;
	struct core_rows rows = table_reads(&s->rows);
	return rows.get(rows.ctx, key, value);
}

static enum parlor_err rows_scan(void *ctx, const struct row_key *from, size_t prefix_len,
				 core_scan_fn *fn, void *arg)
{
	struct store *s = ctx;
	struct core_rows rows = table_reads(&s->rows);
	return rows.scan(rows.ctx, from, prefix_len, fn, arg);
}

struct core_rows store_rows(struct store *s)
{
	return (struct core_rows){.ctx = s, .get = rows_get, .scan = rows_scan};
}

/* ---- room: there is always some ---------------------------------------------------- */

void store_owe(struct store *s, uint64_t bytes)
{
	(void)s;
	(void)bytes;
}

size_t store_rows_space(struct store *s, size_t wanted)
{
	(void)s;
	return wanted;
}

bool store_rows_left(const struct store *s)
{
	(void)s;
	return false;
}
