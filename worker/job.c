#include "job.h"

#include "base/mem.h"

#include <stdlib.h>

bool jobs_push(struct jobs *jobs, const struct link_message *in)
{
	if (jobs->len >= JOBS_MAX || jobs->bytes + in->bytes > JOBS_BYTES_MAX) {
		jobs->refused++;
		return false;
	}
	struct job *job = mem_new(sizeof *job);
	job->in = *in;
	if (!jobs->first)
		jobs->last = &jobs->first;
	*jobs->last = job;
	jobs->last = &job->next;
	jobs->len++;
	jobs->bytes += in->bytes;
	return true;
}

static void unlink_job(struct jobs *jobs, struct job **at)
{
	struct job *job = *at;
	*at = job->next;
	if (jobs->last == &job->next)
		jobs->last = at;
	jobs->len--;
	jobs->bytes -= job->in.bytes;
	arena_fini(&job->in.arena);
	free(job);
}

void jobs_pop(struct jobs *jobs)
{
	if (jobs->first)
		unlink_job(jobs, &jobs->first);
}

void jobs_drop_partition(struct jobs *jobs, uint32_t partition, uint64_t epoch)
{
	struct job **at = &jobs->first;
	while (*at) {
		uint32_t its_partition;
		uint64_t its_epoch;
		if (job_partition((*at)->in.message, &its_partition, &its_epoch) &&
		    its_partition == partition && its_epoch <= epoch)
			unlink_job(jobs, at);
		else
			at = &(*at)->next;
	}
}

void jobs_clear(struct jobs *jobs)
{
	while (jobs->first)
		jobs_pop(jobs);
}

bool job_partition(const Parlor__ToWorker *message, uint32_t *partition, uint64_t *epoch)
{
	switch (message->op_case) {
	case PARLOR__TO_WORKER__OP_ASSIGN:
		*partition = message->assign->partition;
		*epoch = message->assign->epoch;
		return true;
	case PARLOR__TO_WORKER__OP_BATCH:
		*partition = message->batch->partition;
		*epoch = message->batch->epoch;
		return true;
	case PARLOR__TO_WORKER__OP_RELEASE:
		*partition = message->release->partition;
		*epoch = message->release->epoch;
		return true;
	default:
		return false;
	}
}
