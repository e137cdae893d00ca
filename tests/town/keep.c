#include "keep.h"

#include "fanout/live.h"
#include "turn/commit.h"
#include "turn/recover.h"
#include "turn/tick.h"

#include "base/mem.h"
#include "want.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- what stands for delivery and outbox -------------------------------------------- */

/* Only what is in the journal is delivered, each once, in order. */
uint64_t live_deliver(struct fanout *f, const struct live_record *r, struct span event)
{
	struct keep *k = (struct keep *)((char *)f - offsetof(struct keep, fanout));
	(void)event;
	WANT_SAME(k->chance, r->position, k->delivered + 1);
	WANT(k->chance, r->position <= store_last(k->store),
	     "record %d is delivered before it is committed", (int)r->position);
	k->delivered++;
	return 1;
}

void live_prefetch(const struct fanout *f, const struct live_record *r, unsigned step)
{
	(void)f;
	(void)r;
	(void)step;
}

size_t live_listeners(const struct fanout *f, const struct live_record *r)
{
	(void)f;
	(void)r;
	return 0;
}

/* All replies are for one peer, of which nothing is known. */
void outbox_hold(struct outbox_peer *peer, size_t bytes)
{
	(void)peer;
	(void)bytes;
}

void outbox_let_go(struct outbox_peer *peer, size_t bytes)
{
	(void)peer;
	(void)bytes;
}

struct outbox_part outbox_refer(struct outbox *o, struct span bytes)
{
	struct outbox_part part;
	(void)o;
	assert(bytes.len == sizeof part.no);
	memcpy(&part.no, bytes.data, sizeof part.no);
	return part;
}

void outbox_add(struct outbox *o, struct outbox_peer *peer, struct outbox_part part)
{
	(void)peer;
	o->down[o->down_len++] = part.no;
}

void outbox_flush(struct outbox *o)
{
	struct keep *k = (struct keep *)((char *)o - offsetof(struct keep, outbox));
	for (size_t i = 0; i < o->down_len; i++) {
		const struct effect *e = &o->effects[o->down[i] % EFFECTS];
		WANT_SAME(k->chance, o->down[i], o->answered++);
		WANT(k->chance, e->err || e->posted.position <= store_last(k->store),
		     "record %d is acknowledged before it is committed", (int)e->posted.position);
		k->answer(k->ctx, e);
	}
	o->down_len = 0;
}

struct effect *keep_effect(struct keep *k)
{
	struct outbox *o = &k->outbox;
	struct replies *replies = &k->commit.turn.replies;
	WANT(k->chance, o->made - o->answered < EFFECTS, "too many answers");
	uint32_t no = o->made++;
	buf_put(replies_begin(replies), &no, sizeof no);
	replies_end(replies, NULL);
	return &o->effects[no % EFFECTS];
}

/* ---- a process ------------------------------------------------------------------------ */

struct core_call keep_call(struct keep *k, const char *tenant)
{
	return (struct core_call){.tenant = SPAN_TEXT(tenant),
				  .now_us = k->chance->now_us,
				  .served_us = k->commit.served_us,
				  .random = {chance_random(k->chance), chance_random(k->chance)}};
}

static void decided(void *ctx, const struct record *r)
{
	struct keep *k = ctx;
	if (k->heard)
		k->heard(k->ctx, r);
	turn_record(&k->commit.turn, r);
}

void keep_start(struct keep *k)
{
	struct commit *c = &k->commit;
	char why[256] = "";
	*c = (struct commit){.store = k->store,
			     .outbox = &k->outbox,
			     .fanout = &k->fanout,
			     .limits = k->commit_limits,
			     .retention = k->retention};
	k->outbox = (struct outbox){0};
	k->fanout.meter = &k->meter;
	c->retention.store = k->store;
	c->turn.partitions = c->flight.partitions = store_partitions(k->store);
	c->core = core_new(&k->limits, store_rows(k->store),
			   (struct core_sink){.ctx = k, .record = decided});
	enum parlor_err err = recover(c, "town", why, sizeof why);
	WANT(k->chance, !err, "%s", why);
	k->delivered = store_last(k->store);
	k->router = road_router(k->road);
	c->sync = sync_new(&k->sync_settings, k->store, c->core, k->router, k->hooks);
	c->retention.sync = c->sync;
	k->starts++;
}

void keep_kill(struct keep *k)
{
	struct commit *c = &k->commit;
	road_cut_all(k->road);
	sync_free(c->sync);
	road_router_close(k->router);
	core_free(c->core);
	commit_fini(c);
	store_memory_restart(k->store, chance_of(k->chance, 500));
}

/* ---- a turn: as loop.c has it ----------------------------------------------------------- */

/* The most that a turn may count as time passed: beyond it the loop was held up. */
#define STEP_US 500000

void keep_begin(struct keep *k)
{
	uint64_t passed_us = k->chance->now_us - k->moved_us;
	k->moved_us = k->chance->now_us;
	k->now_us += passed_us < STEP_US ? passed_us : STEP_US;
	k->commit.now_us = k->now_us;
	k->commit.wall_us = k->chance->now_us;
	WANT_SAME(k->chance, store_read_begin(k->store), PARLOR_E_OK);
}

bool keep_tick(struct keep *k)
{
	struct commit *c = &k->commit;
	bool due = core_due(c->core) <= c->wall_us;
	(void)tick_run(c);
	WANT(k->chance, !c->failed, "what was due has failed");
	return due && !c->due_waits;
}

bool keep_commit(struct keep *k)
{
	struct commit *c = &k->commit;
	enum parlor_err err = PARLOR_E_OK;
	/* It lands some time. */
	if (chance_of(k->chance, 600))
		err = commit_collect(c);
	if (!err && !c->flying)
		err = commit_start(c, chance_of(k->chance, 500));
	k->flights += c->flying;
	return !err;
}

void keep_sync(struct keep *k)
{
	sync_on_readable(k->commit.sync, k->chance->now_us);
	sync_tick(k->commit.sync, k->chance->now_us);
	sync_schedule(k->commit.sync, k->chance->now_us);
}

void keep_answer(struct keep *k)
{
	struct commit *c = &k->commit;
	if (keep_rests(k) && chance_of(k->chance, 50))
		WANT_SAME(k->chance, commit_idle(c), PARLOR_E_OK);
	store_read_end(k->store);
	commit_nothing(c);
	core_evict(c->core);
}

bool keep_rests(const struct keep *k)
{
	return !k->commit.flying && !k->commit.turn.len;
}

/* ---- the end ------------------------------------------------------------------------------ */

static void write_all(struct chance *c, struct store *store, struct core *core)
{
	do {
		uint64_t covered;
		WANT_SAME(c, store_begin(store), PARLOR_E_OK);
		core_write_back(core, 1 + chance_below(c, 60), store_put, store, &covered);
		store_set_covered(store, covered);
		WANT_SAME(c, store_commit(store), PARLOR_E_OK);
		core_landed(core);
	} while (core_dirty(core) || core_writing(core));
}

void keep_write_all(struct keep *k)
{
	write_all(k->chance, k->store, k->commit.core);
}

static void nothing(void *ctx, const struct record *r)
{
	(void)ctx;
	(void)r;
}

void keep_execute_again(struct keep *k)
{
	if (store_first(k->store) > 1)
		return;
	struct store *other = store_memory_new(7, 1);
	struct core *core =
		core_new(&k->limits, store_rows(other), (struct core_sink){.record = nothing});
	WANT_SAME(k->chance, core_load(core), PARLOR_E_OK);
	for (uint64_t at = 1; at <= store_last(k->store); at++) {
		struct entry e;
		struct record r;
		WANT_SAME(k->chance, store_read(k->store, at, &e), PARLOR_E_OK);
		WANT_SAME(k->chance, record_decode(&r, e.head.data, e.head.len), PARLOR_E_OK);
		WANT_SAME(k->chance, store_begin(other), PARLOR_E_OK);
		store_append(other, &e);
		WANT_SAME(k->chance, core_apply(core, &r), PARLOR_E_OK);
		WANT_SAME(k->chance, store_commit(other), PARLOR_E_OK);
	}
	write_all(k->chance, other, core);
	struct hash128 is = store_memory_hash(k->store), again = store_memory_hash(other);
	WANT(k->chance, is.low == again.low && is.high == again.high,
	     "the journal executed again gives another state");
	core_free(core);
	store_memory_free(other);
}
