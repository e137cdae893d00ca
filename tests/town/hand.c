/* The loop of service_run is taken apart here: its steps are the service's. */
#include "../../worker/service.c"

#include "hand.h"

#include "database.h"
#include "road.h"

struct hand {
	struct service service;
};

struct hand *hand_new(const char *name, struct database *database)
{
	struct hand *h = mem_new(sizeof *h);
	h->service = (struct service){.db = db_to(database), .name = name, .endpoint = "town"};
	if (link_open(&h->service.link, "town", name, NULL))
		abort();
	return h;
}

void hand_kill(struct hand *h)
{
	forget_all(&h->service);
	/* Whoever is killed says no goodbye. */
	road_hush(true);
	link_close(h->service.link);
	road_hush(false);
	db_free(h->service.db);
	free(h);
}

void hand_turn(struct hand *h)
{
	struct service *s = &h->service;
	listen_broker(s);
	if (!s->usable && clock_mono_us() >= s->db_retry_us)
		connect_database(s);
	work_colds(s);
	if (s->usable)
		work_job(s);
	if (s->usable)
		work_flush(s);
}

uint64_t hand_epoch(const struct hand *h, uint32_t part)
{
	const struct batches *b = &h->service.batches;
	return part < b->parts_len && b->parts[part] ? b->parts[part]->epoch : 0;
}
