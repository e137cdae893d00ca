#include "batches.h"

#include "base/die.h"
#include "base/mem.h"
#include "reply.h"

#include <stdlib.h>

void batches_forget(struct batches *b, uint32_t number)
{
	if (number >= b->partitions_len || !b->partitions[number])
		return;
	partition_fini(b->partitions[number]);
	free(b->partitions[number]);
	b->partitions[number] = NULL;
}

void batches_end(struct batches *b)
{
	for (uint32_t i = 0; i < b->partitions_len; i++)
		batches_forget(b, i);
	free(b->partitions);
	b->partitions = NULL;
	b->partitions_len = 0;
}

void batches_begin(struct batches *b)
{
	batches_end(b);
	b->partitions_len = link_partitions(b->link);
	b->partitions = mem_new(b->partitions_len * sizeof(struct partition *));
}

static enum parlor_err run_assign(struct batches *b, struct job *job)
{
	const Parlor__Assign *assign = job->in.message->assign;
	if (assign->partition >= b->partitions_len)
		return PARLOR_E_OK;
	if (!b->partitions[assign->partition]) {
		b->partitions[assign->partition] = mem_new(sizeof(struct partition));
		partition_init(b->partitions[assign->partition], link_broker_id(b->link),
			       assign->partition);
	}
	struct partition *partition = b->partitions[assign->partition];
	char why[OWNER_WHY_MAX] = "";
	enum parlor_err err =
		partition_claim(partition, b->db, link_owner(b->link), assign->epoch, why);
	if (!err)
		reply_partition_state(b->link, partition);
	if (err != PARLOR_E_DB_OWNER)
		return err;
	/* Answered: the broker asks again after a while. */
	reply_failed(b->link, assign->partition, assign->epoch, PARLOR__FAIL_CLASS__FAIL_OWNER,
		     why);
	batches_forget(b, assign->partition);
	return PARLOR_E_OK;
}

enum parlor_err batches_answer_fenced(struct batches *b, uint32_t number, uint64_t epoch)
{
	struct partition stranger;
	struct partition *partition = number < b->partitions_len ? b->partitions[number] : NULL;
	partition_init(&stranger, link_broker_id(b->link), number);
	stranger.epoch = epoch;
	if (!partition)
		partition = &stranger;
	enum parlor_err err = partition_load(partition, b->db);
	if (!err) {
		reply_failed(b->link, number, epoch, PARLOR__FAIL_CLASS__FAIL_FENCED,
			     parlor_err_text(PARLOR_E_DB_FENCED));
		reply_partition_state(b->link, partition);
	}
	partition_fini(&stranger);
	return err;
}

/* The partition, if it is ours under that epoch. */
static struct partition *owned_partition(const struct batches *b, uint32_t number, uint64_t epoch)
{
	struct partition *partition = number < b->partitions_len ? b->partitions[number] : NULL;
	return partition && partition->epoch == epoch && partition_owned(partition) ? partition
										    : NULL;
}

static enum parlor_err apply_batch(struct batches *b, struct job *job, struct partition *partition)
{
	const Parlor__Batch *batch = job->in.message->batch;
	bool refused = false;
	if (partition->mark.position != batch->after || batch->upto < batch->after)
		return PARLOR_E_DB_FENCED;
	enum parlor_err err = partition_apply(partition, b->db, batch, &refused);
	if (err)
		return err;
	/* The broker must know of a refused room before it believes the batch done. */
	if (refused)
		reply_partition_state(b->link, partition);
	reply_batch_done(b->link, partition);
	die_at("batch_told");
	return PARLOR_E_OK;
}

static enum parlor_err run_batch(struct batches *b, struct job *job)
{
	const Parlor__Batch *batch = job->in.message->batch;
	struct partition *partition = owned_partition(b, batch->partition, batch->epoch);
	if (!partition)
		return batches_answer_fenced(b, batch->partition, batch->epoch);
	if (job->uncertain) {
		enum parlor_err err = partition_load(partition, b->db);
		if (err)
			return err;
		job->uncertain = false;
		if (!partition_owned(partition))
			return batches_answer_fenced(b, batch->partition, batch->epoch);
		if (partition->mark.position == batch->upto &&
		    partition->mark.digest == batch->digest) {
			if (quarantine_count(&partition->quarantine))
				reply_partition_state(b->link, partition);
			reply_batch_done(b->link, partition);
			return PARLOR_E_OK;
		}
	}
	enum parlor_err err = apply_batch(b, job, partition);
	if (err == PARLOR_E_DB_FENCED)
		return batches_answer_fenced(b, batch->partition, batch->epoch);
	if (err == PARLOR_E_DB_TOO_LARGE && !db_statement_halve(b->db) && batch->n_records > 1) {
		reply_failed(b->link, batch->partition, batch->epoch,
			     PARLOR__FAIL_CLASS__FAIL_TOO_LARGE, db_error(b->db));
		return PARLOR_E_OK;
	}
	return err;
}

static enum parlor_err run_release(struct batches *b, struct job *job)
{
	const Parlor__Release *release = job->in.message->release;
	struct partition *partition = owned_partition(b, release->partition, release->epoch);
	if (!partition)
		return batches_answer_fenced(b, release->partition, release->epoch);
	bool again = job->uncertain;
	if (again) {
		enum parlor_err err = partition_load(partition, b->db);
		if (err)
			return err;
		job->uncertain = false;
		if (!partition_owned(partition))
			return batches_answer_fenced(b, release->partition, release->epoch);
	}
	enum parlor_err err = partition_release(partition, b->db, release);
	/* It had gone through after all. */
	if (again && err == PARLOR_E_NOT_QUARANTINED)
		err = PARLOR_E_OK;
	switch (err) {
	case PARLOR_E_OK:
		reply_release(b->link, release, "");
		return PARLOR_E_OK;
	case PARLOR_E_DB_FENCED:
		return batches_answer_fenced(b, release->partition, release->epoch);
	case PARLOR_E_DB_DATA:
		reply_release(b->link, release, db_error(b->db));
		return PARLOR_E_OK;
	case PARLOR_E_NOT_QUARANTINED:
		reply_release(b->link, release, parlor_err_text(err));
		return PARLOR_E_OK;
	case PARLOR_E_VALUE:
		reply_release(b->link, release, "records before or behind these are missing");
		return PARLOR_E_OK;
	default:
		return err;
	}
}

enum parlor_err batches_run(struct batches *b, struct job *job)
{
	switch (job->in.message->op_case) {
	case PARLOR__TO_WORKER__OP_ASSIGN:
		return run_assign(b, job);
	case PARLOR__TO_WORKER__OP_BATCH:
		return run_batch(b, job);
	default:
		return run_release(b, job);
	}
}
