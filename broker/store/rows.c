#include "store/rows.h"

#include "store/fault.h"

#include "base/log.h"

#include <assert.h>
#include <string.h>

_Static_assert(ENV_ROWS + ROW_NAMES == ENV_NAMES && ENV_ROWS + ROW_MEMBERS == ENV_MEMBERS &&
		       ENV_ROWS + ROW_ROOMS == ENV_ROOMS && ENV_ROWS + ROW_DESK == ENV_DESK &&
		       ENV_ROWS + ROW_VISITS == ENV_VISITS,
	       "a database for each table of rows");

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

	assert(env->reading);
	int rc = mdb_get(env->read, env->db[ENV_ROWS + at->table], &key, &value);
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

	assert(env->reading && prefix_len <= from->len);
	int rc = mdb_cursor_open(env->read, env->db[ENV_ROWS + from->table], &cursor);
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
