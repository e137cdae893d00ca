#include "batches.h"

#include "base/die.h"
#include "base/mem.h"
#include "reply.h"

#include <stdlib.h>

void batches_forget(struct batches *b, uint32_t number)
{
	if (number >= b->parts_len || !b->parts[number])
		return;
	part_fini(b->parts[number]);
	free(b->parts[number]);
	b->parts[number] = NULL;
}

void batches_end(struct batches *b)
{
	for (uint32_t i = 0; i < b->parts_len; i++)
		batches_forget(b, i);
	free(b->parts);
	b->parts = NULL;
	b->parts_len = 0;
}

void batches_begin(struct batches *b)
{
	batches_end(b);
	b->parts_len = link_parts(b->link);
	b->parts = mem_new(b->parts_len * sizeof(struct part *));
}

static enum parlor_err run_assign(struct batches *b, struct job *job)
{
	const Parlor__Assign *assign = job->in.message->assign;
	if (assign->part >= b->parts_len)
		return PARLOR_E_OK;
	if (!b->parts[assign->part]) {
		b->parts[assign->part] = mem_new(sizeof(struct part));
		part_init(b->parts[assign->part], link_broker_id(b->link), assign->part);
	}
	struct part *part = b->parts[assign->part];
	char why[OWNER_WHY_MAX] = "";
	enum parlor_err err = part_claim(part, b->db, link_owner(b->link), assign->epoch, why);
	if (!err)
		reply_part_state(b->link, part);
	if (err != PARLOR_E_DB_OWNER)
		return err;
	/* Answered: the broker asks again after a while. */
	reply_failed(b->link, assign->part, assign->epoch, PARLOR__FAIL_CLASS__FAIL_OWNER, why);
	batches_forget(b, assign->part);
	return PARLOR_E_OK;
}

enum parlor_err batches_answer_fenced(struct batches *b, uint32_t number, uint64_t epoch)
{
	struct part stranger;
	struct part *part = number < b->parts_len ? b->parts[number] : NULL;
	part_init(&stranger, link_broker_id(b->link), number);
	stranger.epoch = epoch;
	if (!part)
		part = &stranger;
	enum parlor_err err = part_load(part, b->db);
	if (!err) {
		reply_failed(b->link, number, epoch, PARLOR__FAIL_CLASS__FAIL_FENCED,
			     parlor_err_text(PARLOR_E_DB_FENCED));
		reply_part_state(b->link, part);
	}
	part_fini(&stranger);
	return err;
}

/* The part, if it is ours under that epoch. */
static struct part *owned_part(const struct batches *b, uint32_t number, uint64_t epoch)
{
	struct part *part = number < b->parts_len ? b->parts[number] : NULL;
	return part && part->epoch == epoch && part_owned(part) ? part : NULL;
}

static enum parlor_err apply_batch(struct batches *b, struct job *job, struct part *part)
{
	const Parlor__Batch *batch = job->in.message->batch;
	bool refused = false;
	if (part->mark.position != batch->after || batch->upto < batch->after)
		return PARLOR_E_DB_FENCED;
	enum parlor_err err = part_apply(part, b->db, batch, &refused);
	if (err)
		return err;
	/* The broker must know of a refused room before it believes the batch done. */
	if (refused)
		reply_part_state(b->link, part);
	reply_batch_done(b->link, part);
	die_at("batch_told");
	return PARLOR_E_OK;
}

static enum parlor_err run_batch(struct batches *b, struct job *job)
{
	const Parlor__Batch *batch = job->in.message->batch;
	struct part *part = owned_part(b, batch->part, batch->epoch);
	if (!part)
		return batches_answer_fenced(b, batch->part, batch->epoch);
	if (job->uncertain) {
		enum parlor_err err = part_load(part, b->db);
		if (err)
			return err;
		job->uncertain = false;
		if (!part_owned(part))
			return batches_answer_fenced(b, batch->part, batch->epoch);
		if (part->mark.position == batch->upto && part->mark.digest == batch->digest) {
			if (quarantine_count(&part->quarantine))
				reply_part_state(b->link, part);
			reply_batch_done(b->link, part);
			return PARLOR_E_OK;
		}
	}
	enum parlor_err err = apply_batch(b, job, part);
	if (err == PARLOR_E_DB_FENCED)
		return batches_answer_fenced(b, batch->part, batch->epoch);
	if (err == PARLOR_E_DB_TOO_LARGE && !db_statement_halve(b->db) && batch->n_records > 1) {
		reply_failed(b->link, batch->part, batch->epoch, PARLOR__FAIL_CLASS__FAIL_TOO_LARGE,
			     db_error(b->db));
		return PARLOR_E_OK;
	}
	return err;
}

static enum parlor_err run_release(struct batches *b, struct job *job)
{
	const Parlor__Release *release = job->in.message->release;
	struct part *part = owned_part(b, release->part, release->epoch);
	if (!part)
		return batches_answer_fenced(b, release->part, release->epoch);
	bool again = job->uncertain;
	if (again) {
		enum parlor_err err = part_load(part, b->db);
		if (err)
			return err;
		job->uncertain = false;
		if (!part_owned(part))
			return batches_answer_fenced(b, release->part, release->epoch);
	}
	enum parlor_err err = part_release(part, b->db, release);
	/* It had gone through after all. */
	if (again && err == PARLOR_E_NOT_QUARANTINED)
		err = PARLOR_E_OK;
	switch (err) {
	case PARLOR_E_OK:
		reply_release(b->link, release, "");
		return PARLOR_E_OK;
	case PARLOR_E_DB_FENCED:
		return batches_answer_fenced(b, release->part, release->epoch);
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
