#include "town.h"
#include "want.h"

#include "turn/commit.h"

#include <string.h>

#define SETTLE_STEPS 6000

const char *const town_tenants[TENANTS] = {"t0", "t1"};
static const char *const names[TOWN_WORKERS] = {"w0", "w1", "w2"};

static uint64_t one_of(struct chance *c, const uint64_t *choices, size_t n)
{
	return choices[chance_below(c, n)];
}
#define ONE_OF(c, ...)                               \
	one_of((c), (const uint64_t[]){__VA_ARGS__}, \
	       sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* ---- what is heard of a commit ------------------------------------------------------------- */

static void stored(void *ctx, const struct sync_answer *a)
{
	struct town *t = ctx;
	if (a->to->kind == PENDING_RELEASE)
		say(&t->chance, "broker: a release ends: %s %.*s", parlor_err_name(a->code),
		    (int)a->text.len, (const char *)a->text.data);
	struct client *c = a->to->asker.session;
	if (a->to->kind != PENDING_STORED || a->to->asker.request_id != c->no)
		return;
	/* What it waited for is asked again, and answered from the journal. */
	c->stored = false;
	say(&t->chance, "broker: %s is stored: %s", c->body, parlor_err_name(a->code));
	if (!a->code && !t->database.counts.restores)
		WANT(&t->chance, check_stored(t, c->position), "it is not there");
}

static void give(void *ctx, const struct effect *e)
{
	struct town *t = ctx;
	bool done = true;
	if (e->client == DESK) {
		if (t->assigned_len < ASSIGNED)
			t->assigned[t->assigned_len++] = e->posted;
		return;
	}
	struct client *c = &t->clients[e->client];
	struct pending_asker asker = {
		.list = &t->pending, .share = &t->share, .session = c, .request_id = e->no};
	if (e->no == c->no)
		c->position = e->posted.position;
	if (!e->err && c->stored && e->no == c->no &&
	    sync_wait_topic(t->keep.commit.sync, topic_room(e->posted.room), e->posted.position,
			    &asker, &done))
		done = true; /* in quarantine, or too many wait: it is told so */
	if (done)
		town_answer(t, e);
}

void town_broker_dies(struct town *t, const char *when)
{
	say(&t->chance, "-- broker killed, %s%s", when,
	    t->keep.commit.flying ? ", a commit in flight" : "");
	t->kills++;
	keep_kill(&t->keep);
	if (t->desk)
		desk_side_killed(t->desk);
	keep_start(&t->keep);
	say(&t->chance, "broker: start %d, journal up to %d", (int)t->keep.starts,
	    (int)store_last(t->keep.store));
	ledger_read(&t->ledger, t->keep.store);
	check_keep(t);
	check_acknowledged(t);
	if (t->desk)
		desk_side_started(t->desk);
}

static bool dies(struct town *t)
{
	return !t->calm && chance_of(&t->chance, t->kill);
}

static void fate(struct town *t, bool may_fail)
{
	enum store_fate fate = STORE_FINE;
	if (t->chance.now_us < t->full_until_us && !t->calm)
		fate = STORE_FULL;
	if (may_fail && !t->calm && chance_of(&t->chance, t->fail))
		fate = chance_of(&t->chance, 500) ? STORE_FAILS : STORE_LANDS;
	store_memory_fate(t->keep.store, fate);
}

void town_broker_turn(struct town *t)
{
	struct keep *k = &t->keep;
	fate(t, false);
	keep_begin(k);
	if (t->desk)
		desk_side_tick(t->desk);
	while (t->desk && !t->calm && chance_of(&t->chance, 700))
		desk_side_ask(t->desk);
	town_take_requests(t);
	if (dies(t)) {
		town_broker_dies(t, "when it had decided");
		return;
	}
	fate(t, true);
	if (!keep_commit(k)) {
		town_broker_dies(t, "its commit failed");
		return;
	}
	if (t->desk)
		desk_side_committed(t->desk);
	fate(t, false);
	if (t->ledger.len < store_last(k->store)) {
		ledger_read(&t->ledger, k->store);
		if (keep_rests(k))
			check_keep(t);
	}
	if (dies(t)) {
		town_broker_dies(t, "behind its commit");
		return;
	}
	keep_sync(k);
	keep_answer(k);
	if (dies(t))
		town_broker_dies(t, "when it had answered");
}

/* ---- workers and the database ---------------------------------------------------------------- */

void town_worker_dies(struct town *t, int i)
{
	say(&t->chance, "-- worker %d killed", i);
	t->town_worker_kills++;
	town_worker_kill(t->town_workers[i]);
	t->town_workers[i] = town_worker_new(names[i], &t->database);
}

static void town_workers_turn(struct town *t)
{
	for (int i = 0; i < t->town_workers_len; i++) {
		if (t->chance.now_us < t->town_worker_stands_us[i] && !t->calm)
			continue;
		for (uint64_t n = 1 + chance_below(&t->chance, 3); n > 0; n--) {
			town_worker_turn(t->town_workers[i]);
			check_marks(t, i);
		}
		if (t->calm)
			continue;
		if (chance_of(&t->chance, t->town_worker_kill))
			town_worker_dies(t, i);
		if (chance_of(&t->chance, t->town_worker_stand)) {
			t->town_worker_stands_us[i] =
				t->chance.now_us + 500000 + chance_below(&t->chance, 9000000);
			say(&t->chance, "-- worker %d stands still", i);
		}
	}
	if (!t->calm && chance_of(&t->chance, t->cut))
		road_cut(&t->road, t->road.ids - (uint32_t)chance_below(&t->chance, 3));
}

/* A flush that leaves the mark where it is cannot be told from none: a dump of
 * just before, put back under a running worker, is not noticed. */
static bool told_apart(const struct town *t)
{
	for (int partition = 0; partition < PARTITIONS; partition++)
		if (!memcmp(&t->marks[partition], &t->dumped[partition],
			    sizeof t->marks[partition]))
			return false;
	return true;
}

static void database_turn(struct town *t)
{
	struct database *d = &t->database;
	if (t->calm)
		return;
	if (chance_of(&t->chance, t->dump)) {
		database_dump(d);
		memcpy(t->dumped, t->marks, sizeof t->dumped);
	}
	if (d->dump && told_apart(t) && chance_of(&t->chance, t->restore)) {
		say(&t->chance, "-- database restored from its dump");
		database_restore(d);
		check_marks(t, -1);
	}
	if (chance_of(&t->chance, t->down)) {
		say(&t->chance, "-- database stopped");
		t->down_until_us = t->chance.now_us + chance_below(&t->chance, 6000000);
	}
	d->down = t->chance.now_us < t->down_until_us;
	if (chance_of(&t->chance, t->full)) {
		say(&t->chance, "-- the broker's disk is full");
		t->full_until_us = t->chance.now_us + chance_below(&t->chance, 2000000);
	}
}

/* ---- a life ---------------------------------------------------------------------------------- */

void town_open(struct town *t)
{
	database_init(&t->database, &t->chance);
}

void town_close(struct town *t)
{
	database_fini(&t->database);
}

static void choose(struct town *t)
{
	struct chance *c = &t->chance;
	struct keep *k = &t->keep;
	bool trims = chance_of(c, 250);
	t->town_workers_len = (int)ONE_OF(c, 1, 2, TOWN_WORKERS);
	t->kill = (unsigned)ONE_OF(c, 0, 10, 40);
	t->fail = (unsigned)ONE_OF(c, 0, 10, 40);
	t->town_worker_kill = (unsigned)ONE_OF(c, 0, 10, 40);
	t->town_worker_stand = (unsigned)ONE_OF(c, 0, 10, 30);
	t->cut = (unsigned)ONE_OF(c, 0, 30, 120);
	t->dump = (unsigned)(trims ? 0 : ONE_OF(c, 0, 30));
	t->restore = (unsigned)ONE_OF(c, 20, 60);
	t->full = (unsigned)ONE_OF(c, 0, 20);
	t->down = (unsigned)ONE_OF(c, 0, 20);
	t->burst = (unsigned)ONE_OF(c, 0, 0, 70);
	t->lost = (unsigned)ONE_OF(c, 0, 100, 300);
	t->twice = (unsigned)ONE_OF(c, 0, 200);
	t->database.poison = chance_of(c, 350) ? POISON : NULL;
	t->database.trouble = (struct trouble){.retry = (unsigned)ONE_OF(c, 0, 10),
					       .away = (unsigned)ONE_OF(c, 0, 8),
					       .large = (unsigned)ONE_OF(c, 0, 8),
					       .commit = (unsigned)ONE_OF(c, 0, 40),
					       .uncertain = (unsigned)ONE_OF(c, 0, 80, 300)};
	k->commit_limits = (struct commit_limits){.dirty_rows = ONE_OF(c, 10, 60, 1000),
						  .write_back_rows = ONE_OF(c, 3, 20, 200),
						  .turn_deliveries = ONE_OF(c, 3, 20, 1000)};
	k->retention = (struct retention){.dir = "town",
					  .limits = {.records = trims ? 10 : 0},
					  .behind_records_max = ONE_OF(c, 20, 80, 1000)};
	k->limits = core_limits_default;
	k->limits.resident_bytes = ONE_OF(c, 0, 4000, 1 << 20);
	k->sync_settings = sync_settings_default;
	k->sync_settings.lease_ms = 3000;
	k->sync_settings.batch_ms = 8000;
	k->sync_settings.idle_ms = 300;
	k->sync_settings.retry_ms = 700;
	k->sync_settings.batch_records = (uint32_t)ONE_OF(c, 2, 8, 100);
	k->sync_settings.recent = (uint32_t)ONE_OF(c, 2, 16, 1000);
	k->sync_settings.walk = (uint32_t)ONE_OF(c, 3, 20, 1000);
	k->sync_settings.frame_bytes = 1 << 14;
	k->sync_settings.workers_max = 8;
	k->sync_settings.archive = 4;
	k->sync_settings.releases = 4;
}

static void heard(void *ctx, const struct record *r)
{
	struct town *t = ctx;
	desk_side_heard(t->desk, r);
	if (r->kind != RECORD_ASSIGNED)
		return;
	*keep_effect(&t->keep) = (struct effect){.client = DESK,
						 .posted = {.position = r->position,
							    .seq = r->conversation.stint_n,
							    .room = r->room}};
}

static void begin(struct town *t, uint64_t seed, bool desk)
{
	struct database database = t->database;
	bool loud = t->chance.loud;
	*t = (struct town){.chance = {.loud = loud}, .database = database};
	chance_begin(&t->chance, seed);
	database_clear(&t->database);
	choose(t);
	road_init(&t->road, &t->chance, ONE_OF(&t->chance, 1, 50000, 400000));
	ledger_init(&t->ledger, &t->chance);
	t->keep.chance = &t->chance;
	t->keep.road = &t->road;
	t->keep.store = store_memory_new(7, PARTITIONS);
	t->keep.hooks = (struct sync_hooks){.ctx = t, .answer = stored};
	t->keep.ctx = t;
	t->keep.answer = give;
	if (desk) {
		t->desk = desk_side_new(&t->keep);
		t->keep.heard = heard;
	}
	keep_start(&t->keep);
	town_make_rooms(t);
	if (desk)
		desk_side_started(t->desk);
	ledger_read(&t->ledger, t->keep.store);
	for (int i = 0; i < t->town_workers_len; i++)
		t->town_workers[i] = town_worker_new(names[i], &t->database);
}

/* Every so many. */
#define WITH_DESK 9

void town_begin(struct town *t, uint64_t seed)
{
	begin(t, seed, seed % WITH_DESK == 0);
}

void town_begin_quiet(struct town *t, uint64_t seed)
{
	begin(t, seed, false);
	t->calm = t->database.calm = true;
	t->database.poison = NULL;
	t->road.delay_us = 1;
	while (t->town_workers_len < TOWN_WORKERS) {
		int i = t->town_workers_len++;
		t->town_workers[i] = town_worker_new(names[i], &t->database);
	}
}

#define CHECK_PER_MILLE 60
#define STEP_US 150000
/* So that offers run out, and who is gone has been for long. */
#define DESK_STEP_US 450000

void town_step(struct town *t)
{
	t->chance.step++;
	t->chance.now_us += chance_of(&t->chance, 20)
				    ? chance_below(&t->chance, 4000000)
				    : chance_below(&t->chance, t->desk ? DESK_STEP_US : STEP_US);
	town_clients_turn(t);
	town_broker_turn(t);
	database_turn(t);
	town_workers_turn(t);
	if (chance_of(&t->chance, CHECK_PER_MILLE))
		check_database(t);
}

static void release_one(void *ctx, const struct topic_name *name)
{
	*(struct topic_name *)ctx = *name;
}

bool town_release(struct town *t)
{
	struct topic_name name = {.kind = TOPIC_NONE};
	sync_quarantined(t->keep.commit.sync, (struct span){NULL, 0}, release_one, &name);
	if (name.kind == TOPIC_NONE)
		return false;
	struct pending_asker asker = {.list = &t->pending, .share = &t->share};
	enum parlor_err err = sync_release(t->keep.commit.sync, &name, &asker, t->chance.now_us);
	if (!err)
		say(&t->chance, "broker: release %.*s", (int)name.id.len,
		    (const char *)name.id.data);
	WANT(&t->chance, !err || err == PARLOR_E_BUSY || err == PARLOR_E_NO_WORKER, "%s",
	     parlor_err_name((int)err));
	return true;
}

static bool settled(struct town *t)
{
	/* The database has it, whatever the broker believes. */
	for (int partition = 0; partition < PARTITIONS; partition++)
		if (t->marks[partition].position != store_last(t->keep.store))
			return false;
	for (int i = 0; i < CLIENTS; i++)
		if (t->clients[i].no && !t->clients[i].answered)
			return false;
	return keep_rests(&t->keep) && !town_release(t) &&
	       sync_synced(t->keep.commit.sync) == store_last(t->keep.store);
}

void town_settle(struct town *t)
{
	say(&t->chance, "-- all is well from now on");
	t->calm = t->database.calm = true;
	t->database.down = false;
	t->database.poison = NULL;
	/* Where nothing more is written, nobody looks at what was put back: who begins does. */
	for (int i = 0; t->database.counts.restores && i < t->town_workers_len; i++)
		town_worker_dies(t, i);
	for (int i = 0; !settled(t); i++) {
		WANT(&t->chance, i < SETTLE_STEPS, "does not come to rest: synced %d of %d",
		     (int)sync_synced(t->keep.commit.sync), (int)store_last(t->keep.store));
		town_step(t);
	}
	check_keep(t);
	check_acknowledged(t);
	check_projected(t);
	ledger_check_recalled(&t->ledger, t->keep.store);
	keep_write_all(&t->keep);
	keep_execute_again(&t->keep);
}

void town_end(struct town *t)
{
	for (int i = 0; i < t->town_workers_len; i++)
		town_worker_kill(t->town_workers[i]);
	keep_kill(&t->keep);
	desk_side_free(t->desk);
	store_memory_free(t->keep.store);
	road_fini(&t->road);
	ledger_fini(&t->ledger);
}
