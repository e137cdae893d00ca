#include "house.h"

#include "api/dispatch.h"
#include "api/lifecycle.h"
#include "pieces.h"
#include "store_world.h"

#include "base/mem.h"

#include <parlor/version.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void set(struct house *h, const char *name, const char *value)
{
	char why[256];
	assert_int_equal(conf_set(settings_rows, &h->broker.settings, name, value, why, sizeof why),
			 PARLOR_E_OK);
}

struct house *house_open(const char *const settings[])
{
	struct house *h = mem_new(sizeof *h);
	struct broker *b = &h->broker;
	char why[512] = "";
	assert_int_equal(set_up(&h->world), 0);
	settings_init(&b->settings);
	set(h, "broker.data", ((struct world *)h->world)->dir);
	set(h, "broker.listen", "tcp://127.0.0.1:*");
	set(h, "broker.worker_listen", "tcp://127.0.0.1:*");
	for (; settings && *settings; settings += 2)
		set(h, settings[0], settings[1]);
	enum parlor_err err = pieces_make(b, why, sizeof why);
	if (err)
		print_error("%s\n", why);
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(store_read_begin(b->store), PARLOR_E_OK);
	return h;
}

void house_close(struct house *h)
{
	store_read_end(h->broker.store);
	pieces_free(&h->broker);
	conf_fini(settings_rows, &h->broker.settings);
	assert_int_equal(tear_down(&h->world), 0);
	free(h);
}

struct broker *house_with(void **state, const char *name, const char *value)
{
	const char *const settings[] = {name, value, NULL};
	struct house *h = house_open(settings);
	*state = h;
	house_turn(&h->broker);
	return &h->broker;
}

int house_teardown(void **state)
{
	house_close(*state);
	return 0;
}

void house_turn(struct broker *b)
{
	lifecycle_sweep(b);
	price_begin(&b->price);
	b->meter = (struct meter){0};
	b->price.max[PRICE_US] = UINT64_MAX;
	b->price.weight[PRICE_STEPS] = 0;
	dispatch_begin(b);
}

struct session *house_hears(struct broker *b, uint8_t peer, Parlor__Request **requests, size_t n)
{
	Parlor__ToBroker said = PARLOR__TO_BROKER__INIT;
	uint8_t routing[FRONT_ROUTING_BYTES] = {0, 1, 0, 0, peer};
	struct front_frame frame = {.err = PARLOR_E_OK};
	said.requests = requests;
	said.n_requests = n;
	assert_int_equal(zmq_msg_init_size(&frame.routing, sizeof routing), 0);
	memcpy(zmq_msg_data(&frame.routing), routing, sizeof routing);
	assert_int_equal(
		zmq_msg_init_size(&frame.payload, parlor__to_broker__get_packed_size(&said)), 0);
	parlor__to_broker__pack(&said, zmq_msg_data(&frame.payload));
	dispatch_frame(b, &frame);
	front_frame_close(&frame);
	return session_find(b->fanout.sessions, (struct span){routing, sizeof routing}, NULL);
}

Parlor__Request *house_hello(char *tenant)
{
	static Parlor__Hello hello;
	static Parlor__Request request;
	parlor__hello__init(&hello);
	hello.version = PARLOR_PROTOCOL_VERSION;
	hello.tenant = tenant;
	parlor__request__init(&request);
	request.op_case = PARLOR__REQUEST__OP_HELLO;
	request.hello = &hello;
	return &request;
}

struct session *house_meets(struct broker *b, uint8_t peer, char *tenant)
{
	Parlor__Request *hello = house_hello(tenant);
	struct session *s = house_hears(b, peer, &hello, 1);
	assert_non_null(s);
	return s;
}
