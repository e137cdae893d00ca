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
	*to = (struct answer){.kind = a->kind, .cookie = a->cookie, .code = a->code};
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
	assert_int_equal(store_turn_begin(w->store), PARLOR_E_OK);
	core_boot(w->core, 1);
	store_turn_end(w->store);
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
	for (size_t i = 0; i < WORLD_HANDS; i++)
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
	assert_int_equal(store_turn_begin(w->store), PARLOR_E_OK);
	assert_int_equal(core_room_create(w->core, &call, &create, &view), PARLOR_E_OK);
	store_turn_end(w->store);
	commit(w);
	return world_head(w);
}

uint64_t world_post(struct world *w, const char *room, size_t n)
{
	static unsigned serial;
	assert_int_equal(store_turn_begin(w->store), PARLOR_E_OK);
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
	store_turn_end(w->store);
	commit(w);
	return world_head(w);
}

void world_trim(struct world *w, uint64_t first)
{
	uint64_t covered = 0;
	assert_int_equal(store_turn_begin(w->store), PARLOR_E_OK);
	assert_int_equal(store_begin(w->store), PARLOR_E_OK);
	while (core_dirty(w->core))
		core_write_back(w->core, SIZE_MAX, store_put, w->store, &covered);
	store_set_covered(w->store, covered);
	store_trim(w->store, first, (size_t)first);
	assert_int_equal(store_commit(w->store), PARLOR_E_OK);
	store_turn_end(w->store);
	core_landed(w->core);
	assert_int_equal(store_first(w->store), first);
}

uint64_t world_no(struct world *w, const char *room)
{
	struct core_call call = call_at(w);
	struct core_room_view view;
	assert_int_equal(store_turn_begin(w->store), PARLOR_E_OK);
	assert_int_equal(core_room_show(w->core, &call, SPAN_TEXT(room), &view), PARLOR_E_OK);
	store_turn_end(w->store);
	return view.no;
}

uint64_t world_head(const struct world *w)
{
	return store_last(w->store);
}

uint64_t world_digest(struct world *w, uint64_t position)
{
	struct entry e;
	assert_int_equal(store_turn_begin(w->store), PARLOR_E_OK);
	assert_int_equal(store_read(w->store, position, &e), PARLOR_E_OK);
	uint64_t digest = hash64(e.head.data, e.head.len);
	store_turn_end(w->store);
	return digest;
}

/* ---- a worker ------------------------------------------------------------------- */

struct worker_peer *world_hire(struct world *w, const char *name)
{
	struct worker_peer *h = w->worker_peers;
	while (h->socket)
		h++;
	assert_true(h < w->worker_peers + WORLD_HANDS);
	int zero = 0;
	*h = (struct worker_peer){.socket = zmq_socket(w->context, ZMQ_DEALER), .db = &w->db};
	zmq_setsockopt(h->socket, ZMQ_LINGER, &zero, sizeof zero);
	assert_int_equal(zmq_connect(h->socket, w->endpoint), 0);
	Parlor__WorkerHello hello = PARLOR__WORKER_HELLO__INIT;
	hello.version = 1;
	hello.name = (char *)name;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_HELLO;
	from.hello = &hello;
	worker_peer_say(h, &from);
	return h;
}

static void drop(Parlor__ToWorker **frame)
{
	if (*frame)
		parlor__to_worker__free_unpacked(*frame, NULL);
	*frame = NULL;
}

void worker_peer_close(struct worker_peer *h)
{
	if (!h->socket)
		return;
	for (size_t i = 0; i < WORLD_PARTITIONS; i++)
		drop(&h->batch[i]);
	drop(&h->query);
	zmq_close(h->socket);
	h->socket = NULL;
}

void worker_peer_say_bytes(struct worker_peer *h, const void *bytes, size_t len)
{
	assert_int_equal(zmq_send(h->socket, bytes, len, 0), (int)len);
}

void worker_peer_say(struct worker_peer *h, const Parlor__FromWorker *from)
{
	struct buf frame = {0};
	wire_put(&frame, &from->base);
	worker_peer_say_bytes(h, frame.data, frame.len);
	buf_fini(&frame);
}

void worker_peer_ping(struct worker_peer *h)
{
	Parlor__WorkerPing ping = PARLOR__WORKER_PING__INIT;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_PING;
	from.ping = &ping;
	worker_peer_say(h, &from);
}

static uint64_t unread_of(struct worker_peer *h, uint32_t partition)
{
	if (!h->lag)
		h->unread[partition] = h->db->position[partition];
	return h->unread[partition];
}

void worker_peer_state(struct worker_peer *h, uint32_t partition)
{
	Parlor__PartitionState state = PARLOR__PARTITION_STATE__INIT;
	Parlor__QuarantinedTopic room = PARLOR__QUARANTINED_TOPIC__INIT, *rooms[] = {&room};
	state.partition = partition;
	state.epoch = h->epoch[partition];
	state.db_epoch = h->db->epoch[partition];
	state.position = h->db->position[partition];
	state.digest = h->db->digest[partition];
	state.unread_position = unread_of(h, partition);
	if (h->room && h->room_partition == partition) {
		room.tenant = (char *)h->tenant;
		room.topic_kind = PARLOR__TOPIC_KIND__TOPIC_ROOM;
		room.topic = (char *)h->room;
		room.position = h->room_position;
		room.error = (char *)"1406 too long";
		state.n_quarantined = 1;
		state.quarantined = rooms;
	}
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_PARTITION_STATE;
	from.partition_state = &state;
	worker_peer_say(h, &from);
}

void worker_peer_fail(struct worker_peer *h, uint32_t partition, Parlor__FailClass class,
		      const char *error)
{
	Parlor__BatchFailed failed = PARLOR__BATCH_FAILED__INIT;
	failed.partition = partition;
	failed.epoch = h->epoch[partition];
	failed.fail = class;
	failed.error = (char *)error;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_BATCH_FAILED;
	from.batch_failed = &failed;
	worker_peer_say(h, &from);
}

static void on_assign(struct worker_peer *h, const Parlor__Assign *assign)
{
	assert_true(assign->partition < WORLD_PARTITIONS);
	assert_true(assign->epoch > h->epoch[assign->partition]);
	h->assigns++;
	h->owns[assign->partition] = true;
	h->epoch[assign->partition] = assign->epoch;
	if (h->db->epoch[assign->partition] < assign->epoch)
		h->db->epoch[assign->partition] = assign->epoch;
	worker_peer_state(h, assign->partition);
}

static void apply(struct worker_peer *h, const Parlor__Batch *batch)
{
	struct database *db = h->db;
	uint64_t last = batch->after;
	for (size_t i = 0; i < batch->n_records; i++) {
		uint64_t at = batch->records[i]->event->position;
		db->disorder += at <= last || at > batch->upto;
		last = at;
		db->applied[at]++;
	}
	db->position[batch->partition] = batch->upto;
	db->digest[batch->partition] = batch->digest;
}

static void on_batch(struct worker_peer *h, const Parlor__Batch *batch)
{
	struct database *db = h->db;
	h->batches++;
	h->batch_records += batch->n_records;
	h->mores += batch->more != 0;
	h->more[batch->partition] = batch->more;
	if (h->largest && batch->n_records > h->largest) {
		worker_peer_fail(h, batch->partition, PARLOR__FAIL_CLASS__FAIL_TOO_LARGE,
				 "too large");
		return;
	}
	if (h->largest_batch < batch->n_records)
		h->largest_batch = batch->n_records;
	if (batch->epoch != db->epoch[batch->partition] ||
	    batch->after != db->position[batch->partition]) {
		worker_peer_fail(h, batch->partition, PARLOR__FAIL_CLASS__FAIL_FENCED, "fenced");
		worker_peer_state(h, batch->partition);
		return;
	}
	apply(h, batch);
	Parlor__BatchDone done = PARLOR__BATCH_DONE__INIT;
	done.partition = batch->partition;
	done.epoch = batch->epoch;
	done.position = batch->upto;
	done.unread_position = unread_of(h, batch->partition);
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_BATCH_DONE;
	from.batch_done = &done;
	worker_peer_say(h, &from);
}

static void on_release(struct worker_peer *h, const Parlor__Release *release)
{
	if (!h->releases++)
		h->release_after = release->after;
	assert_true(h->releases == 1 || release->after == h->release_upto);
	h->release_upto = release->upto;
	h->release_records += release->n_records;
	h->release_last = release->last;
	for (size_t i = 0; i < release->n_records; i++)
		assert_string_equal(release->records[i]->event->room, h->room);
	Parlor__ReleaseDone done = PARLOR__RELEASE_DONE__INIT;
	done.partition = release->partition;
	done.epoch = release->epoch;
	done.tenant = release->tenant;
	done.topic_kind = release->topic_kind;
	done.topic = release->topic;
	done.upto = release->upto;
	done.error = (char *)(h->release_error ? h->release_error : "");
	if (!h->release_error && release->last)
		h->room = NULL;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_RELEASE_DONE;
	from.release_done = &done;
	worker_peer_say(h, &from);
}

void worker_peer_apply(struct worker_peer *h, uint32_t partition)
{
	assert_non_null(h->batch[partition]);
	on_batch(h, h->batch[partition]->batch);
	drop(&h->batch[partition]);
}

size_t worker_peer_partitions(const struct worker_peer *h)
{
	size_t n = 0;
	for (size_t i = 0; i < WORLD_PARTITIONS; i++)
		n += h->owns[i];
	return n;
}

static void worker_peer_hear(struct worker_peer *h, Parlor__ToWorker *to)
{
	switch (to->op_case) {
	case PARLOR__TO_WORKER__OP_WELCOME:
		h->welcome = true;
		h->told = *to->welcome;
		break;
	case PARLOR__TO_WORKER__OP_REFUSED:
		h->refused = to->refused->code;
		h->refusals++;
		break;
	case PARLOR__TO_WORKER__OP_ASSIGN:
		on_assign(h, to->assign);
		break;
	case PARLOR__TO_WORKER__OP_REVOKE:
		h->revokes++;
		h->owns[to->revoke->partition] = false;
		break;
	case PARLOR__TO_WORKER__OP_BATCH:
		if (h->hold) {
			drop(&h->batch[to->batch->partition]);
			h->batch[to->batch->partition] = to;
			return;
		}
		on_batch(h, to->batch);
		break;
	case PARLOR__TO_WORKER__OP_ARCHIVE_QUERY:
		h->queries++;
		drop(&h->query);
		h->query = to;
		return;
	case PARLOR__TO_WORKER__OP_RELEASE:
		on_release(h, to->release);
		break;
	case PARLOR__TO_WORKER__OP_PONG:
		h->pongs++;
		break;
	default:
		fail_msg("a frame of kind %d", (int)to->op_case);
	}
	parlor__to_worker__free_unpacked(to, NULL);
}

static void worker_peer_listen(struct worker_peer *h)
{
	zmq_msg_t frame;
	zmq_msg_init(&frame);
	while (h->socket && zmq_msg_recv(&frame, h->socket, ZMQ_DONTWAIT) >= 0) {
		if (h->deaf)
			continue;
		Parlor__ToWorker *to =
			parlor__to_worker__unpack(NULL, zmq_msg_size(&frame), zmq_msg_data(&frame));
		assert_non_null(to);
		worker_peer_hear(h, to);
	}
	zmq_msg_close(&frame);
}

/* ---- turns ---------------------------------------------------------------------- */

void world_turn(struct world *w)
{
	assert_int_equal(store_turn_begin(w->store), PARLOR_E_OK);
	sync_on_readable(w->sync, w->now_us);
	sync_tick(w->sync, w->now_us);
	w->wait_us = sync_schedule(w->sync, w->now_us);
	store_turn_end(w->store);
	for (size_t i = 0; i < WORLD_HANDS; i++)
		worker_peer_listen(&w->worker_peers[i]);
}

static void wait_for_frames(struct world *w)
{
	zmq_pollitem_t items[WORLD_HANDS + 1] = {{.socket = w->router, .events = ZMQ_POLLIN}};
	int n = 1;
	for (size_t i = 0; i < WORLD_HANDS; i++)
		if (w->worker_peers[i].socket)
			items[n++] = (zmq_pollitem_t){.socket = w->worker_peers[i].socket,
						      .events = ZMQ_POLLIN};
	zmq_poll(items, n, w->wait_us ? POLL_MS : 0);
}

void world_patience(struct world *w, bool begin)
{
	static uint64_t began_us;
	if (begin)
		began_us = clock_mono_us();
	else
		wait_for_frames(w);
	assert_true(clock_mono_us() - began_us < PATIENCE_US);
	world_turn(w);
}

/* A ping is answered behind all that was said before, in both directions. */
static void round_trip(struct world *w)
{
	size_t heard[WORLD_HANDS];
	for (size_t i = 0; i < WORLD_HANDS; i++) {
		struct worker_peer *h = &w->worker_peers[i];
		heard[i] = h->pongs + h->refusals;
		if (h->socket && !h->deaf)
			worker_peer_ping(h);
	}
	for (size_t i = 0; i < WORLD_HANDS; i++) {
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

void world_assert_applied(struct world *w)
{
	assert_int_equal(w->db.disorder, 0);
	for (uint64_t p = 1; p <= world_head(w); p++)
		if (w->db.applied[p] != (w->partition_of[p] != PARTITION_NONE))
			fail_msg("record %llu of partition %u was applied %u times",
				 (unsigned long long)p, w->partition_of[p], w->db.applied[p]);
}
