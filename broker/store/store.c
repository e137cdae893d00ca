#include "store/store.h"

#include "store/batch.h"
#include "store/env.h"
#include "store/journal.h"
#include "store/meta.h"
#include "store/rows.h"
#include "store/writer.h"

#include "base/die.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>

#define VERSION 6
#define VERSION_BEFORE 5 /* lacks databases, which are made: there is no way back */
#define PARTITIONS_DEFAULT 16
#define PARTITIONS_MAX (PARTITION_NONE - 1)

struct store {
	struct env env;
	struct journal journal;
	struct batch batch;
	bool open; /* the batch: from begin to commit or abort */
	struct writer writer;
	enum parlor_err result; /* of the batch, once it was put */
	struct lineage lineage;
	bool renewed;     /* it is not on disk: the next commit takes it along */
	uint64_t version; /* as it was found */
	uint32_t partitions;
	uint64_t covered;
	uint64_t covered_new; /* with the batch */
	uint64_t last_new;
	bool rows_left; /* its rows and trimming found no space: the rest went alone */
};

/* ---- opening -------------------------------------------------------------------- */

static enum parlor_err create(struct store *s, uint64_t journal_id, uint32_t partitions,
			      struct why why)
{
	enum parlor_err err = env_prepare(&s->env);

	if (err == PARLOR_E_OK)
		err = env_begin(&s->env);
	if (err == PARLOR_E_OK) {
		env_create(&s->env);
		meta_put(&s->env, "version", VERSION);
		meta_put_lineage(&s->env, &(struct lineage){.id = journal_id});
		meta_put(&s->env, "parts", partitions);
		meta_put(&s->env, "covered", 0);
		meta_put(&s->env, "last", 0);
		err = env_commit(&s->env);
		env_settle(&s->env, err);
	}
	if (err != PARLOR_E_OK)
		return why_set(why, err, "cannot be made: %s", parlor_err_text(err));
	return PARLOR_E_OK;
}

static enum parlor_err check_version(struct store *s, struct why why)
{
	enum parlor_err err = meta_get(&s->env, "version", &s->version, why);
	bool reads = s->version == VERSION || (s->version == VERSION_BEFORE && !s->env.read_only);

	if (err == PARLOR_E_OK && !reads)
		err = why_set(why, PARLOR_E_STORE_VERSION,
			      "data directory of version %llu, this broker reads version %d",
			      (unsigned long long)s->version, VERSION);
	return err;
}

static enum parlor_err upgrade(struct store *s, struct why why)
{
	enum parlor_err err = env_begin(&s->env);
	if (err == PARLOR_E_OK) {
		env_create(&s->env);
		meta_put(&s->env, "version", VERSION);
		err = env_commit(&s->env);
		env_settle(&s->env, err);
	}
	if (err != PARLOR_E_OK)
		return why_set(why, err, "cannot be upgraded: %s", parlor_err_text(err));
	log_info("store: brought from version %d to %d", VERSION_BEFORE, VERSION);
	return PARLOR_E_OK;
}

static enum parlor_err load(struct store *s, struct why why)
{
	uint64_t partitions = 0, last = 0;
	enum parlor_err err;

	if ((err = meta_get_lineage(&s->env, &s->lineage, &s->renewed, why)) != PARLOR_E_OK ||
	    (err = meta_get(&s->env, "parts", &partitions, why)) != PARLOR_E_OK ||
	    (err = meta_get(&s->env, "covered", &s->covered, why)) != PARLOR_E_OK ||
	    (err = meta_get(&s->env, "last", &last, why)) != PARLOR_E_OK ||
	    (err = journal_init(&s->journal, &s->env, last, why)) != PARLOR_E_OK)
		return err;
	const struct journal *j = &s->journal;
	if (partitions == 0 || partitions > PARTITIONS_MAX || s->covered > j->last ||
	    s->covered + 1 < j->first)
		return why_set(why, PARLOR_E_STORE_CORRUPT,
			       "meta: partitions %llu, rows up to %llu, journal from %llu to %llu",
			       (unsigned long long)partitions, (unsigned long long)s->covered,
			       (unsigned long long)j->first, (unsigned long long)j->last);
	s->partitions = (uint32_t)partitions;
	return PARLOR_E_OK;
}

/* Runs one step of opening on a read transaction of its own. */
static enum parlor_err in_read(struct store *s, struct why why,
			       enum parlor_err (*step)(struct store *, struct why))
{
	enum parlor_err err = env_read_begin(&s->env);

	if (err != PARLOR_E_OK)
		return why_set(why, err, "cannot be read: %s", parlor_err_text(err));
	err = step(s, why);
	env_read_end(&s->env);
	return err;
}

/* A copy goes on as a journal of its own: sessions, readers and databases that knew the other one
 * must not take this for it. */
static void renew(struct store *s, uint64_t id)
{
	uint64_t before = s->lineage.id, last = s->journal.last;

	lineage_renew(&s->lineage, id, last);
	log_info("store: a copy of journal %llu up to %llu: it goes on as journal %llu",
		 (unsigned long long)before, (unsigned long long)last, (unsigned long long)id);
}

static enum parlor_err open_store(struct store *s, const struct store_options *o,
				  uint64_t journal_id, struct why why)
{
	struct space_limits limits = space_limits_from(o->map_init, o->map_max, o->headroom);
	uint32_t partitions = o->partitions ? o->partitions : PARTITIONS_DEFAULT;
	enum parlor_err err = env_open(&s->env, o->dir, &limits, o->read_only, why);

	assert(partitions <= PARTITIONS_MAX);
	if (err != PARLOR_E_OK)
		return err;
	if (s->env.empty && o->read_only)
		return why_set(why, PARLOR_E_STORE, "%s: no broker has run there yet", o->dir);
	if (s->env.empty)
		err = create(s, journal_id, partitions, why);
	else if ((err = in_read(s, why, check_version)) == PARLOR_E_OK)
		err = s->version == VERSION ? env_open_rest(&s->env, why) : upgrade(s, why);
	if (err == PARLOR_E_OK)
		err = in_read(s, why, load);
	s->renewed &= !o->read_only;
	if (err == PARLOR_E_OK && s->renewed)
		renew(s, journal_id);
	if (err == PARLOR_E_OK && !o->read_only && (err = writer_open(&s->writer)) != PARLOR_E_OK)
		return why_set(why, err, "no second thread can be made");
	if (err == PARLOR_E_OK && !o->read_only && space_reserve(&s->env.space, 0, true) != 0)
		log_warn("store: opened without space to write");
	return err;
}

enum parlor_err store_open(struct store **out, const struct store_options *options,
			   uint64_t journal_id, char *why, size_t why_size)
{
	struct store *s = mem_new(sizeof *s);

	assert(journal_id != 0 || options->read_only);
	enum parlor_err err = open_store(s, options, journal_id, (struct why){why, why_size});
	if (err != PARLOR_E_OK) {
		store_close(s);
		s = NULL;
	}
	*out = s;
	return err;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->env.busy && store_commit_end(s) != PARLOR_E_OK)
		log_error("store: closed with a commit that failed");
	writer_close(&s->writer);
	batch_fini(&s->batch);
	journal_fini(&s->journal);
	env_close(&s->env);
	free(s);
}

uint64_t store_journal_id(const struct store *s)
{
	return s->lineage.id;
}

const struct lineage *store_lineage(const struct store *s)
{
	return &s->lineage;
}

bool store_lineage_durable(const struct store *s)
{
	return !s->renewed;
}

uint32_t store_partitions(const struct store *s)
{
	return s->partitions;
}

uint64_t store_first(const struct store *s)
{
	return s->env.reading ? s->journal.first_read : s->journal.first;
}

uint64_t store_last(const struct store *s)
{
	return s->journal.last;
}

uint64_t store_journal_bytes(const struct store *s)
{
	return s->journal.bytes;
}

uint64_t store_covered(const struct store *s)
{
	return s->covered;
}

/* ---- reading ----------------------------------------------------------------------- */

enum parlor_err store_read_begin(struct store *s)
{
	enum parlor_err err = env_read_begin(&s->env);

	if (err == PARLOR_E_OK && (err = journal_read_begin(&s->journal)) != PARLOR_E_OK)
		env_read_end(&s->env);
	return err;
}

void store_read_end(struct store *s)
{
	env_read_end(&s->env);
}

bool store_drop_mapped_pages(struct store *s)
{
	return env_drop_mapped_pages(&s->env);
}

enum parlor_err store_read(struct store *s, uint64_t position, struct entry *entry)
{
	return journal_read(&s->journal, position, entry);
}

enum parlor_err store_walk_open(struct store *s, uint64_t from, struct store_walk *walk)
{
	return journal_walk_open(&s->journal, from, walk);
}

enum parlor_err store_walk_open_at(struct store *s, uint64_t from, struct store_walk *walk)
{
	return journal_walk_open_at(&s->journal, from, walk);
}

enum parlor_err store_walk_next(struct store *s, struct store_walk *walk, struct entry *entry)
{
	assert(s->env.reading);
	return journal_walk_next(walk, entry);
}

void store_walk_close(struct store *s, struct store_walk *walk)
{
	(void)s;
	journal_walk_close(walk);
}

struct core_rows store_rows(struct store *s)
{
	return rows_in(&s->env);
}

/* ---- writing ------------------------------------------------------------------------- */

/* Commits nothing new, so that pages the last commit gave free come into use
 * although everything that would write is refused. */
static enum parlor_err commit_nothing_new(struct store *s)
{
	uint64_t asked = s->env.space.asked;
	enum parlor_err err = store_begin(s);

	if (err != PARLOR_E_OK)
		return err;
	err = store_commit(s);
	s->env.space.asked = asked;
	s->env.space.stuck = false;
	return err;
}

enum parlor_err store_reserve(struct store *s, uint64_t bytes)
{
	bool idle = !s->env.reading && !s->env.busy && !s->open;
	enum parlor_err err = space_reserve(&s->env.space, bytes, idle);

	if (err == PARLOR_E_STORE_FULL && s->env.space.stuck && !s->env.busy && !s->open &&
	    commit_nothing_new(s) == PARLOR_E_STORE)
		return PARLOR_E_STORE;
	return err;
}

void store_owe(struct store *s, uint64_t bytes)
{
	s->env.space.owed = bytes;
}

size_t store_rows_space(struct store *s, size_t wanted)
{
	bool idle = !s->env.reading && !s->env.busy && !s->open;
	size_t fit = space_rows(&s->env.space, wanted, idle);

	/* Pages that the last commit gave free come into use with another one. */
	if (!fit && s->env.space.stuck && !s->env.busy && !s->open &&
	    commit_nothing_new(s) == PARLOR_E_OK)
		fit = space_rows(&s->env.space, wanted, idle);
	return fit;
}

void store_unreserve(struct store *s)
{
	s->env.space.asked = 0;
}

enum parlor_err store_begin(struct store *s)
{
	assert(!s->open);
	enum parlor_err err = env_prepare(&s->env);

	if (err != PARLOR_E_OK)
		return err;
	s->open = true;
	s->rows_left = false;
	s->covered_new = s->covered;
	s->last_new = s->journal.last;
	return PARLOR_E_OK;
}

void store_append(struct store *s, const struct entry *entry)
{
	assert(s->open && entry->position == s->last_new + 1);
	s->last_new = entry->position;
	batch_append(&s->batch, entry);
}

void store_put(void *store, const struct row_key *key, struct span value)
{
	struct store *s = store;

	assert(s->open);
	row_batch_add(&s->batch.rows, key, value);
}

void store_replace_event(struct store *s, uint64_t position, struct span event)
{
	assert(s->open);
	batch_replace(&s->batch, position, event);
}

void store_set_covered(struct store *s, uint64_t position)
{
	assert(s->open && position >= s->covered_new && position <= s->last_new);
	s->covered_new = position;
}

void store_trim(struct store *s, uint64_t first, size_t max)
{
	assert(s->open && !s->batch.trim_first);
	if (first > s->covered_new + 1)
		first = s->covered_new + 1;
	s->batch.trim_first = first;
	s->batch.trim_max = max;
}

static enum parlor_err put_once(struct store *s, bool all)
{
	struct env *env = &s->env;
	enum parlor_err err = env_begin(env);

	if (err != PARLOR_E_OK)
		return err;
	journal_begin(&s->journal);
	batch_put(&s->batch, &s->journal, env, all);
	journal_measure(&s->journal);
	/* The journal's own end tells it otherwise; and an empty commit is one. */
	if (s->batch.trim_first || !s->batch.entries.len)
		meta_put(env, "last", s->last_new);
	if (all && s->covered_new != s->covered)
		meta_put(env, "covered", s->covered_new);
	if (s->renewed)
		meta_put_lineage(env, &s->lineage);
	die_at("transaction_put");
	err = env_commit(env);
	die_at("transaction_committed");
	return err;
}

/* In the loop's thread or the writer's: it has env's write transaction, the
 * journal's new ends, the batch, `result` and `rows_left` to itself. Rows and
 * trimming can wait: where they find no space, the entries go without them. */
static void put_batch(void *store)
{
	struct store *s = store;
	bool entries = s->batch.entries.len || s->batch.replaced.len;
	bool more = s->batch.rows.len || s->batch.trim_first;

	s->result = put_once(s, true);
	if (s->result != PARLOR_E_STORE_FULL || !entries || !more)
		return;
	journal_settle(&s->journal, false);
	s->result = put_once(s, false);
	s->rows_left = s->result == PARLOR_E_OK;
}

static enum parlor_err settle(struct store *s)
{
	bool committed = s->result == PARLOR_E_OK;

	env_settle(&s->env, s->result);
	journal_settle(&s->journal, committed);
	batch_clear(&s->batch);
	s->open = false;
	if (committed)
		s->renewed = false;
	if (committed && !s->rows_left)
		s->covered = s->covered_new;
	return s->result;
}

bool store_rows_left(const struct store *s)
{
	return s->rows_left;
}

enum parlor_err store_commit(struct store *s)
{
	assert(s->open && !s->env.busy);
	put_batch(s);
	return settle(s);
}

void store_commit_start(struct store *s)
{
	assert(s->open && !s->env.busy);
	s->env.busy = true;
	writer_start(&s->writer, put_batch, s);
}

int store_commit_fd(const struct store *s)
{
	return writer_fd(&s->writer);
}

bool store_commit_ended(struct store *s)
{
	return s->env.busy && writer_ended(&s->writer);
}

enum parlor_err store_commit_end(struct store *s)
{
	assert(s->env.busy);
	writer_end(&s->writer);
	s->env.busy = false;
	return settle(s);
}

void store_abort(struct store *s)
{
	assert(!s->env.busy);
	if (!s->open)
		return;
	s->result = PARLOR_E_STORE_FULL; /* nothing changed, and the next may succeed */
	(void)settle(s);
}

/* ---- the state as a whole ---------------------------------------------------------- */

void store_counts(const struct store *s, struct store_counts *c)
{
	const struct env *e = &s->env;
	struct stat file;

	*c = (struct store_counts){.map_bytes = e->space.map,
				   .used_bytes = e->space.used,
				   .full_refusals = e->space.refusals};
	if (fstat(e->data_fd, &file) == 0)
		c->file_bytes = (uint64_t)file.st_size;
}
