#include "house.h"

#include "pieces.h"
#include "store_world.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void set(struct house *h, const char *name, const char *value)
{
	char why[256];
	assert_int_equal(settings_set(&h->broker.settings, name, value, why, sizeof why),
			 PARLOR_E_OK);
}

struct house *house_open(const char *turn_steps)
{
	struct house *h = mem_new(sizeof *h);
	struct broker *b = &h->broker;
	char why[512] = "";
	assert_int_equal(set_up(&h->world), 0);
	settings_init(&b->settings);
	set(h, "broker.data", ((struct world *)h->world)->dir);
	set(h, "broker.listen", "tcp://127.0.0.1:*");
	set(h, "broker.worker_listen", "tcp://127.0.0.1:*");
	set(h, "turn.turn_steps", turn_steps);
	enum parlor_err err = pieces_make(b, why, sizeof why);
	if (err)
		print_error("%s\n", why);
	assert_int_equal(err, PARLOR_E_OK);
	assert_int_equal(store_turn_begin(b->store), PARLOR_E_OK);
	return h;
}

void house_close(struct house *h)
{
	store_turn_end(h->broker.store);
	pieces_free(&h->broker);
	settings_fini(&h->broker.settings);
	assert_int_equal(tear_down(&h->world), 0);
	free(h);
}
