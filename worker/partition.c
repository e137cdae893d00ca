#include "partition.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/mem.h"
#include "nouns.h"
#include "plan.h"
#include "project.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A topic that the database refused, until the transaction is through. */
struct refusal {
	struct topic topic;
	uint64_t position;
	char error[QUARANTINE_ERROR_MAX];
};

/* A batch being applied. */
struct attempt {
	struct partition *partition;
	struct db *db;
	const Parlor__Batch *batch;
	struct mark to;
	struct plan plan;
	struct refusal *refusals;
	size_t refusals_len;
};

void partition_init(struct partition *partition, uint64_t broker_id, uint32_t number)
{
	*partition = (struct partition){.mark = {.broker_id = broker_id, .partition = number}};
}

void partition_fini(struct partition *partition)
{
	stale_fini(&partition->stale);
	quarantine_fini(&partition->quarantine);
}

bool partition_owned(const struct partition *partition)
{
	return partition->mark.epoch == partition->epoch;
}

uint64_t partition_unread_position(const struct partition *partition)
{
	uint64_t first = stale_first(&partition->stale);
	if (first == 0 || first > partition->mark.position)
		return partition->mark.position;
	return first - 1;
}

static enum parlor_err load_rest(struct partition *partition, struct db *db)
{
	enum parlor_err err = stale_load(&partition->stale, db, &partition->mark, clock_mono_us());
	if (!err)
		err = quarantine_load(&partition->quarantine, db, &partition->mark);
	return err;
}

enum parlor_err partition_claim(struct partition *partition, struct db *db,
				const struct owner *owner, uint64_t epoch, char why[OWNER_WHY_MAX])
{
	partition->epoch = epoch;
	partition->mark.epoch = epoch;
	enum parlor_err err = mark_claim(db, owner, &partition->mark, why);
	die_at("partition_claimed");
	return err ? err : load_rest(partition, db);
}

enum parlor_err partition_load(struct partition *partition, struct db *db)
{
	enum parlor_err err = mark_read(db, &partition->mark);
	return err ? err : load_rest(partition, db);
}

static bool is_skipped(const struct partition *partition, const Parlor__SyncRecord *r)
{
	return quarantine_find(&partition->quarantine, topic_of(r));
}

static void fold_record(struct fold *fold, const Parlor__SyncRecord *r)
{
	if (!fold_add(fold, r))
		log_error("record of kind %d at %" PRIu64 " is not understood: left out",
			  (int)r->kind, r->event ? r->event->position : 0);
}

static enum parlor_err write_fold(struct attempt *a, struct fold *fold)
{
	enum parlor_err err = fold_write(a->db, fold, &a->partition->mark);
	if (!err)
		plan_add(&a->plan, fold);
	return err;
}

static enum parlor_err write_all(struct attempt *a)
{
	struct fold fold = {0};
	for (size_t i = 0; i < a->batch->n_records; i++)
		if (!is_skipped(a->partition, a->batch->records[i]))
			fold_record(&fold, a->batch->records[i]);
	enum parlor_err err = write_fold(a, &fold);
	fold_fini(&fold);
	return err;
}

static const char *kind_name(uint32_t kind)
{
	return kind == PARLOR__TOPIC_KIND__TOPIC_ROOM ? "room" : "topic";
}

static void refuse(struct attempt *a, const Parlor__SyncRecord *first)
{
	a->refusals = mem_resize(a->refusals, a->refusals_len + 1, sizeof *a->refusals);
	struct refusal *r = &a->refusals[a->refusals_len++];
	*r = (struct refusal){
		.topic = topic_of(first),
		.position = first->event->position,
	};
	snprintf(r->error, sizeof r->error, "%s", db_error(a->db));
	log_error("the database refuses tenant %s %s %s at %" PRIu64 ": %s; it is in quarantine",
		  r->topic.tenant, kind_name(r->topic.kind), r->topic.id, r->position, r->error);
}

/* The records about one topic (or one record about none) under a savepoint. */
static enum parlor_err write_group(struct attempt *a, size_t first, bool *done)
{
	const Parlor__SyncRecord *head = a->batch->records[first];
	struct topic topic = topic_of(head);
	bool alone = topic_is_none(topic);
	struct fold fold = {0};
	for (size_t i = first; i < a->batch->n_records; i++) {
		if (done[i] || !topic_equal(topic, topic_of(a->batch->records[i])) ||
		    (alone && i > first))
			continue;
		done[i] = true;
		fold_record(&fold, a->batch->records[i]);
	}
	enum parlor_err err = db_run_text(a->db, "SAVEPOINT topic_records");
	if (!err)
		err = write_fold(a, &fold);
	fold_fini(&fold);
	if (err != PARLOR_E_DB_DATA)
		return err;
	if (!alone)
		refuse(a, head);
	else
		log_error("the database refuses a record of kind %d of tenant %s: %s; it is left "
			  "out",
			  (int)head->kind, head->tenant, db_error(a->db));
	return db_run_text(a->db, "ROLLBACK TO SAVEPOINT topic_records");
}

static enum parlor_err write_refusals(struct attempt *a)
{
	enum parlor_err err = PARLOR_E_OK;
	size_t all = quarantine_count(&a->partition->quarantine) + a->refusals_len;
	if (a->refusals_len && all > QUARANTINE_TOPICS_MAX) {
		log_error(
			"partition %u: the database refuses %zu topics: the partition stands still",
			a->partition->mark.partition, all);
		return PARLOR_E_DB_DATA;
	}
	for (size_t i = 0; !err && i < a->refusals_len; i++) {
		const struct refusal *r = &a->refusals[i];
		err = quarantine_write(a->db, &a->partition->mark, r->topic, r->position, r->error);
	}
	return err;
}

/* After a refusal: topic by topic, to find whose it is. */
static enum parlor_err write_by_topic(struct attempt *a)
{
	enum parlor_err err = PARLOR_E_OK;
	bool *done = mem_new(a->batch->n_records * sizeof *done + 1);
	for (size_t i = 0; i < a->batch->n_records; i++)
		done[i] = is_skipped(a->partition, a->batch->records[i]);
	for (size_t i = 0; !err && i < a->batch->n_records; i++)
		if (!done[i])
			err = write_group(a, i, done);
	if (!err)
		err = write_refusals(a);
	free(done);
	return err;
}

static enum parlor_err attempt_run(struct attempt *a, enum parlor_err (*write)(struct attempt *))
{
	plan_fini(&a->plan);
	enum parlor_err err = db_begin(a->db);
	if (!err)
		err = mark_move(a->db, &a->partition->mark, &a->to);
	die_at("batch_fenced");
	if (!err)
		err = write(a);
	die_at("batch_written");
	if (!err)
		err = db_commit(a->db);
	die_at("batch_committed");
	if (err)
		db_rollback(a->db);
	return err;
}

static void attempt_done(struct attempt *a)
{
	struct partition *partition = a->partition;
	partition->mark = a->to;
	partition->stale.behind = a->batch->more;
	plan_done(&a->plan, &partition->stale, a->batch->after + 1, clock_mono_us());
	for (size_t i = 0; i < a->refusals_len; i++)
		quarantine_add(&partition->quarantine, a->refusals[i].topic,
			       a->refusals[i].position, a->refusals[i].error);
}

enum parlor_err partition_apply(struct partition *partition, struct db *db,
				const Parlor__Batch *batch, bool *refused)
{
	struct attempt a = {.partition = partition, .db = db, .batch = batch};
	enum parlor_err err = PARLOR_E_OK;
	*refused = false;
	while (!err && stale_full(&partition->stale))
		err = partition_flush(partition, db);
	if (err)
		return err;
	a.to = partition->mark;
	a.to.position = batch->upto;
	a.to.digest = batch->digest;
	a.to.projected = partition_unread_position(partition);
	err = attempt_run(&a, write_all);
	if (err == PARLOR_E_DB_DATA)
		err = attempt_run(&a, write_by_topic);
	if (!err)
		attempt_done(&a);
	*refused = !err && a.refusals_len > 0;
	plan_fini(&a.plan);
	free(a.refusals);
	return err;
}

static enum parlor_err write_release(struct partition *partition, struct db *db, struct plan *plan,
				     const Parlor__Release *release)
{
	struct fold fold = {0};
	const struct quarantine_topic *refused =
		quarantine_find(&partition->quarantine, topic_released(release));
	for (size_t i = 0; i < release->n_records; i++)
		fold_record(&fold, release->records[i]);
	enum parlor_err err = fold_write(db, &fold, &partition->mark);
	plan_add(plan, &fold);
	if (!err)
		err = plan_project(plan, db);
	if (!err && release->last)
		err = quarantine_erase(db, &partition->mark, refused->topic);
	if (!err && !release->last)
		err = quarantine_write(db, &partition->mark, refused->topic, release->upto + 1,
				       refused->error);
	fold_fini(&fold);
	return err;
}

static bool release_fits(const struct partition *partition, const Parlor__Release *release,
			 const struct quarantine_topic *refused)
{
	if (release->after >= refused->position || release->upto < release->after)
		return false;
	for (size_t i = 0; i < release->n_records; i++)
		if (!topic_equal(topic_of(release->records[i]), refused->topic))
			return false;
	return !release->last || release->upto >= partition->mark.position;
}

static void release_done(struct partition *partition, const struct plan *plan,
			 const Parlor__Release *release, struct quarantine_topic *refused)
{
	for (size_t i = 0; i < plan->len; i++)
		stale_correct(&partition->stale, &plan->changes[i]);
	if (release->last)
		quarantine_remove(&partition->quarantine, refused);
	else
		refused->position = release->upto + 1;
}

enum parlor_err partition_release(struct partition *partition, struct db *db,
				  const Parlor__Release *release)
{
	struct plan plan = {0};
	struct quarantine_topic *refused =
		quarantine_find(&partition->quarantine, topic_released(release));
	if (!refused)
		return PARLOR_E_NOT_QUARANTINED;
	if (!release_fits(partition, release, refused))
		return PARLOR_E_VALUE;
	enum parlor_err err = db_begin(db);
	if (!err)
		err = mark_move(db, &partition->mark, &partition->mark);
	if (!err)
		err = write_release(partition, db, &plan, release);
	die_at("release_written");
	if (!err)
		err = db_commit(db);
	die_at("release_committed");
	if (err)
		db_rollback(db);
	else
		release_done(partition, &plan, release, refused);
	plan_fini(&plan);
	return err;
}

static enum parlor_err flush(struct partition *partition, struct db *db, struct projection *rooms)
{
	struct mark to = partition->mark;
	to.projected = partition_unread_position(partition);
	enum parlor_err err = db_begin(db);
	if (!err)
		err = mark_move(db, &partition->mark, &to);
	if (!err)
		err = project_rooms(db, rooms);
	die_at("flush_written");
	if (!err)
		err = db_commit(db);
	die_at("flush_committed");
	if (err)
		db_rollback(db);
	else
		partition->mark = to;
	return err;
}

enum parlor_err partition_flush(struct partition *partition, struct db *db)
{
	struct projection rooms = {0};
	enum parlor_err err = PARLOR_E_OK;
	stale_take(&partition->stale, &rooms, clock_mono_us());
	if (rooms.len)
		err = flush(partition, db, &rooms);
	projection_fini(&rooms);
	stale_taken(&partition->stale, !err);
	if (!err)
		err = stale_load_more(&partition->stale, db, &partition->mark, clock_mono_us());
	return err;
}
