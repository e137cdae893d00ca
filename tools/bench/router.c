/* router: the ceiling of team. A ROUTER that copies each payload by reference
 * to 50 or 500 dealers, one message each, and does nothing else: no disk, no
 * batching of what leaves. */
#include "bare.h"
#include "bench.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void copy_to_all(struct bare_server *s, const struct bare_post *post)
{
	struct bare_event event = {.position = s->position, .post = *post};
	zmq_msg_t payload, copy;
	zmq_msg_init_size(&payload, sizeof event);
	memcpy(zmq_msg_data(&payload), &event, sizeof event);
	for (size_t i = 0; i < s->peers_len; i++) {
		if (!s->peers[i].listens)
			continue;
		zmq_msg_init(&copy);
		zmq_msg_copy(&copy, &payload);
		bare_send(s, &s->peers[i], &copy);
	}
	zmq_msg_close(&payload);
}

int serve_router(int argc, char **argv)
{
	struct bare_server *s = mem_new(sizeof *s);
	(void)argc;
	(void)argv;
	s->take = copy_to_all;
	s->end_turn = bare_send_acks;
	bare_serve(s);
	free(s);
	return 0;
}

static void router_to(const struct options *o, uint64_t listeners, const char *name)
{
	struct bare_plan plan = {.scenario = "team",
				 .system = "router",
				 .variant = name,
				 .serve = "serve-router",
				 .listeners = listeners,
				 .senders = option_or(o->senders, 16)};
	bare_measure(o, &plan);
}

void ceiling_router(const struct options *o)
{
	if (o->members) {
		router_to(o, o->members, "members");
		return;
	}
	router_to(o, 50, "50");
	router_to(o, 500, "500");
}
