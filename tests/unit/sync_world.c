#include "sync_world.h"

#include "core/kinds.h"
#include "core/room.h"
#include "core/run.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

#define PATIENCE_US UINT64_C(30000000)
#define POLL_MS 20

/* ---- the broker ---------------------------------------------------------------- */

static struct span event_of(struct buf *b, const struct record *r)
{
	Parlor__Event event = PARLOR__EVENT__INIT;
	Parlor__Message message = PARLOR__MESSAGE__INIT;
	char body[64], room[64];
	snprintf(room, sizeof room, "%.*s", (int)r->room_id.len, (const char *)r->room_id.data);
	event.room = room;
	event.position = r->position;
	event.time_us = r->time_us;
	if (r->kind == RECORD_POSTED) {
		assert_true(r->posted.body.len < sizeof body);
		memcpy(body, r->posted.body.data, r->posted.body.len);
		body[r->posted.body.len] = '\0';
		message.body = body;
		message.seq = r->posted.seq;
		event.kind_case = PARLOR__EVENT__KIND_POSTED;
		event.posted = &message;
	}
	if (r->kind != RECORD_BOOT)
		wire_put(b, &event.base);
	return (struct span){b->data, b->len};
}

static void on_record(void *ctx, const struct record *r)
{
	struct world *w = ctx;
	struct buf head = {0}, event = {0};
	bool none = record_kind(r->kind)->partition == PARTITION_NO;
	record_encode(&head, r);
	struct span encoded = none ? (struct span){NULL, 0} : event_of(&event, r);
	assert_true(r->position <= WORLD_RECORDS);
	w->partition_of[r->position] = record_partition(r, WORLD_PARTITIONS);
	buf_put_u64(&w->pending, r->position);
	buf_put_span(&w->pending, (struct span){head.data, head.len});
	buf_put_span(&w->pending, encoded);
	buf_fini(&head);
	buf_fini(&event);
}

static void commit(struct world *w)
{
	struct reader in;
	reader_init(&in, w->pending.data, w->pending.len);
	uint64_t first = 0;
	assert_int_equal(store_begin(w->store), PARLOR_E_OK);
	while (reader_left(&in)) {
		struct entry e = {.position = reader_u64(&in)};
		e.head = reader_span(&in);
		e.event = reader_span(&in);
		e.partition = w->partition_of[e.position];
		store_append(w->store, &e);
		first = first ? first : e.position;
	}
	assert_int_equal(store_commit(w->store), PARLOR_E_OK);
	buf_clear(&w->pending);
	for (uint64_t p = first; p && p <= store_last(w->store) && w->sync; p++)
		sync_committed(w->sync, p, w->partition_of[p]);
}

static void on_answer(void *ctx, const struct sync_answer *a)
{
	struct world *w = ctx;
	assert_true(w->answers_len < WORLD_ANSWERS);
	struct answer *to = &w->answers[w->answers_len++];
	*to = (struct answer){.kind = a->to->kind,
			      .session = (size_t)(a->to->asker.list - w->pending_of),
			      .request = a->to->asker.request_id,
			      .code = a->code};
	snprintf(to->text, sizeof to->text, "%.*s", (int)a->text.len, (const char *)a->text.data);
	to->messages = a->page ? a->page->n_messages : 0;
}

static void sync_start(struct world *w)
{
	struct sync_hooks hooks = {.ctx = w, .answer = on_answer};
	w->sync = sync_new(&w->settings, w->store, w->core, w->router, hooks);
}

static void open_router(struct world *w)
{
	int one = 1, zero = 0;
	size_t size = sizeof w->endpoint;
	w->context = zmq_ctx_new();
	w->router = zmq_socket(w->context, ZMQ_ROUTER);
	assert_non_null(w->router);
	zmq_setsockopt(w->router, ZMQ_ROUTER_MANDATORY, &one, sizeof one);
	zmq_setsockopt(w->router, ZMQ_LINGER, &zero, sizeof zero);
	assert_int_equal(zmq_bind(w->router, "tcp://127.0.0.1:*"), 0);
	zmq_getsockopt(w->router, ZMQ_LAST_ENDPOINT, w->endpoint, &size);
}

struct world *world_new(void)
{
	struct world *w = mem_new(sizeof *w);
	char why[256];
	strcpy(w->dir, "/tmp/test_sync_XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	struct store_options options = {.dir = w->dir, .partitions = WORLD_PARTITIONS};
	if (store_open(&w->store, &options, 4711, why, sizeof why))
		fail_msg("%s", why);
	struct core_sink sink = {w, on_record};
	w->core = core_new(&core_limits_default, store_rows(w->store), sink);
	open_router(w);
	w->settings = sync_settings_default;
	w->now_us = 1000000000;
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
	core_boot(w->core, 1);
	store_read_end(w->store);
	commit(w);
	sync_start(w);
	return w;
}

void world_restart(struct world *w)
{
	sync_free(w->sync);
	sync_start(w);
}

void world_free(struct world *w)
{
	for (size_t i = 0; i < WORLD_WORKERS; i++)
		worker_peer_close(&w->worker_peers[i]);
	sync_free(w->sync);
	core_free(w->core);
	store_close(w->store);
	zmq_close(w->router);
	zmq_ctx_term(w->context);
	buf_fini(&w->pending);
	char command[96];
	snprintf(command, sizeof command, "rm -r %s", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
}

static struct core_call call_at(struct world *w)
{
	return (struct core_call){.tenant = SPAN_TEXT("acme"), .now_us = w->now_us};
}

uint64_t world_room(struct world *w, const char *room)
{
	struct core_member_spec members[] = {
		{.id = SPAN_TEXT("visitor"), .type = MEMBER_TYPE_MEMBER, .name = SPAN_TEXT("V")},
		{.id = SPAN_TEXT("ann"), .type = MEMBER_TYPE_MANAGER, .name = SPAN_TEXT("A")},
		{.id = SPAN_TEXT("bob"), .type = MEMBER_TYPE_MEMBER, .name = SPAN_TEXT("B")},
	};
	struct core_room_create create = {.id = SPAN_TEXT(room),
					  .name = SPAN_TEXT("Room"),
					  .members = members,
					  .members_len = 3};
	struct core_call call = call_at(w);
	struct core_room_view view;
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
	assert_int_equal(core_room_create(w->core, &call, &create, &view), PARLOR_E_OK);
	store_read_end(w->store);
	commit(w);
	return world_head(w);
}

void world_rooms(struct world *w, size_t rooms, size_t posts)
{
	char name[32];
	for (size_t i = 0; i < rooms; i++) {
		snprintf(name, sizeof name, "room-%zu", i);
		world_room(w, name);
	}
	for (size_t k = 0; k < posts; k++) {
		snprintf(name, sizeof name, "room-%zu", k % rooms);
		world_post(w, name, 1);
	}
}

static void post(struct world *w, const char *room, size_t n)
{
	static unsigned serial;
	for (size_t i = 0; i < n; i++) {
		char id[32];
		snprintf(id, sizeof id, "m%u", serial++);
		struct core_call call = call_at(w);
		struct core_post post = {.room = SPAN_TEXT(room),
					 .sender = SPAN_TEXT("visitor"),
					 .client_id = SPAN_TEXT(id),
					 .body = SPAN_TEXT("hello"),
					 .type = MESSAGE_TYPE_MESSAGE};
		struct core_posted posted;
		assert_int_equal(core_post(w->core, &call, &post, &posted), PARLOR_E_OK);
	}
}

uint64_t world_post(struct world *w, const char *room, size_t n)
{
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
	post(w, room, n);
	store_read_end(w->store);
	commit(w);
	return world_head(w);
}

void world_trim(struct world *w, uint64_t first)
{
	uint64_t covered = 0;
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
	assert_int_equal(store_begin(w->store), PARLOR_E_OK);
	while (core_dirty(w->core))
		core_write_back(w->core, SIZE_MAX, store_put, w->store, &covered);
	store_set_covered(w->store, covered);
	store_trim(w->store, first, (size_t)first);
	assert_int_equal(store_commit(w->store), PARLOR_E_OK);
	store_read_end(w->store);
	core_landed(w->core);
	assert_int_equal(store_first(w->store), first);
}

uint64_t world_no(struct world *w, const char *room)
{
	struct core_call call = call_at(w);
	struct core_room_view view;
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
	assert_int_equal(core_room_show(w->core, &call, SPAN_TEXT(room), &view), PARLOR_E_OK);
	store_read_end(w->store);
	return view.no;
}

uint64_t world_head(const struct world *w)
{
	return store_last(w->store);
}

uint64_t world_digest(struct world *w, uint64_t position)
{
	struct entry e;
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
	assert_int_equal(store_read(w->store, position, &e), PARLOR_E_OK);
	uint64_t digest = hash64(e.head.data, e.head.len);
	store_read_end(w->store);
	return digest;
}

struct worker_peer *world_hire(struct world *w, const char *name)
{
	struct worker_peer *h = w->worker_peers;
	while (h->socket)
		h++;
	assert_true(h < w->worker_peers + WORLD_WORKERS);
	worker_peer_open(h, w->context, w->endpoint, &w->db, name);
	return h;
}

struct worker_peer *world_hire_for_all(struct world *w)
{
	struct worker_peer *h = world_hire(w, "one");
	world_until(w, worker_peer_partitions(h) == WORLD_PARTITIONS);
	return h;
}

/* ---- turns ---------------------------------------------------------------------- */

static void turn(struct world *w, const char *unseen)
{
	assert_int_equal(store_read_begin(w->store), PARLOR_E_OK);
	if (unseen) {
		post(w, unseen, 1);
		commit(w);
	}
	sync_on_readable(w->sync, w->now_us);
	sync_tick(w->sync, w->now_us);
	w->wait_us = sync_schedule(w->sync, w->now_us);
	store_read_end(w->store);
	for (size_t i = 0; i < WORLD_WORKERS; i++)
		worker_peer_listen(&w->worker_peers[i]);
}

void world_turn(struct world *w)
{
	turn(w, NULL);
}

void world_turn_unseen(struct world *w, const char *room)
{
	turn(w, room);
}

static void wait_for_frames(struct world *w)
{
	zmq_pollitem_t items[WORLD_WORKERS + 1] = {{.socket = w->router, .events = ZMQ_POLLIN}};
	int n = 1;
	for (size_t i = 0; i < WORLD_WORKERS; i++)
		if (w->worker_peers[i].socket)
			items[n++] = (zmq_pollitem_t){.socket = w->worker_peers[i].socket,
						      .events = ZMQ_POLLIN};
	zmq_poll(items, n, w->wait_us ? POLL_MS : 0);
}

void world_patience(struct world *w, const char *condition)
{
	static uint64_t began_us;
	if (!condition) {
		began_us = clock_mono_us();
	} else {
		wait_for_frames(w);
		if (clock_mono_us() - began_us >= PATIENCE_US)
			fail_msg("never came: %s", condition);
	}
	world_turn(w);
}

/* A ping is answered behind all that was said before, in both directions. */
static void round_trip(struct world *w)
{
	size_t heard[WORLD_WORKERS];
	for (size_t i = 0; i < WORLD_WORKERS; i++) {
		struct worker_peer *h = &w->worker_peers[i];
		heard[i] = h->pongs + h->refusals;
		if (h->socket && !h->deaf)
			worker_peer_ping(h);
	}
	for (size_t i = 0; i < WORLD_WORKERS; i++) {
		struct worker_peer *h = &w->worker_peers[i];
		if (h->socket && !h->deaf)
			world_until(w, h->pongs + h->refusals > heard[i]);
	}
}

void world_settle(struct world *w)
{
	for (int i = 0; i < 4; i++)
		round_trip(w);
}

void world_leave(struct world *w, size_t session)
{
	while (w->pending_of[session].first)
		sync_cancel(w->sync, w->pending_of[session].first);
}

bool world_synced(const struct world *w)
{
	return sync_synced(w->sync) == world_head(w);
}

struct sync_counts world_counts(const struct world *w)
{
	struct sync_counts c;
	sync_counts(w->sync, &c);
	return c;
}

const char *world_error_of(const struct world *w, uint32_t partition)
{
	struct sync_partition_view view;
	sync_partition_show(w->sync, partition, &view);
	return view.error;
}

uint64_t world_position_of(const struct world *w, uint32_t partition)
{
	struct sync_partition_view view;
	sync_partition_show(w->sync, partition, &view);
	return view.position;
}

void world_assert_applied(struct world *w)
{
	assert_int_equal(w->db.disorder, 0);
	for (uint64_t p = 1; p <= world_head(w); p++)
		if (w->db.applied[p] != (w->partition_of[p] != PARTITION_NONE))
			fail_msg("record %llu of partition %u was applied %u times",
				 (unsigned long long)p, w->partition_of[p], w->db.applied[p]);
}
