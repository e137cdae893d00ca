/* Worlds of rooms: whatever is asked is put to the core and to the oracle. */
#include "check.h"
#include "moves.h"

#define CHECK_ALL_EVERY 50

static void begin(struct world *w)
{
	w->limits = (struct core_limits){
		.name_bytes = 8,
		.avatar_bytes = 9,
		.body_bytes = 12,
		.client_id_bytes = 6,
		.room_members = (uint32_t)ONE_OF(w, 3, 5, 8, 20),
		.request_members = O_SPECS,
		.mentions = O_MENTIONS,
		.page = (uint32_t)ONE_OF(w, 1, 3, 50),
		.members = ONE_OF(w, 8, 16, O_MEMBERS),
		.rooms = ONE_OF(w, 6, 12, O_ROOMS),
		.tenants = (uint32_t)ONE_OF(w, 1, 2, O_TENANTS),
		.keys_recent_blocks = (uint32_t)ONE_OF(w, 0, 0, 1, 30),
		.own_row_every = (uint32_t)ONE_OF(w, 1, 2, 5),
		.keys_in_range = (uint32_t)ONE_OF(w, 1, 1, 2, 64),
		.inbox_rooms = (uint32_t)ONE_OF(w, 0, 1, 1, 2),
		.resident_bytes = ONE_OF(w, 0, 4000, 10000, 1 << 20),
	};
	w->limits.tenant_members = w->limits.members - w->limits.members / 4;
	w->limits.tenant_rooms = w->limits.rooms - w->limits.rooms / 4;
	w->commit = (unsigned)ONE_OF(w, 15, 50, 100);
	w->write_back = (unsigned)ONE_OF(w, 0, 10, 40, 90);
	w->evict = (unsigned)ONE_OF(w, 10, 50, 90);
	w->crash = (unsigned)ONE_OF(w, 0, 1, 4);
	oracle_init(&w->now, &w->limits);
	oracle_init(&w->durable, &w->limits);
	oracle_init(&w->flown, &w->limits);
}

static void end(struct world *w)
{
	oracle_fini(&w->now);
	oracle_fini(&w->durable);
	oracle_fini(&w->flown);
}

static void step(struct world *w)
{
	moves_one(w);
	WANT_SAME(w, w->emitted, w->now.position);
	if (w->touched >= 0)
		check_room(w, w->touched);
	check_repeat(w);
	check_tables(w);
	if (w->op % CHECK_ALL_EVERY == 0)
		check_all(w);
}

static void check(struct world *w)
{
	check_tables(w);
	check_all(w);
}

static void boot(struct world *w)
{
	if (world_chance(w, 75))
		moves_boot(w);
}

static void heard(struct world *w, const struct record *r)
{
	w->last_kind = r->kind;
	w->last_unread = r->kind == RECORD_READ ? r->read.unread : 0;
}

static void launched(struct world *w)
{
	oracle_copy(&w->flown, &w->now);
}

static void landed(struct world *w)
{
	oracle_copy(&w->durable, &w->flown);
}

static void restored(struct world *w)
{
	oracle_copy(&w->now, &w->durable);
	oracle_restart(&w->now);
}

const struct world_kind world_of_rooms = {
	.option = "",
	.begin = begin,
	.end = end,
	.step = step,
	.check_all = check,
	.check_rows = check_rows,
	.boot = boot,
	.heard = heard,
	.launched = launched,
	.landed = landed,
	.restored = restored,
};
