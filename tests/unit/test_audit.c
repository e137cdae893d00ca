/* The parts of the auditor that need no data directory: moments as people write
 * them, and the naive recount. */
#include "audit/journal_point.h"
#include "audit/recount.h"
#include "core/block.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROOM 3
#define ALICE 1
#define BOB 2

/* ---- moments ---------------------------------------------------------------------- */

static void a_number_is_a_position_or_milliseconds(void **state)
{
	struct journal_point m;
	(void)state;
	assert_true(journal_point_parse(&m, "0"));
	assert_false(m.is_time);
	assert_true(journal_point_parse(&m, "99999999999"));
	assert_false(m.is_time);
	assert_int_equal(m.position, 99999999999);
	assert_true(journal_point_parse(&m, "1795286314039"));
	assert_true(m.is_time);
	assert_int_equal(m.time_us, 1795286314039000);
}

static void a_time_is_of_rfc_3339(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
	} times[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-21T18:38:33Z", 1795286313000000},
		{"2026-11-21 18:38:33Z", 1795286313000000},
		{"2026-11-21t18:38:33.5z", 1795286313500000},
		{"2026-11-21T18:38:33.0000019Z", 1795286313000001},
		{"2026-11-21T19:38:33+01:00", 1795286313000000},
		{"2026-11-21T13:08:33-05:30", 1795286313000000},
		{"2024-02-29T00:00:00Z", 1709164800000000},
	};
	struct journal_point m;
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		assert_true(journal_point_parse(&m, times[i].text));
		assert_true(m.is_time);
		assert_int_equal(m.time_us, times[i].us);
	}
}

static void what_is_no_journal_point_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"-1",
		"+1",
		" 1",
		"1x",
		"18446744073709551616",
		"yesterday",
		"2026-11-21",
		"2026-11-21T18:38:33",
		"2026-11-21T18:38:33+1",
		"2026-11-21T18:38:33+01:00x",
		"2026-11-21T18:38:33+24:00",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-11-21T24:00:01Z",
		"2026-11-21T18:61:00Z",
		"1969-12-31T23:59:59Z",
	};
	struct journal_point m;
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (journal_point_parse(&m, texts[i]))
			fail_msg("taken for a point of the journal: %s", texts[i]);
}

/* ---- recount ------------------------------------------------------------------------ */

struct count {
	struct recount *recount;
	struct recount_finding finding;
	uint64_t position;
	uint64_t unread; /* of the member that was asked about */
	uint64_t member;
	bool found;
};

static int set_up(void **state)
{
	static struct count c;
	c = (struct count){.recount = recount_new(1, 0)};
	*state = &c;
	return 0;
}

static int tear_down(void **state)
{
	recount_free(((struct count *)*state)->recount);
	return 0;
}

static bool take(struct count *c, struct record r)
{
	r.position = ++c->position;
	r.room = ROOM;
	return recount_take(c->recount, &r, &c->finding);
}

static void start(struct count *c)
{
	assert_true(take(c, (struct record){.kind = RECORD_ROOM_CREATED}));
	assert_true(take(c, (struct record){.kind = RECORD_JOINED, .member = ALICE}));
	assert_true(take(c, (struct record){.kind = RECORD_JOINED, .member = BOB}));
}

static bool post(struct count *c, uint64_t sender, uint64_t seq, uint8_t type)
{
	return take(c, (struct record){.kind = RECORD_POSTED,
				       .member = sender,
				       .posted = {.seq = seq, .type = type}});
}

/* The record's own counters say an unread of so many. */
static bool has_read(struct count *c, uint64_t member, uint64_t seq, uint64_t unread)
{
	return take(c, (struct record){.kind = RECORD_READ,
				       .member = member,
				       .read = {.counts = {.counted = 100,
							   .seen = 100 - unread,
							   .read_seq = seq}}});
}

static bool look(void *arg, const struct recount_member *m)
{
	struct count *c = arg;
	if (m->member == c->member) {
		c->found = true;
		c->unread = m->unread;
	}
	return true;
}

static uint64_t unread(struct count *c, uint64_t member)
{
	c->member = member;
	c->found = false;
	recount_each(c->recount, look, c);
	assert_true(c->found);
	return c->unread;
}

static void others_messages_count(void **state)
{
	struct count *c = *state;
	start(c);
	assert_true(post(c, ALICE, 1, MESSAGE_TYPE_MESSAGE));
	assert_true(post(c, BOB, 2, MESSAGE_TYPE_MESSAGE));
	assert_true(post(c, ALICE, 3, MESSAGE_TYPE_NOTICE));
	assert_true(post(c, 0, 4, MESSAGE_TYPE_NOTICE));
	assert_true(post(c, ALICE, 5, MESSAGE_TYPE_MESSAGE));
	assert_int_equal(unread(c, ALICE), 1);
	assert_int_equal(unread(c, BOB), 2);
}

static void reading_and_marking_move_both_ways(void **state)
{
	struct count *c = *state;
	start(c);
	for (uint64_t seq = 1; seq <= 6; seq++)
		assert_true(post(c, seq == 4 ? BOB : ALICE, seq, MESSAGE_TYPE_MESSAGE));
	assert_true(has_read(c, BOB, 6, 0));
	assert_true(has_read(c, BOB, 2, 3));
	assert_int_equal(unread(c, BOB), 3);
	assert_true(has_read(c, BOB, 5, 1));
	assert_int_equal(unread(c, BOB), 1);
}

static void who_comes_back_begins_anew(void **state)
{
	struct count *c = *state;
	start(c);
	assert_true(post(c, ALICE, 1, MESSAGE_TYPE_MESSAGE));
	assert_true(take(c, (struct record){.kind = RECORD_LEFT, .member = BOB}));
	assert_int_equal(recount_members(c->recount, ROOM), 1);
	assert_true(post(c, ALICE, 2, MESSAGE_TYPE_MESSAGE));
	assert_true(take(c, (struct record){.kind = RECORD_JOINED, .member = BOB}));
	assert_int_equal(unread(c, BOB), 0);
	assert_true(post(c, ALICE, 3, MESSAGE_TYPE_MESSAGE));
	assert_int_equal(unread(c, BOB), 1);
	assert_true(take(c, (struct record){.kind = RECORD_ROOM_STATE,
					    .room_is = {.state = ROOM_STATE_DISSOLVED}}));
	assert_int_equal(recount_members(c->recount, ROOM), 0);
}

static void a_wrong_unread_is_found(void **state)
{
	struct count *c = *state;
	start(c);
	assert_true(post(c, ALICE, 1, MESSAGE_TYPE_MESSAGE));
	assert_true(post(c, ALICE, 2, MESSAGE_TYPE_MESSAGE));
	assert_false(has_read(c, BOB, 1, 2));
	assert_int_equal(c->finding.fault, RECOUNT_UNREAD);
	assert_int_equal(c->finding.expected, 1);
	assert_int_equal(c->finding.found, 2);
	assert_int_equal(c->finding.position, c->position);
}

static void a_gap_or_a_repeat_is_found(void **state)
{
	struct count *c = *state;
	start(c);
	assert_true(post(c, ALICE, 1, MESSAGE_TYPE_MESSAGE));
	assert_false(post(c, ALICE, 1, MESSAGE_TYPE_MESSAGE));
	assert_int_equal(c->finding.fault, RECOUNT_SEQ);
	assert_false(post(c, ALICE, 3, MESSAGE_TYPE_MESSAGE));
	assert_int_equal(c->finding.expected, 2);
}

static void a_record_about_nobody_is_found(void **state)
{
	struct count *c = *state;
	assert_false(post(c, ALICE, 1, MESSAGE_TYPE_MESSAGE));
	assert_int_equal(c->finding.fault, RECOUNT_ROOM);
	start(c);
	assert_false(take(c, (struct record){.kind = RECORD_LEFT, .member = 9}));
	assert_false(has_read(c, 9, 0, 0));
	assert_false(has_read(c, BOB, 1, 0));
	assert_int_equal(c->finding.fault, RECOUNT_ROOM);
}

static bool begin(struct count *c, const struct row_key *key, const struct buf *value)
{
	return recount_begin(c->recount, key->table, (struct span){key->bytes, key->len},
			     (struct span){value->data, value->len});
}

/* Rows as a snapshot has them: bob said 1 and 3, 2 does not count, alice has read 1. */
static void counting_begins_with_a_snapshot(void **state)
{
	struct count *c = *state;
	struct row_key key;
	struct buf value = {0};
	row_key_room(&key, ROOM);
	assert_true(begin(c, &key, &value)); /* its counters are not looked at */
	for (uint64_t member = ALICE; member <= BOB; member++) {
		row_key_membership(&key, ROOM, member);
		buf_clear(&value);
		row_put_membership(&value, &(struct row_membership){.read_seq = member == ALICE});
		assert_true(begin(c, &key, &value));
	}
	row_key_block(&key, ROOM, 0);
	buf_clear(&value);
	for (unsigned at = 0; at < 3; at++)
		block_append(&value, &(struct row_message){.sender = BOB, .counts = at != 1});
	assert_true(begin(c, &key, &value));
	assert_false(begin(c, &key, &value)); /* messages are there once */

	assert_int_equal(recount_members(c->recount, ROOM), 2);
	assert_int_equal(unread(c, ALICE), 1);
	assert_int_equal(unread(c, BOB), 0);
	assert_false(post(c, ALICE, 5, MESSAGE_TYPE_MESSAGE));
	assert_int_equal(c->finding.expected, 4);
	assert_true(post(c, ALICE, 4, MESSAGE_TYPE_MESSAGE));
	assert_int_equal(unread(c, BOB), 1);
	row_key_membership(&key, ROOM + 1, ALICE);
	assert_false(begin(c, &key, &value)); /* of a room that is not there */
	buf_fini(&value);
}

static void other_groups_are_left_alone(void **state)
{
	struct count *c = *state;
	recount_free(c->recount);
	c->recount = recount_new(2, 0); /* the room's number is odd */
	assert_true(post(c, ALICE, 7, MESSAGE_TYPE_MESSAGE));
	assert_int_equal(recount_members(c->recount, ROOM), 0);
}

int main(void)
{
#define COUNTS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_a_position_or_milliseconds),
		cmocka_unit_test(a_time_is_of_rfc_3339),
		cmocka_unit_test(what_is_no_journal_point_is_refused),
		COUNTS(others_messages_count),
		COUNTS(reading_and_marking_move_both_ways),
		COUNTS(who_comes_back_begins_anew),
		COUNTS(a_wrong_unread_is_found),
		COUNTS(a_gap_or_a_repeat_is_found),
		COUNTS(a_record_about_nobody_is_found),
		COUNTS(counting_begins_with_a_snapshot),
		COUNTS(other_groups_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
