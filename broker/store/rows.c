#include "store/rows.h"

#include "store/fault.h"

#include "base/log.h"

#include <assert.h>
#include <string.h>

static const enum env_db db_of[ROW_TABLES] = {
	[ROW_NAMES] = ENV_NAMES, [ROW_MEMBERS] = ENV_MEMBERS, [ROW_ROOMS] = ENV_ROOMS};

static enum parlor_err read_err(const char *what, int rc)
{
	if (rc != 0 && rc != MDB_NOTFOUND)
		log_error("store: %s cannot be read: %s", what, mdb_strerror(rc));
	return fault_err(rc);
}

static enum parlor_err rows_get(void *ctx, const struct row_key *at, struct span *out)
{
	struct env *env = ctx;
	MDB_val key = env_val(at->bytes, at->len), value;

	assert(env->in_turn);
	int rc = mdb_get(env->read, env->db[db_of[at->table]], &key, &value);
	if (rc == 0)
		*out = (struct span){value.mv_data, value.mv_size};
	return read_err("a row", rc);
}

static enum parlor_err rows_scan(void *ctx, const struct row_key *from, size_t prefix_len,
				 core_scan_fn *fn, void *arg)
{
	struct env *env = ctx;
	MDB_val key = env_val(from->bytes, from->len), value;
	MDB_cursor *cursor;

	assert(env->in_turn && prefix_len <= from->len);
	int rc = mdb_cursor_open(env->read, env->db[db_of[from->table]], &cursor);
	if (rc != 0)
		return read_err("rows", rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (rc == 0 && key.mv_size >= prefix_len &&
	       memcmp(key.mv_data, from->bytes, prefix_len) == 0) {
		if (!fn(arg, key.mv_data, key.mv_size, (struct span){value.mv_data, value.mv_size}))
			break;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? PARLOR_E_OK : read_err("rows", rc);
}

struct core_rows rows_in(struct env *env)
{
	return (struct core_rows){.ctx = env, .get = rows_get, .scan = rows_scan};
}

/* ---- all of them ------------------------------------------------------------------- */

static int hash_table(MDB_txn *txn, MDB_dbi dbi, enum row_table table, struct hash_stream *hash)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, dbi, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		row_hash(hash, table, (struct span){key.mv_data, key.mv_size},
			 (struct span){value.mv_data, value.mv_size});
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

enum parlor_err rows_hash(struct env *env, struct hash128 *out)
{
	struct hash_stream hash;
	MDB_txn *txn;
	int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return read_err("the state", rc);
	hash_stream_init(&hash);
	for (unsigned table = 0; table < ROW_TABLES && rc == 0; table++)
		rc = hash_table(txn, env->db[db_of[table]], (enum row_table)table, &hash);
	mdb_txn_abort(txn);
	*out = hash_stream_sum(&hash);
	return read_err("the state", rc);
}
