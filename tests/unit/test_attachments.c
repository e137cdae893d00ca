/* Members attached and detached by pieces, on a real core, while they join and leave:
 * what the session listens to in the end is where they are, and nobody listens when it
 * was refused. Nothing is sent: there is neither store nor outbox. */
#include "fanout/attachments.h"

#include "../sim/disk.h"
#include "core/room.h"
#include "core/room_members.h"
#include "fanout/live.h"

#include "base/mem.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOMS 60
#define ROUNDS 300
#define MOVED_MAX 4096

/* Two members of one session: of both, what is right for a room is counted. */
enum { ONE, OTHER, MEMBERS };
static const char *const names[MEMBERS] = {"one", "other"};

struct desk {
	struct core_limits limits;
	struct disk disk;
	struct core_rows rows;
	size_t scanned, damaged; /* of the rows of one scan, the one that cannot be read; or 0 */
	core_scan_fn *fn;
	void *arg;
	struct core *core;
	struct core_call call;
	struct meter meter;
	struct fanout fanout;
	struct session *session;
	uint64_t members[MEMBERS];
	bool in[ROOMS][MEMBERS];
	bool gone[ROOMS];
	struct live_record moved[MOVED_MAX]; /* not delivered so far */
	size_t moved_len;
	uint64_t random;
};

/* ---- a disk with a damaged row --------------------------------------------------------- */

static enum parlor_err get(void *ctx, const struct row_key *key, struct span *value)
{
	struct desk *d = ctx;
	return d->rows.get(d->rows.ctx, key, value);
}

static bool tell(void *ctx, const void *key, size_t key_len, struct span value)
{
	struct desk *d = ctx;
	bool damaged = ++d->scanned == d->damaged;
	return d->fn(d->arg, key, key_len, damaged ? (struct span){NULL, 0} : value);
}

static enum parlor_err scan(void *ctx, const struct row_key *from, size_t prefix_len,
			    core_scan_fn *fn, void *arg)
{
	struct desk *d = ctx;
	d->scanned = 0;
	d->fn = fn;
	d->arg = arg;
	return d->rows.scan(d->rows.ctx, from, prefix_len, tell, d);
}

/* ---- a desk ------------------------------------------------------------------------------ */

static void take(void *ctx, const struct record *r)
{
	struct desk *d = ctx;
	struct live_record *live = &d->moved[d->moved_len];
	*live = (struct live_record){.position = r->position,
				     .heard = {.kind = TOPIC_NONE},
				     .topic = record_topic(r),
				     .member = r->member,
				     .moves = record_moves(r)};
	d->moved_len += live->moves != MOVES_NOBODY;
	assert_true(d->moved_len < MOVED_MAX);
}

/* What has been decided has landed. */
static void settle(struct desk *d)
{
	for (size_t i = 0; i < d->moved_len; i++)
		live_deliver(&d->fanout, &d->moved[i], (struct span){NULL, 0});
	d->moved_len = 0;
}

static uint64_t below(struct desk *d, uint64_t n)
{
	d->random = d->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (d->random >> 33) % n;
}

/* Some rows are written, and what is clean may leave memory. */
static void write_some(struct desk *d, size_t rows)
{
	uint64_t covered;
	d->disk.begin(d->disk.ctx);
	(void)core_write_back(d->core, rows, d->disk.put, d->disk.ctx, &covered);
	d->disk.commit(d->disk.ctx);
	core_landed(d->core);
	core_evict(d->core);
}

static void write_all(struct desk *d)
{
	while (core_dirty(d->core))
		write_some(d, 1000);
}

static struct span room_name(size_t room, char name[16])
{
	(void)snprintf(name, 16, "r%zu", room);
	return SPAN_TEXT(name);
}

static void joins(struct desk *d, size_t room, int member)
{
	char name[16];
	struct core_room_view view;
	const struct core_notice none = {{"", 0}, {"", 0}};
	const struct core_member_spec spec = {.id = SPAN_TEXT(names[member]),
					      .type = MEMBER_TYPE_MEMBER};
	assert_int_equal(
		core_members_add(d->core, &d->call, room_name(room, name), &spec, 1, &none, &view),
		PARLOR_E_OK);
	d->in[room][member] = true;
}

static void leaves(struct desk *d, size_t room, int member)
{
	char name[16];
	struct core_room_view view;
	const struct core_notice none = {{"", 0}, {"", 0}};
	struct span id = SPAN_TEXT(names[member]);
	assert_int_equal(
		core_members_remove(d->core, &d->call, room_name(room, name), &id, 1, &none, &view),
		PARLOR_E_OK);
	d->in[room][member] = false;
}

static void dissolves(struct desk *d, size_t room)
{
	char name[16];
	struct core_room_view view;
	const struct core_notice none = {{"", 0}, {"", 0}};
	assert_int_equal(core_room_set_state(d->core, &d->call, room_name(room, name),
					     ROOM_STATE_DISSOLVED, &none, &view),
			 PARLOR_E_OK);
	d->in[room][ONE] = d->in[room][OTHER] = false;
	d->gone[room] = true;
}

static struct session *open_session(struct desk *d, struct session_table *table, uint8_t no)
{
	const uint8_t routing[FRONT_ROUTING_BYTES] = {0, no};
	const struct session_hello hello = {.routing = {routing, sizeof routing},
					    .tenant = d->call.tenant};
	struct session *s = NULL;
	assert_int_equal(session_open(table, &hello, &s), PARLOR_E_OK);
	return s;
}

static int open_desk(void **state)
{
	static const struct session_limits sessions = {
		.sessions = 10, .tenant_sessions = 10, .members = 10};
	struct desk *d = mem_new(sizeof *d);
	struct core_room_view view;
	char name[16];
	d->limits = core_limits_default;
	d->limits.resident_bytes = 64 * 1024;
	d->disk = disk_in_memory();
	d->rows = d->disk.rows(d->disk.ctx);
	d->core = core_new(&d->limits, (struct core_rows){d, get, scan},
			   (struct core_sink){.ctx = d, .record = take});
	d->call = (struct core_call){.tenant = SPAN_TEXT("acme"), .now_us = 1000000};
	d->fanout =
		(struct fanout){.core = d->core,
				.meter = &d->meter,
				.sessions = session_table_new(&sessions),
				.subscribers = subscribers_new(ROOMS + MEMBERS, ROOMS + MEMBERS),
				.intervals = intervals_new(10, 10, 10)};
	core_charge(d->core, &d->meter);
	d->session = open_session(d, d->fanout.sessions, 1);
	for (int m = 0; m < MEMBERS; m++)
		assert_int_equal(
			core_member_intern(d->core, &d->call, SPAN_TEXT(names[m]), &d->members[m]),
			PARLOR_E_OK);
	for (size_t room = 0; room < ROOMS; room++) {
		struct core_room_create q = {.id = room_name(room, name)};
		assert_int_equal(core_room_create(d->core, &d->call, &q, &view), PARLOR_E_OK);
	}
	*state = d;
	return 0;
}

static int close_desk(void **state)
{
	struct desk *d = *state;
	fanout_forget(&d->fanout, d->session);
	while (fanout_forgets(&d->fanout))
		fanout_forget_more(&d->fanout);
	session_table_free(d->fanout.sessions);
	subscribers_free(d->fanout.subscribers);
	intervals_free(d->fanout.intervals);
	core_free(d->core);
	d->disk.close(d->disk.ctx);
	free(d);
	return 0;
}

/* One piece, and what it took. */
static enum parlor_err piece(struct desk *d, int member, bool in, uint64_t steps)
{
	bool did;
	uint64_t before = d->meter.steps;
	settle(d);
	d->meter.steps_end = before + steps;
	enum parlor_err err =
		in ? attachments_add(&d->fanout, d->session, d->members[member],
				     core_position(d->core), &did)
		   : attachments_remove(&d->fanout, d->session, d->members[member], &did);
	d->meter.steps_end = 0;
	return err;
}

static enum parlor_err whole(struct desk *d, int member, bool in)
{
	return piece(d, member, in, UINT32_MAX);
}

/* Refs of the session in a room: each of its members there is a cause. */
static void check(struct desk *d, bool one, bool other)
{
	settle(d);
	for (size_t room = 0; room < ROOMS; room++) {
		size_t n, want = (size_t)(one && d->in[room][ONE]) + (other && d->in[room][OTHER]);
		const struct subscribers_entry *e =
			subscribers_of(d->fanout.subscribers, topic_room(room + 1), &n);
		assert_int_equal(n, want > 0);
		assert_int_equal(n ? e->refs : 0, want);
	}
}

static void move_about(struct desk *d)
{
	size_t room = below(d, ROOMS);
	int member = (int)below(d, MEMBERS);
	if (d->gone[room])
		return;
	if (below(d, 200) == 0)
		dissolves(d, room);
	else if (d->in[room][member])
		leaves(d, room, member);
	else
		joins(d, room, member);
	if (below(d, 3) == 0)
		write_some(d, below(d, 40));
}

/* Until it is done, moving about in between; true when that took more than one piece. */
static bool by_pieces(struct desk *d, int member, bool in)
{
	bool pieces = false;
	while (piece(d, member, in, 2 * METER_ROW_STEPS + 1 + below(d, 20)) == PARLOR_E_BUSY) {
		pieces = true;
		for (uint64_t moves = below(d, 4); moves > 0; moves--)
			move_about(d);
	}
	return pieces;
}

/* ---- stories ------------------------------------------------------------------------- */

static void a_member_comes_and_goes_by_pieces_while_it_joins_and_leaves(void **state)
{
	struct desk *d = *state;
	int pieces = 0;
	assert_int_equal(random_bytes(&d->random, sizeof d->random), PARLOR_E_OK);
	print_message("seed %llu\n", (unsigned long long)d->random);
	assert_int_equal(whole(d, OTHER, true), PARLOR_E_OK);
	for (int round = 0; round < ROUNDS; round++) {
		for (int moves = 0; moves < 10; moves++)
			move_about(d);
		pieces += by_pieces(d, ONE, true);
		check(d, true, true);
		move_about(d);
		check(d, true, true);
		pieces += by_pieces(d, ONE, false);
		check(d, false, true);
	}
	assert_true(pieces > ROUNDS / 4);
}

static void a_piece_costs_the_same_however_many_rooms_there_are(void **state)
{
	enum { STEPS_OF_A_ROOM = 4 };
	struct desk *d = *state;
	for (size_t room = 0; room < ROOMS; room++)
		joins(d, room, ONE);
	write_all(d);
	for (int in = 1; in >= 0; in--) {
		enum parlor_err err = PARLOR_E_BUSY;
		int pieces = 0;
		for (; err == PARLOR_E_BUSY; pieces++) {
			uint64_t before = d->meter.steps;
			uint64_t entries = subscribers_entries(d->fanout.subscribers);
			err = piece(d, ONE, in, 3 * METER_ROW_STEPS);
			assert_true(d->meter.steps - before <= 4 * METER_ROW_STEPS);
			/* It takes longer to listen to a room than to find it. */
			entries = in ? subscribers_entries(d->fanout.subscribers) - entries
				     : entries - subscribers_entries(d->fanout.subscribers);
			assert_in_range(entries, 1, 3 * METER_ROW_STEPS / STEPS_OF_A_ROOM);
		}
		assert_int_equal(err, PARLOR_E_OK);
		assert_true(pieces > 1);
		check(d, in, false);
	}
}

/* Beyond the limit of who listens it is refused in the middle, and undone. */
static void what_is_refused_half_way_leaves_nothing(void **state)
{
	struct desk *d = *state;
	struct session *full = open_session(d, d->fanout.sessions, 2);
	for (uint32_t i = 0; i < ROOMS / 2; i++)
		assert_int_equal(
			subscribers_add(d->fanout.subscribers, topic_tenant(1 + i), full, 0),
			PARLOR_E_OK);
	for (size_t room = 0; room < ROOMS; room++)
		joins(d, room, ONE);
	for (size_t room = 0; room < ROOMS; room += 3)
		joins(d, room, OTHER);
	write_some(d, ROOMS);
	assert_int_equal(whole(d, OTHER, true), PARLOR_E_OK);
	enum parlor_err err;
	do
		err = piece(d, ONE, true, 3 * METER_ROW_STEPS);
	while (err == PARLOR_E_BUSY);
	assert_int_equal(err, PARLOR_E_TOO_MANY);
	do
		err = piece(d, ONE, false, 3 * METER_ROW_STEPS);
	while (err == PARLOR_E_BUSY);
	assert_int_equal(err, PARLOR_E_OK);
	check(d, false, true);
	fanout_forget(&d->fanout, full);
	assert_int_equal(subscribers_entries(d->fanout.subscribers), ROOMS / 3 + 1);
}

/* It is half way in, and whoever asked takes it back. */
static void an_attach_refused_by_a_damaged_row_leaves_nobody_listening(void **state)
{
	enum { ROWS = 3 };
	struct desk *d = *state;
	for (size_t room = 0; room < ROWS; room++)
		joins(d, room, ONE);
	write_all(d);
	settle(d);
	for (d->damaged = 1; d->damaged <= ROWS; d->damaged++) {
		assert_int_equal(whole(d, ONE, true), PARLOR_E_STORE_CORRUPT);
		assert_int_equal(whole(d, ONE, false), PARLOR_E_OK);
		assert_int_equal(subscribers_entries(d->fanout.subscribers), 0);
		assert_int_equal(session_member_count(d->session), 0);
	}
	d->damaged = 0;
	assert_int_equal(whole(d, ONE, true), PARLOR_E_OK);
	assert_int_equal(subscribers_entries(d->fanout.subscribers), ROWS + 1);
}

/* It is gone at once for everybody, and takes its time to be taken out everywhere. */
static void a_session_that_ends_is_forgotten_by_pieces(void **state)
{
	enum { TOPICS = 2 * FANOUT_FORGET + 1 };
	struct desk *d = *state;
	struct fanout f = d->fanout;
	const struct session_limits limits = {.sessions = 1, .tenant_sessions = 1, .members = 1};
	struct live_record said = {.position = 1, .heard = topic_room(1)};
	bool added;
	f.sessions = session_table_new(&limits);
	f.subscribers = subscribers_new(2 * TOPICS, TOPICS);
	struct session *s = open_session(d, f.sessions, 1);
	assert_int_equal(session_attach(f.sessions, s, d->members[ONE], &added), PARLOR_E_OK);
	assert_int_equal(subscribers_add(f.subscribers, topic_member(d->members[ONE]), s, 0),
			 PARLOR_E_OK);
	for (uint64_t room = 1; room < TOPICS; room++)
		assert_int_equal(subscribers_add(f.subscribers, topic_room(room), s, 0),
				 PARLOR_E_OK);
	fanout_forget(&f, s);
	assert_int_equal(fanout_devices(&f, d->members[ONE]), 0);
	assert_true(session_detach(f.sessions, s, d->members[ONE]));
	session_close(f.sessions, s);
	assert_int_equal(subscribers_entries(f.subscribers), TOPICS - 1 - FANOUT_FORGET);
	assert_int_equal(session_count(f.sessions), 0);
	live_deliver(&f, &said, SPAN_TEXT("to nobody"));
	assert_int_equal(f.counts.events_live, 0);

	/* Another one may come on that connection, and listen to the same. */
	s = open_session(d, f.sessions, 1);
	assert_int_equal(subscribers_left(f.subscribers, s), FANOUT_FORGET + 1);
	assert_int_equal(subscribers_add(f.subscribers, topic_room(1), s, 0), PARLOR_E_OK);
	fanout_forget_more(&f);
	assert_false(fanout_forgets(&f));
	assert_int_equal(subscribers_entries(f.subscribers), 1);
	fanout_forget(&f, s);
	session_table_free(f.sessions);
	subscribers_free(f.subscribers);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(a_member_comes_and_goes_by_pieces_while_it_joins_and_leaves),
		STORY(a_piece_costs_the_same_however_many_rooms_there_are),
		STORY(what_is_refused_half_way_leaves_nothing),
		STORY(an_attach_refused_by_a_damaged_row_leaves_nobody_listening),
		STORY(a_session_that_ends_is_forgotten_by_pieces),
	};
	return cmocka_run_group_tests_name("attachments", tests, NULL, NULL);
}
