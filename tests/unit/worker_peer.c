#include "worker_peer.h"

#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zmq.h>

#include <cmocka.h>

void worker_peer_open(struct worker_peer *h, void *context, const char *endpoint,
		      struct database *db, const char *name)
{
	int zero = 0;
	*h = (struct worker_peer){.socket = zmq_socket(context, ZMQ_DEALER), .db = db};
	zmq_setsockopt(h->socket, ZMQ_LINGER, &zero, sizeof zero);
	assert_int_equal(zmq_connect(h->socket, endpoint), 0);
	Parlor__WorkerHello hello = PARLOR__WORKER_HELLO__INIT;
	hello.version = 1;
	hello.name = (char *)name;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_HELLO;
	from.hello = &hello;
	worker_peer_say(h, &from);
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

void worker_peer_apply_held(struct worker_peer *h)
{
	h->hold = false;
	for (uint32_t i = 0; i < WORLD_PARTITIONS; i++)
		if (h->batch[i])
			worker_peer_apply(h, i);
}

void worker_peer_goodbye(struct worker_peer *h)
{
	Parlor__WorkerGoodbye goodbye = PARLOR__WORKER_GOODBYE__INIT;
	Parlor__FromWorker from = PARLOR__FROM_WORKER__INIT;
	from.op_case = PARLOR__FROM_WORKER__OP_GOODBYE;
	from.goodbye = &goodbye;
	worker_peer_say(h, &from);
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

void worker_peer_listen(struct worker_peer *h)
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
