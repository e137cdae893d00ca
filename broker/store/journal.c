#include "store/journal.h"

#include "store/store.h"

#include "base/hash.h"
#include "base/log.h"

#include <assert.h>
#include <string.h>

#define FORM 1
#define SUM_BYTES 4

static uint32_t sum_of(uint64_t position, const uint8_t *bytes, size_t len)
{
	return (uint32_t)hash64_seeded(bytes, len, position);
}

static void put_sum(uint8_t at[SUM_BYTES], uint32_t sum)
{
	for (int i = 0; i < SUM_BYTES; i++)
		at[i] = (uint8_t)(sum >> (8 * i));
}

static MDB_val key_val(const size_t *position)
{
	return env_val(position, sizeof *position);
}

/* Keys lie where the node happens to end: not aligned. */
static uint64_t position_of(const MDB_val *key)
{
	size_t position;

	memcpy(&position, key->mv_data, sizeof position);
	return position;
}

/* False when the value is damaged. Spans borrow from it. */
static bool decode(uint64_t position, MDB_val value, struct entry *entry)
{
	struct reader in;

	reader_init(&in, value.mv_data, value.mv_size);
	uint32_t sum = reader_u32(&in);
	if (in.bad || sum != sum_of(position, in.at, reader_left(&in)) || reader_u8(&in) != FORM)
		return false;
	entry->position = position;
	entry->partition = reader_u8(&in);
	entry->head = reader_span(&in);
	entry->event = (struct span){in.at, reader_left(&in)};
	return !in.bad;
}

static enum parlor_err decode_or_say(uint64_t position, MDB_val value, struct entry *entry)
{
	if (decode(position, value, entry))
		return PARLOR_E_OK;
	log_error("store: journal entry %llu is damaged", (unsigned long long)position);
	return PARLOR_E_STORE_CORRUPT;
}

/* ---- opening ------------------------------------------------------------------ */

static uint64_t bytes_of(const MDB_stat *stat)
{
	return (stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages) *
	       (uint64_t)stat->ms_psize;
}

static int read_ends(struct journal *j, uint64_t *first, uint64_t *last, uint64_t *count)
{
	MDB_txn *txn = j->env->read;
	MDB_dbi dbi = j->env->db[ENV_JOURNAL];
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_stat stat;

	int rc = mdb_stat(txn, dbi, &stat);
	if (rc != 0 || (rc = mdb_cursor_open(txn, dbi, &cursor)) != 0)
		return rc;
	*count = stat.ms_entries;
	j->bytes = j->bytes_new = bytes_of(&stat);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	if (rc == 0)
		*first = position_of(&key);
	if (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST)) == 0)
		*last = position_of(&key);
	mdb_cursor_close(cursor);
	return rc;
}

enum parlor_err journal_init(struct journal *j, struct env *env, uint64_t last, struct why why)
{
	uint64_t first = last + 1, top = last, count = 0;

	*j = (struct journal){.env = env};
	int rc = read_ends(j, &first, &top, &count);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return why_set(why, fault_err(rc), "journal: %s", mdb_strerror(rc));
	if (top < last || top + 1 - first != count || (count > 0 && first == 0))
		return why_set(why, PARLOR_E_STORE_CORRUPT,
			       "journal: %llu entries from position %llu to %llu, %llu given",
			       (unsigned long long)count, (unsigned long long)first,
			       (unsigned long long)top, (unsigned long long)last);
	j->first = j->first_new = first;
	j->last = j->last_new = top;
	return PARLOR_E_OK;
}

void journal_fini(struct journal *j)
{
	buf_fini(&j->scratch);
}

/* ---- reading ------------------------------------------------------------------- */

/* A commit whose end nobody has heard of yet has not happened. Beside a live
 * broker there is no telling: all that is there. */
static uint64_t visible(const struct journal *j)
{
	return j->env->read_only ? UINT64_MAX : j->last;
}

enum parlor_err journal_read_begin(struct journal *j)
{
	MDB_cursor *cursor;
	MDB_val key, value;

	j->first_read = j->first;
	if (!j->env->busy && !j->env->read_only)
		return PARLOR_E_OK;
	int rc = mdb_cursor_open(j->env->read, j->env->db[ENV_JOURNAL], &cursor);
	if (rc != 0)
		return fault_err(rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	if (rc == 0)
		j->first_read = position_of(&key);
	else if (rc == MDB_NOTFOUND)
		j->first_read = j->last + 1;
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? PARLOR_E_OK : fault_err(rc);
}

enum parlor_err journal_read(struct journal *j, uint64_t position, struct entry *entry)
{
	size_t at = position;
	MDB_val key = key_val(&at), value;

	assert(j->env->reading);
	if (position > visible(j))
		return PARLOR_E_NOT_FOUND;
	int rc = mdb_get(j->env->read, j->env->db[ENV_JOURNAL], &key, &value);
	if (rc != 0)
		return fault_err(rc);
	return decode_or_say(position, value, entry);
}

static enum parlor_err missing(uint64_t position)
{
	log_error("store: journal entry %llu is missing", (unsigned long long)position);
	return PARLOR_E_STORE_CORRUPT;
}

/* The cursor stands on the entry `next`, which is 0 behind the last one. */
static enum parlor_err stand(struct store_walk *w, int rc, const MDB_val *key)
{
	w->next = rc == 0 ? position_of(key) : 0;
	return rc == MDB_NOTFOUND ? PARLOR_E_OK : fault_err(rc);
}

enum parlor_err journal_walk_open(struct journal *j, uint64_t from, struct store_walk *w)
{
	size_t at = from;
	MDB_val key = key_val(&at), value;
	MDB_cursor *cursor;

	assert(j->env->reading);
	*w = (struct store_walk){0};
	int rc = mdb_cursor_open(j->env->read, j->env->db[ENV_JOURNAL], &cursor);
	if (rc != 0)
		return fault_err(rc);
	w->cursor = cursor;
	w->last = visible(j);
	enum parlor_err err = stand(w, mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE), &key);
	if (err != PARLOR_E_OK)
		journal_walk_close(w);
	return err;
}

enum parlor_err journal_walk_open_at(struct journal *j, uint64_t from, struct store_walk *w)
{
	enum parlor_err err = journal_walk_open(j, from, w);

	if (err != PARLOR_E_OK || w->next == 0 || w->next == from)
		return err;
	journal_walk_close(w);
	return from < j->first_read ? PARLOR_E_NOT_FOUND : missing(from);
}

enum parlor_err journal_walk_next(struct store_walk *w, struct entry *entry)
{
	MDB_val key, value;
	uint64_t position = w->next;

	if (position == 0 || position > w->last)
		return PARLOR_E_NOT_FOUND;
	int rc = mdb_cursor_get(w->cursor, &key, &value, MDB_GET_CURRENT);
	if (rc != 0)
		return fault_err(rc);
	enum parlor_err err = decode_or_say(position, value, entry);
	if (err != PARLOR_E_OK)
		return err;
	err = stand(w, mdb_cursor_get(w->cursor, &key, &value, MDB_NEXT), &key);
	if (err == PARLOR_E_OK && w->next != 0 && w->next != position + 1)
		err = missing(position + 1);
	return err;
}

void journal_walk_close(struct store_walk *w)
{
	if (w->cursor)
		mdb_cursor_close(w->cursor);
	*w = (struct store_walk){0};
}

/* ---- writing --------------------------------------------------------------------- */

void journal_begin(struct journal *j)
{
	/* It is closed with the transaction. */
	env_fail(j->env, mdb_cursor_open(j->env->write, j->env->db[ENV_JOURNAL], &j->tail));
}

void journal_encode(struct buf *b, const struct entry *entry)
{
	buf_put_u32(b, 0); /* the checksum's place */
	buf_put_u8(b, FORM);
	buf_put_u8(b, entry->partition);
	buf_put_span(b, entry->head);
	buf_put(b, entry->event.data, entry->event.len);
}

static void put_entry(struct journal *j, uint64_t position, uint8_t *value, size_t len,
		      unsigned flags)
{
	size_t at = position;
	MDB_val key = key_val(&at), bytes = env_val(value, len);

	put_sum(value, sum_of(position, value + SUM_BYTES, len - SUM_BYTES));
	env_fail(j->env, mdb_cursor_put(j->tail, &key, &bytes, flags));
	j->env->written += sizeof at + len;
}

void journal_append(struct journal *j, uint64_t position, uint8_t *value, size_t len)
{
	assert(j->env->write && position == j->last_new + 1);
	j->last_new = position;
	if (j->env->rc == 0)
		put_entry(j, position, value, len, MDB_APPEND);
}

void journal_replace_event(struct journal *j, uint64_t position, struct span event)
{
	struct env *env = j->env;
	size_t at = position;
	MDB_val key = key_val(&at), value;
	struct entry entry;

	assert(env->write);
	if (env->rc != 0)
		return;
	int rc = mdb_get(env->write, env->db[ENV_JOURNAL], &key, &value);
	/* Trimmed: there is no event any more. */
	if (rc == MDB_NOTFOUND)
		return;
	if (rc == 0 && decode_or_say(position, value, &entry) != PARLOR_E_OK)
		rc = MDB_CORRUPTED;
	if (rc != 0) {
		env_fail(env, rc);
		return;
	}
	/* The page may move under the old value while the new one is put. */
	entry.event = event;
	buf_clear(&j->scratch);
	journal_encode(&j->scratch, &entry);
	put_entry(j, position, j->scratch.data, j->scratch.len, 0);
}

void journal_trim(struct journal *j, uint64_t first, size_t max)
{
	MDB_val key, value;

	assert(j->env->write);
	for (size_t n = 0; n < max && j->first_new < first && j->env->rc == 0; n++) {
		int rc = mdb_cursor_get(j->tail, &key, &value, MDB_FIRST);
		if (rc == 0 && position_of(&key) != j->first_new)
			rc = MDB_CORRUPTED;
		if (rc == 0)
			rc = mdb_cursor_del(j->tail, 0);
		if (rc == MDB_NOTFOUND)
			break;
		env_fail(j->env, rc);
		j->first_new++;
	}
}

void journal_measure(struct journal *j)
{
	MDB_stat stat;

	if (j->env->rc != 0)
		return;
	env_fail(j->env, mdb_stat(j->env->write, j->env->db[ENV_JOURNAL], &stat));
	if (j->env->rc == 0)
		j->bytes_new = bytes_of(&stat);
}

void journal_settle(struct journal *j, bool committed)
{
	if (committed) {
		j->bytes = j->bytes_new;
		j->first = j->first_new;
		j->last = j->last_new;
	}
	j->first_new = j->first;
	j->last_new = j->last;
	j->bytes_new = j->bytes;
	j->tail = NULL;
}
