/* Worlds of desks: the model goes along with the records, and is asked what must hold. */
#include "desk_world.h"

#include "core/desk/desk.h"
#include "core/run.h"
#include "desk/ledger.h"

#include <stdlib.h>

/* With what parlor-replay desk counts of the journal. */
struct recounted {
	struct desk_world desk;
	struct ledger ledger;
};

static void begin(struct world *w)
{
	w->limits = core_limits_default;
	w->limits.resident_bytes = ONE_OF(w, 0, 4000, 1 << 20);
	w->commit = (unsigned)ONE_OF(w, 15, 50, 100);
	w->write_back = (unsigned)ONE_OF(w, 0, 10, 40, 90);
	w->evict = (unsigned)ONE_OF(w, 10, 50, 90);
	w->crash = (unsigned)ONE_OF(w, 0, 1, 3);
	if (!w->desk)
		w->desk = mem_new(sizeof(struct recounted));
}

static void end(struct world *w)
{
	free(w->desk);
	w->desk = NULL;
}

static void heard(struct world *w, const struct record *r)
{
	if (r->kind != RECORD_DESK_CLOCK)
		w->desk->quiet = false;
	model_record(w, &w->desk->now, r);
}

static void launched(struct world *w)
{
	model_copy(&w->desk->flown, &w->desk->now);
}

static void landed(struct world *w)
{
	model_copy(&w->desk->durable, &w->desk->flown);
}

static void restored(struct world *w)
{
	model_copy(&w->desk->now, &w->desk->durable);
	w->desk->now.now_us = w->desk->now.record_us;
}

/* Time of the loop, and on the wall, which may be another: somebody sets it, or the loop is
 * held up. */
static void pass(struct world *w)
{
	struct desk_world *d = w->desk;
	uint64_t us = ONE_OF(w, 0, 0, 0, 1000, 100000, 300000, 1000000, 1000000, 2500000, 7000000);
	uint64_t wall = world_chance(w, 95) ? us : world_below(w, 100000000);
	us = world_chance(w, 97) ? us : 0;
	d->served_us += us;
	d->desk_us += us;
	w->clock_us += wall;
	w->call = (struct core_call){.tenant = w->call.tenant,
				     .now_us = w->clock_us,
				     .served_us = d->served_us,
				     .random = {world_random(w), world_random(w)}};
}

/* As often as the loop would: what was settled may have made something due. */
static void tick(struct world *w)
{
	bool more = true;
	for (int n = 0; more || core_due(w->core) <= w->call.now_us; n++) {
		WANT(w, n < 100, "it does not come to an end");
		WANT_SAME(w, core_tick(w->core, &w->call, &more), PARLOR_E_OK);
	}
}

static void boot(struct world *w)
{
	struct desk_world *d = w->desk;
	d->desk_us = model_now(&d->now);
	(void)core_boot(w->core, w->clock_us);
	world_say(w, "boot");
	/* The loop's clock begins anywhere. */
	d->served_us = 1 + world_below(w, 1000000000);
	w->call = (struct core_call){.now_us = w->clock_us, .served_us = d->served_us};
	tick(w);
}

static void check(struct world *w)
{
	desk_check_clock(w);
	desk_check(w);
}

static void step(struct world *w)
{
	if (w->op == 1)
		boot(w);
	pass(w);
	w->call.tenant = world_chance(w, 70) ? SPAN_TEXT("t0") : SPAN_TEXT("t1");
	tick(w);
	check(w);
	w->desk->quiet = true;
	if (!w->desk->now.desks_len) {
		desk_set_up(w);
		w->desk->desk_us = model_now(&w->desk->now);
	} else {
		desk_move(w);
		if (core_desk_woken(w->core))
			core_desk_settle(w->core, &w->call);
	}
	/* The next tick may come behind a commit, and behind a crash. */
	if (world_chance(w, 50)) {
		tick(w);
		check(w);
	}
}

static void check_all(struct world *w)
{
	(void)w;
}

static void found(void *ctx, enum ledger_check check, uint64_t position, const char *text)
{
	WANT(ctx, false, "check %d at %llu: %s", check, (unsigned long long)position, text);
}

/* What is right may not be told as a fault. */
static void journal(struct world *w, const struct record *r)
{
	struct ledger *l = &((struct recounted *)w->desk)->ledger;
	if (!r) {
		ledger_end(l);
		ledger_fini(l);
		return;
	}
	if (r->position == 1)
		ledger_init(l, found, w);
	WANT(w, ledger_take(l, r), "record %llu cannot be read", (unsigned long long)r->position);
}

const struct world_kind world_of_desks = {
	.option = " --desk",
	.begin = begin,
	.end = end,
	.step = step,
	.check_all = check_all,
	.check_rows = check_all,
	.boot = boot,
	.heard = heard,
	.launched = launched,
	.landed = landed,
	.restored = restored,
	.journal = journal,
};
