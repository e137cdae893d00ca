#include "copy.h"

#include "store/env.h"
#include "store/meta.h"
#include "store/readers.h"
#include "store/store.h"

#include "base/dir.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_MODE 0700
#define FILE_MODE 0600
#define PATH_BYTES 4096
#define BLOCK_BYTES ((size_t)1 << 20)
/* While the copy grows the broker may grow its map, before we have our view. */
#define OPEN_TRIES 5

struct copy {
	const struct copy_options *options;
	struct why why;
	MDB_env *mdb;
	uint64_t total, bytes;
	int dir_fd, file_fd;
	bool made_dir, made_file;
	uint8_t *block;
};

/* LMDB writes into a pipe from a thread of its own; what comes out of it goes
 * to the file here, so that progress, a full disk and an interrupt are ours. */
struct copier {
	MDB_env *mdb;
	unsigned flags;
	int from, to;
	int rc;
	pthread_t thread;
};

static enum parlor_err sorry(struct copy *c, const char *what, int cause)
{
	return why_set(c->why, fault_err(cause), "%s: %s", what, mdb_strerror(cause));
}

/* ---- the source ------------------------------------------------------------------ */

/* That it is one, and of this version, is for the store to say. */
static enum parlor_err look(const char *dir, struct copy_result *result, struct why why)
{
	struct store *store;
	const struct store_options options = {.dir = dir, .read_only = true};
	enum parlor_err err = store_open(&store, &options, 1, why.text, why.size);

	if (err != PARLOR_E_OK)
		return err;
	result->lineage = *store_lineage(store);
	result->first = store_first(store);
	result->last = store_last(store);
	store_close(store);
	return PARLOR_E_OK;
}

static enum parlor_err open_source(struct copy *c)
{
	MDB_envinfo info;
	MDB_stat stat;
	int rc = mdb_env_create(&c->mdb);

	if (rc == 0)
		rc = mdb_env_open(c->mdb, c->options->dir, MDB_RDONLY | MDB_NOTLS, FILE_MODE);
	if (rc != 0)
		return sorry(c, c->options->dir, rc);
	enum parlor_err err = readers_check_slot(c->mdb, c->options->dir, c->why);
	if (err != PARLOR_E_OK)
		return err;
	mdb_env_info(c->mdb, &info);
	mdb_env_stat(c->mdb, &stat);
	c->total = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	return PARLOR_E_OK;
}

static void close_source(struct copy *c)
{
	if (c->mdb)
		mdb_env_close(c->mdb);
	c->mdb = NULL;
}

/* ---- the destination --------------------------------------------------------------- */

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool empty = dir != NULL;

	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir)
		closedir(dir);
	return empty;
}

static enum parlor_err open_dest(struct copy *c)
{
	const char *dest = c->options->dest;

	c->made_dir = mkdir(dest, DIR_MODE) == 0;
	if (!c->made_dir && errno != EEXIST)
		return sorry(c, dest, errno);
	if (!c->made_dir && !is_empty(dest))
		return why_set(c->why, PARLOR_E_CONFIG, "%s: exists, and is no empty directory",
			       dest);
	c->dir_fd = open(dest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir_fd < 0)
		return sorry(c, dest, errno);
	c->file_fd = openat(c->dir_fd, "data.mdb.part", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			    FILE_MODE);
	if (c->file_fd < 0)
		return sorry(c, dest, errno);
	c->made_file = true;
	return PARLOR_E_OK;
}

/* Before it has its name: there is no moment at which it passes for the original. */
static enum parlor_err disown_dest(struct copy *c)
{
	char path[PATH_BYTES];

	if ((size_t)snprintf(path, sizeof path, "%s/data.mdb.part", c->options->dest) >=
	    sizeof path)
		return sorry(c, c->options->dest, ENAMETOOLONG);
	int rc = meta_disown(path);
	return rc == 0 ? PARLOR_E_OK : sorry(c, c->options->dest, rc);
}

/* On disk under its name, and the name on disk. */
static enum parlor_err settle_dest(struct copy *c)
{
	int rc = 0;

	if (fsync(c->file_fd) != 0 ||
	    renameat(c->dir_fd, "data.mdb.part", c->dir_fd, "data.mdb") != 0 ||
	    fsync(c->dir_fd) != 0)
		rc = errno;
	if (rc == 0)
		rc = dir_sync_parent(c->options->dest);
	return rc == 0 ? PARLOR_E_OK : sorry(c, c->options->dest, rc);
}

static void close_dest(struct copy *c, bool good)
{
	if (c->file_fd >= 0)
		close(c->file_fd);
	if (!good && c->made_file) {
		unlinkat(c->dir_fd, "data.mdb.part", 0);
		unlinkat(c->dir_fd, "data.mdb", 0);
		unlinkat(c->dir_fd, "lock.mdb", 0);
	}
	if (c->dir_fd >= 0)
		close(c->dir_fd);
	if (!good && c->made_dir)
		rmdir(c->options->dest);
}

/* ---- from one to the other ------------------------------------------------------------ */

static void *copier_run(void *arg)
{
	struct copier *p = arg;

	p->rc = mdb_env_copyfd2(p->mdb, p->to, p->flags);
	close(p->to);
	return NULL;
}

/* Signals are for the thread that looks after the copy. */
static int copier_start(struct copier *p)
{
	sigset_t all, before;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	p->from = ends[0];
	p->to = ends[1];
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int rc = pthread_create(&p->thread, NULL, copier_run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		close(p->from);
		close(p->to);
	}
	return rc;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static enum parlor_err drain(struct copy *c, const struct copier *p)
{
	for (;;) {
		ssize_t n = read(p->from, c->block, BLOCK_BYTES);
		if (n == 0)
			return PARLOR_E_OK;
		if (n < 0 && errno != EINTR)
			return sorry(c, c->options->dest, errno);
		int rc = n > 0 ? write_all(c->file_fd, c->block, (size_t)n) : 0;
		if (rc != 0)
			return sorry(c, c->options->dest, rc);
		c->bytes += n > 0 ? (uint64_t)n : 0;
		if (!c->options->progress(c->options->ctx, c->bytes, c->total))
			return why_set(c->why, PARLOR_E_TIMEOUT, "given up");
	}
}

/* *again: the broker has grown its map, which is to be opened anew. */
static enum parlor_err copy_all(struct copy *c, bool *again)
{
	struct copier p = {.mdb = c->mdb, .flags = c->options->compact ? MDB_CP_COMPACT : 0};
	int rc = copier_start(&p);

	*again = false;
	if (rc != 0)
		return sorry(c, "thread", rc);
	enum parlor_err err = drain(c, &p);
	close(p.from); /* a copy that is given up ends by this */
	pthread_join(p.thread, NULL);
	if (err != PARLOR_E_OK)
		return err;
	*again = p.rc == MDB_MAP_RESIZED && c->bytes == 0;
	return p.rc == 0 ? PARLOR_E_OK : sorry(c, c->options->dir, p.rc);
}

static enum parlor_err copy_data(struct copy *c)
{
	bool again = true;
	enum parlor_err err = PARLOR_E_OK;

	for (int i = 0; i < OPEN_TRIES && again; i++) {
		close_source(c);
		again = false;
		err = open_source(c);
		if (err == PARLOR_E_OK)
			err = copy_all(c, &again);
	}
	close_source(c);
	return err;
}

enum parlor_err copy_dir(const struct copy_options *options, struct copy_result *result, char *why,
			 size_t why_size)
{
	struct copy c = {.options = options,
			 .why = {.text = why, .size = why_size},
			 .dir_fd = -1,
			 .file_fd = -1};

	*result = (struct copy_result){0};
	enum parlor_err err = look(options->dir, result, c.why);
	if (err != PARLOR_E_OK)
		return err;
	c.block = mem_new(BLOCK_BYTES);
	err = open_dest(&c);
	if (err == PARLOR_E_OK)
		err = copy_data(&c);
	if (err == PARLOR_E_OK)
		err = disown_dest(&c);
	if (err == PARLOR_E_OK)
		err = settle_dest(&c);
	if (err == PARLOR_E_OK)
		err = look(options->dest, result, c.why);
	result->bytes = c.bytes;
	close_dest(&c, err == PARLOR_E_OK);
	free(c.block);
	return err;
}
