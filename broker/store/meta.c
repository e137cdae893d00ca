#include "store/meta.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DISOWN_BYTES ((uint64_t)1 << 20) /* more than a commit of one page takes */

static void put(struct env *env, const char *name, struct span bytes)
{
	MDB_val key = env_val(name, strlen(name)), value = env_val(bytes.data, bytes.len);

	if (env->rc == 0)
		env_fail(env, mdb_put(env->write, env->db[ENV_META], &key, &value, 0));
}

static int get(const struct env *env, const char *name, struct span *bytes)
{
	MDB_val key = env_val(name, strlen(name)), value;
	int rc = mdb_get(env->read, env->db[ENV_META], &key, &value);

	*bytes = rc == 0 ? (struct span){value.mv_data, value.mv_size} : (struct span){NULL, 0};
	return rc;
}

void meta_put(struct env *env, const char *name, uint64_t number)
{
	uint8_t bytes[8];

	be64_put(bytes, number);
	put(env, name, (struct span){bytes, sizeof bytes});
}

enum parlor_err meta_get(struct env *env, const char *name, uint64_t *number, struct why why)
{
	struct span bytes;
	int rc = get(env, name, &bytes);

	if (rc == MDB_NOTFOUND || (rc == 0 && bytes.len != 8))
		rc = MDB_CORRUPTED;
	if (rc != 0)
		return why_set(why, fault_err(rc), "meta: %s: %s", name, mdb_strerror(rc));
	*number = be64_get(bytes.data);
	return PARLOR_E_OK;
}

void meta_put_lineage(struct env *env, const struct lineage *lineage)
{
	struct buf ancestors = {0};

	lineage_encode(&ancestors, lineage);
	meta_put(env, "journal_id", lineage->id);
	meta_put(env, "file", lineage_file_mark(env->data_fd));
	if (ancestors.len)
		put(env, "ancestors", buf_span(&ancestors));
	buf_fini(&ancestors);
}

/* What says of no file that it is its may be a copy, too. */
enum parlor_err meta_get_lineage(struct env *env, struct lineage *lineage, bool *is_copy,
				 struct why why)
{
	struct span file, ancestors;
	enum parlor_err err = meta_get(env, "journal_id", &lineage->id, why);

	if (err != PARLOR_E_OK)
		return err;
	int rc = get(env, "file", &file);
	if (rc == 0 && file.len != 8)
		rc = MDB_CORRUPTED;
	*is_copy = rc != 0 || be64_get(file.data) != lineage_file_mark(env->data_fd);
	if (rc == 0 || rc == MDB_NOTFOUND)
		rc = get(env, "ancestors", &ancestors);
	if (rc == MDB_NOTFOUND)
		rc = 0;
	if (rc == 0 && (lineage->id == 0 || !lineage_decode(lineage, ancestors)))
		rc = MDB_CORRUPTED;
	return rc == 0 ? PARLOR_E_OK
		       : why_set(why, fault_err(rc), "meta: lineage: %s", mdb_strerror(rc));
}

static int disown(MDB_env *mdb)
{
	static const uint8_t of_no_file[8];
	MDB_val key = env_val("file", 4), value = env_val(of_no_file, sizeof of_no_file);
	MDB_txn *txn = NULL;
	MDB_dbi meta;
	int rc = mdb_txn_begin(mdb, NULL, 0, &txn);

	if (rc == 0)
		rc = mdb_dbi_open(txn, "meta", 0, &meta);
	if (rc == 0)
		rc = mdb_put(txn, meta, &key, &value, 0);
	if (rc == 0)
		return mdb_txn_commit(txn);
	if (txn)
		mdb_txn_abort(txn);
	return rc;
}

int meta_disown(const char *path)
{
	struct stat file;
	MDB_env *mdb = NULL;
	int rc = stat(path, &file) == 0 ? mdb_env_create(&mdb) : errno;

	/* Space for it although the map was full. */
	if (rc == 0)
		rc = mdb_env_set_mapsize(mdb, (uint64_t)file.st_size + DISOWN_BYTES);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(mdb, 1);
	if (rc == 0)
		rc = mdb_env_open(mdb, path, MDB_NOSUBDIR | MDB_NOLOCK, 0);
	if (rc == 0)
		rc = disown(mdb);
	if (mdb)
		mdb_env_close(mdb);
	return rc;
}
