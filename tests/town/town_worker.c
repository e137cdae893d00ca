/* The loop of service_run is taken apart here: its steps are the service's. */
#include "../../worker/service.c"

#include "town_worker.h"

#include "database.h"
#include "road.h"

struct town_worker {
	struct service service;
};

struct town_worker *town_worker_new(const char *name, struct database *database)
{
	struct town_worker *h = mem_new(sizeof *h);
	h->service = (struct service){.db = db_to(database), .name = name, .endpoint = "town"};
	if (link_open(&h->service.link, "town", name, NULL))
		abort();
	return h;
}

void town_worker_kill(struct town_worker *h)
{
	forget_all(&h->service);
	/* Whoever is killed says no goodbye. */
	road_hush(true);
	link_close(h->service.link);
	road_hush(false);
	db_free(h->service.db);
	free(h);
}

void town_worker_turn(struct town_worker *h)
{
	struct service *s = &h->service;
	listen_broker(s);
	if (!s->usable && clock_mono_us() >= s->db_retry_us)
		connect_database(s);
	work_archives(s);
	if (s->usable)
		work_job(s);
	if (s->usable)
		work_flush(s);
}

const struct job *town_worker_job(const struct town_worker *h, uint32_t *partition, bool *in_doubt)
{
	const struct job *job = h->service.jobs.first;
	uint64_t epoch;
	if (!job || job->in.message->op_case == PARLOR__TO_WORKER__OP_ASSIGN ||
	    !job_partition(job->in.message, partition, &epoch))
		return NULL;
	*in_doubt = job->uncertain;
	return job;
}

uint64_t town_worker_epoch(const struct town_worker *h, uint32_t partition)
{
	const struct batches *b = &h->service.batches;
	return partition < b->partitions_len && b->partitions[partition]
		       ? b->partitions[partition]->epoch
		       : 0;
}
