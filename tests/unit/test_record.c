/* Records do not change their bytes: one of each kind, as it stands in every
 * journal; and what the registry says of the kinds. */
#include "core/kinds.h"
#include "core/partition.h"
#include "stored.h"

#include <parlor/worker.pb-c.h>

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- records ------------------------------------------------------------------- */

static const struct golden {
	enum record_kind_no kind;
	const char *hex;
} golden[] = {
	{RECORD_BOOT, "01ac028080f9c0c1c482030503"},
	{RECORD_ROOM_CREATED, "02ac028080f9c0c1c4820305e807efcdab89674523010106726f6f6d2d31"
			      "06e5aea2e69c8d"},
	{RECORD_ROOM_RENAMED, "03ac028080f9c0c1c4820305e80706e5aea2e69c8d"},
	{RECORD_ROOM_STATE, "04ac028080f9c0c1c4820305e80702"},
	{RECORD_JOINED, "05ac028080f9c0c1c4820305e8074d810180017f7e0203416e6e05612e706e67"},
	{RECORD_LEFT, "06ac028080f9c0c1c4820305e8074d"},
	{RECORD_MEMBER_CHANGED, "07ac028080f9c0c1c4820305e8074d0203416e6e05612e706e67"},
	{RECORD_POSTED, "08ac028080f9c0c1c4820305e8074d810180017f0c78efcdab8967452301"
			"2222222211111111444444443333333302024ec801"},
	{RECORD_RECALLED, "09ac028080f9c0c1c4820305e8074d8101"},
	{RECORD_READ, "0aac028080f9c0c1c4820305e8074d80017f7e"},
	{RECORD_PRESENCE, "0bac028080f9c0c1c48203054d0302"},
	{RECORD_TENANT, "0cac028080f9c0c1c48203050461636d65"},
	{RECORD_MEMBER, "0dac028080f9c0c1c48203054d03616e6e"},
	{RECORD_ROOM_LABELS, "0eac028080f9c0c1c4820305e807097669700077616974"
			     "00"},
	{RECORD_DESK_CLOCK, "14ac028080f9c0c1c4820305807be1ffffffffff"},
	{RECORD_DESK_SET, "15ac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_TEAM_SET, "16ac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_AGENT_SET, "17ac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_SEAT_SET, "18ac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_TEAM_SEAT_SET, "19ac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_VISITOR_SET, "1aac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_GROUP_SET, "1bac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_TYPE_SET, "1cac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_ROUTE_SET, "1dac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_TEXT_SET, "1eac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_HOURS_SET, "1fac028080f9c0c1c482030590030701066669656c6473"},
	{RECORD_HOURS_TURNED, "20ac028080f9c0c1c48203059103018080f9c0c1c48203"},
	{RECORD_OPENED, "21ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			"1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_QUEUED, "22ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			"1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_RAISED, "23ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			"1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_OFFERED, "24ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			 "1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_OFFER_ENDED, "25ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			     "1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_ASSIGNED, "26ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			  "1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_RELEASED, "27ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			  "1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_HELD, "28ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
		      "1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_TRANSFER, "29ac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			  "1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_MARKED, "2aac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			"1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_REMINDED, "2bac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			  "1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_CLOSED, "2cac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
			"1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_RATED, "2dac028080f9c0c1c4820305e8074d920303726f7702057374696e74f403"
		       "1e930396031e80808080089403e807e7079503010303776879"},
	{RECORD_BUSINESS_SET, "2eac028080f9c0c1c482030590030701066669656c6473"},
};
#define GOLDEN (sizeof golden / sizeof golden[0])

/* Of kinds that there may be: 15 to 19. */
#define NUMBERS_KEPT 5
static bool is_kept(unsigned no)
{
	return no > RECORD_ROOM_LABELS && no < RECORD_DESK_CLOCK;
}

static const struct record_counts counts = {.counted = 128, .seen = 127, .read_seq = 126};

/* Member numbers 78 and 200. */
static const struct number_list mentions = {{"\x4e\xc8\x01", 3}, 2};

static struct record_posted posted(void)
{
	return (struct record_posted){.counts = counts,
				      .seq = 129,
				      .own = 12,
				      .own_prev = 120,
				      .content = CONTENT,
				      .dedup = DEDUP,
				      .mentions = mentions,
				      .type = 2,
				      .body = SPAN_TEXT("of the event only"),
				      .client_id = SPAN_TEXT("of the event only")};
}

static const struct span labels = {"vip\0wait", 9};

/* Every field set: a kind stores those that are its own. */
static struct record full(enum record_kind_no kind)
{
	struct record r = {.position = 300,
			   .time_us = TIME_US,
			   .kind = kind,
			   .tenant = 5,
			   .room = 1000,
			   .member = 77,
			   .run = 3,
			   .tenant_id = SPAN_TEXT("acme"),
			   .room_id = SPAN_TEXT("room-1"),
			   .member_id = SPAN_TEXT("ann")};
	if (kind == RECORD_ROOM_CREATED || kind == RECORD_ROOM_RENAMED || kind == RECORD_ROOM_STATE)
		r.room_is = (struct record_room){
			.name = SPAN_TEXT("客服"), .content = CONTENT, .state = 2, .open = true};
	if (kind == RECORD_JOINED || kind == RECORD_MEMBER_CHANGED)
		r.membership = (struct record_membership){.counts = counts,
							  .last_seq = 129,
							  .name = SPAN_TEXT("Ann"),
							  .avatar = SPAN_TEXT("a.png"),
							  .type = 2};
	if (kind == RECORD_POSTED)
		r.posted = posted();
	if (kind == RECORD_RECALLED)
		r.recalled.seq = 129;
	if (kind == RECORD_READ)
		r.read = (struct record_read){.counts = counts, .unread = 9};
	if (kind == RECORD_PRESENCE)
		r.presence.now = 2;
	if (kind == RECORD_ROOM_LABELS)
		r.labels.all = labels;
	if (kind == RECORD_DESK_CLOCK)
		r.desk_clock.offset_us = (uint64_t)-2000000;
	if ((kind >= RECORD_DESK_SET && kind <= RECORD_HOURS_SET) || kind == RECORD_BUSINESS_SET)
		r.config = (struct record_config){
			.no = 400, .fields = SPAN_TEXT("fields"), .kind = 7, .removed = true};
	if (kind == RECORD_HOURS_TURNED)
		r.duty = (struct record_duty){.hours = 401, .until_us = TIME_US, .open = true};
	if (kind >= RECORD_OPENED && kind <= RECORD_RATED)
		r.conversation = (struct record_conversation){.no = 402,
							      .row = SPAN_TEXT("row"),
							      .stint = SPAN_TEXT("stint"),
							      .stint_n = 2,
							      .given = 500,
							      .offers = 30,
							      .team = 403,
							      .seat = 404,
							      .ready_us = 1000,
							      .idle_us = 999,
							      .agent = 405,
							      .misses = 1,
							      .team_seat = 406,
							      .turn = 30,
							      .pass = 1U << 31,
							      .decision = SPAN_TEXT("why"),
							      .how = 3};
	return r;
}

static void every_kind_of_record_has_its_recorded_bytes(void **state)
{
	(void)state;
	assert_int_equal(GOLDEN, RECORD_KIND_MAX - NUMBERS_KEPT);
	for (size_t i = 0; i < GOLDEN; i++) {
		struct buf b = {0};
		struct record r = full(golden[i].kind);
		record_encode(&b, &r);
		assert_true(b.len <= RECORD_HEAD_MAX);
		assert_hex("record", b.data, b.len, golden[i].hex);
		buf_fini(&b);
	}
}

static void a_record_read_back_says_what_was_stored(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN; i++) {
		struct buf b = {0}, again = {0};
		struct record r = full(golden[i].kind), back;
		memset(&back, 0xee, sizeof back);
		record_encode(&b, &r);
		assert_int_equal(record_decode(&back, b.data, b.len), PARLOR_E_OK);
		assert_int_equal(back.kind, r.kind);
		assert_int_equal(back.position, 300);
		assert_int_equal(back.time_us, TIME_US);
		if (r.kind == RECORD_POSTED)
			assert_int_equal(back.posted.body.len, 0);
		if (r.kind == RECORD_READ)
			assert_int_equal(back.read.unread, 0);
		record_encode(&again, &back);
		assert_int_equal(again.len, b.len);
		assert_memory_equal(again.data, b.data, b.len);
		buf_fini(&b);
		buf_fini(&again);
	}
}

static void a_posted_record_keeps_every_number(void **state)
{
	(void)state;
	struct buf b = {0};
	struct record r = full(RECORD_POSTED), back;
	record_encode(&b, &r);
	assert_int_equal(record_decode(&back, b.data, b.len), PARLOR_E_OK);
	assert_int_equal(back.tenant, 5);
	assert_int_equal(back.room, 1000);
	assert_int_equal(back.member, 77);
	assert_int_equal(back.posted.seq, 129);
	assert_int_equal(back.posted.counts.counted, 128);
	assert_int_equal(back.posted.counts.seen, 127);
	assert_int_equal(back.posted.own, 12);
	assert_int_equal(back.posted.own_prev, 120);
	assert_true(back.posted.content == CONTENT);
	assert_memory_equal(&back.posted.dedup, &r.posted.dedup, sizeof r.posted.dedup);
	assert_int_equal(back.posted.type, 2);
	assert_int_equal(back.posted.mentions.len, 2);
	struct reader in;
	reader_init(&in, back.posted.mentions.bytes.data, back.posted.mentions.bytes.len);
	assert_int_equal(reader_varint(&in), 78);
	assert_int_equal(reader_varint(&in), 200);
	assert_int_equal(reader_left(&in), 0);
	buf_fini(&b);
}

/* Each length shorter than the record's, and one byte more. */
static void a_damaged_record_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN; i++) {
		struct buf b = {0};
		struct record r = full(golden[i].kind), back;
		record_encode(&b, &r);
		for (size_t len = 0; len < b.len; len++) {
			uint8_t *cut = malloc(len ? len : 1);
			assert_non_null(cut);
			memcpy(cut, b.data, len);
			assert_int_equal(record_decode(&back, cut, len), PARLOR_E_STORE_CORRUPT);
			free(cut);
		}
		buf_put_u8(&b, 0);
		assert_int_equal(record_decode(&back, b.data, b.len), PARLOR_E_STORE_CORRUPT);
		b.data[0] = RECORD_KIND_MAX + 1;
		assert_int_equal(record_decode(&back, b.data, b.len), PARLOR_E_STORE_CORRUPT);
		b.data[0] = 0;
		assert_int_equal(record_decode(&back, b.data, b.len), PARLOR_E_STORE_CORRUPT);
		buf_fini(&b);
	}
}

static void more_mentions_than_fit_are_refused(void **state)
{
	(void)state;
	struct buf b = {0};
	struct record r = full(RECORD_POSTED), back;
	r.posted.mentions.len = r.posted.mentions.bytes.len = 0;
	record_encode(&b, &r);
	b.len--; /* the number of mentions */
	buf_put_varint(&b, RECORD_MENTIONS_MAX + 1);
	for (int i = 0; i <= RECORD_MENTIONS_MAX; i++)
		buf_put_varint(&b, 1);
	assert_int_equal(record_decode(&back, b.data, b.len), PARLOR_E_STORE_CORRUPT);
	buf_fini(&b);
}

/* ---- the registry of kinds ------------------------------------------------------- */

static void every_kind_says_all_there_is_to_know_of_it(void **state)
{
	(void)state;
	assert_null(record_kind(0));
	assert_null(record_kind(RECORD_KIND_MAX + 1));
	for (unsigned no = 1; no <= RECORD_KIND_MAX; no++) {
		const struct record_kind *kind = record_kind(no);
		assert_int_equal(kind == NULL, is_kept(no));
		if (!kind)
			continue;
		assert_int_equal(kind->no, no);
		assert_true(kind->name && *kind->name);
		assert_non_null(kind->apply);
		assert_true(kind->about && kind->heard && kind->partition && kind->moves);
		assert_int_not_equal(kind->fields[0].type, FIELD_LAST);
		for (const struct field *f = kind->fields; f->type != FIELD_LAST; f++)
			assert_true(f->at < sizeof(struct record) && f->type <= FIELD_NUMBERS);
		assert_true(kind->counts < sizeof(struct record));
		assert_true(!kind->moves_if || kind->moves != MOVES_NOBODY);
		for (unsigned other = 1; other < no; other++)
			if (!is_kept(other))
				assert_string_not_equal(kind->name, record_kind(other)->name);
	}
}

/* "room created" is RECORD_ROOM_CREATED. */
static const char *protocol_name(const struct record_kind *kind, char *to, size_t size)
{
	(void)snprintf(to, size, "RECORD_%s", kind->name);
	for (char *at = to; *at; at++)
		*at = *at == ' ' ? '_' : (char)toupper((unsigned char)*at);
	return to;
}

static void workers_know_every_kind_that_a_partition_carries(void **state)
{
	(void)state;
	const ProtobufCEnumDescriptor *known = &parlor__record_kind__descriptor;
	unsigned carried = 0;
	char name[64];
	for (unsigned no = 1; no <= RECORD_KIND_MAX; no++) {
		const struct record_kind *kind = record_kind(no);
		const ProtobufCEnumValue *value =
			protobuf_c_enum_descriptor_get_value(known, (int)no);
		if (!kind || kind->partition == PARTITION_NO) {
			assert_null(value);
			continue;
		}
		assert_non_null(value);
		assert_string_equal(value->name, protocol_name(kind, name, sizeof name));
		carried++;
	}
	assert_int_equal(known->n_values, carried + 1); /* and RECORD_NONE */
}

static void only_a_dissolved_room_ends_memberships(void **state)
{
	(void)state;
	struct record r = full(RECORD_ROOM_STATE);
	assert_int_equal(record_moves(&r), MOVES_NOBODY);
	r.room_is.state = ROOM_STATE_DISSOLVED;
	assert_int_equal(record_moves(&r), MOVES_ALL_OUT);
	r = full(RECORD_JOINED);
	assert_int_equal(record_moves(&r), MOVES_IN);
	r = full(RECORD_LEFT);
	assert_int_equal(record_moves(&r), MOVES_OUT);
	r = full(RECORD_POSTED);
	assert_int_equal(record_moves(&r), MOVES_NOBODY);
}

static void counts_are_found_where_the_kind_has_them(void **state)
{
	(void)state;
	for (unsigned no = 1; no <= RECORD_KIND_MAX; no++) {
		if (is_kept(no))
			continue;
		struct record r = full((enum record_kind_no)no);
		const struct record_counts *c = record_counts(&r);
		bool has = no == RECORD_POSTED || no == RECORD_JOINED || no == RECORD_READ;
		assert_int_equal(c != NULL, has);
		if (c)
			assert_memory_equal(c, &counts, sizeof counts);
	}
}

static void a_record_is_in_the_partition_of_its_topic(void **state)
{
	(void)state;
	bool seen[16] = {false};
	struct record r = full(RECORD_POSTED), tenant = full(RECORD_TENANT);
	struct record presence = full(RECORD_PRESENCE);
	for (r.room = 1; r.room < 1000; r.room++) {
		assert_true(record_partition(&r, 16) < 16);
		assert_int_equal(record_partition(&r, 16), partition_of(topic_room(r.room), 16));
		seen[record_partition(&r, 16)] = true;
	}
	for (size_t i = 0; i < 16; i++)
		assert_true(seen[i]);
	assert_int_equal(record_partition(&presence, 16), 0);
	assert_int_equal(record_partition(&tenant, 16), PARTITION_NONE);
}

/* Data directories and databases are split in this way. */
static void the_partition_of_a_room_never_changes(void **state)
{
	static const uint8_t recorded[] = {3,  12, 13, 14, 6,  2,  12, 2, 12, 12, 2,
					   0,  6,  9,  0,  13, 12, 10, 5, 5,  2,  14,
					   12, 11, 10, 2,  2,  15, 3,  0, 15, 10};
	(void)state;
	for (uint64_t room = 1; room <= sizeof recorded; room++)
		assert_int_equal(partition_of(topic_room(room), 16), recorded[room - 1]);
}

static void topics_of_another_kind_are_spread_by_themselves(void **state)
{
	struct topic t = {(enum topic_kind)77, 0};
	bool seen[16] = {false};
	unsigned beside = 0;
	(void)state;
	for (t.number = 1; t.number <= 1000; t.number++) {
		seen[partition_of(t, 16)] = true;
		beside += partition_of(t, 16) != partition_of(topic_room(t.number), 16);
	}
	for (size_t i = 0; i < 16; i++)
		assert_true(seen[i]);
	assert_true(beside > 900);
}

static void a_record_says_whose_it_is_and_who_hears_it(void **state)
{
	(void)state;
	struct record posted = full(RECORD_POSTED), was_read = full(RECORD_READ);
	struct record presence = full(RECORD_PRESENCE), boot = full(RECORD_BOOT);
	assert_true(topic_equal(record_topic(&posted), topic_room(posted.room)));
	assert_true(topic_equal(record_heard(&posted), topic_room(posted.room)));
	assert_true(topic_equal(record_topic(&was_read), topic_room(was_read.room)));
	assert_true(topic_equal(record_heard(&was_read), topic_member(was_read.member)));
	assert_true(topic_equal(record_heard(&presence), topic_tenant(presence.tenant)));
	assert_int_equal(record_topic(&presence).kind, TOPIC_NONE);
	assert_int_equal(record_heard(&boot).kind, TOPIC_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_record_has_its_recorded_bytes),
		cmocka_unit_test(a_record_read_back_says_what_was_stored),
		cmocka_unit_test(a_posted_record_keeps_every_number),
		cmocka_unit_test(a_damaged_record_is_none),
		cmocka_unit_test(more_mentions_than_fit_are_refused),
		cmocka_unit_test(every_kind_says_all_there_is_to_know_of_it),
		cmocka_unit_test(workers_know_every_kind_that_a_partition_carries),
		cmocka_unit_test(only_a_dissolved_room_ends_memberships),
		cmocka_unit_test(counts_are_found_where_the_kind_has_them),
		cmocka_unit_test(a_record_is_in_the_partition_of_its_topic),
		cmocka_unit_test(the_partition_of_a_room_never_changes),
		cmocka_unit_test(topics_of_another_kind_are_spread_by_themselves),
		cmocka_unit_test(a_record_says_whose_it_is_and_who_hears_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
