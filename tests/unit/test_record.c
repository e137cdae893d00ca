/* What is stored does not change its bytes: one record of each kind, one row of
 * each table and one key of each form, as they stand in every data directory. */
#include "core/block.h"
#include "core/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TIME_US 1700000000000000
#define CONTENT 0x0123456789abcdef
#define DEDUP                                                         \
	{                                                             \
		.low = 0x1111111122222222, .high = 0x3333333344444444 \
	}

static struct span text(const char *s)
{
	return (struct span){s, strlen(s)};
}

static void assert_hex(const char *what, const void *bytes, size_t len, const char *hex)
{
	char got[512];
	assert_true(2 * len < sizeof got);
	got[0] = '\0';
	for (size_t i = 0; i < len; i++)
		(void)snprintf(got + 2 * i, 3, "%02x", ((const uint8_t *)bytes)[i]);
	if (strcmp(got, hex) != 0)
		fail_msg("%s is %s, stored was %s", what, got, hex);
}

/* ---- records ------------------------------------------------------------------- */

static const struct golden {
	enum record_kind kind;
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
};
#define GOLDEN (sizeof golden / sizeof golden[0])

/* Every field set: a kind stores those that are its own. */
static struct record full(enum record_kind kind)
{
	return (struct record){.position = 300,
			       .time_us = TIME_US,
			       .kind = kind,
			       .tenant = 5,
			       .room = 1000,
			       .member = 77,
			       .seq = 129,
			       .counted = 128,
			       .seen = 127,
			       .read_seq = 126,
			       .own = 12,
			       .own_prev = 120,
			       .run = 3,
			       .content = CONTENT,
			       .dedup = DEDUP,
			       .type = 2,
			       .open = true,
			       .mentions = {78, 200},
			       .mentions_len = 2,
			       .tenant_id = text("acme"),
			       .room_id = text("room-1"),
			       .room_name = text("客服"),
			       .member_id = text("ann"),
			       .name = text("Ann"),
			       .avatar = text("a.png"),
			       .body = text("of the event only"),
			       .client_id = text("of the event only"),
			       .unread = 9,
			       .members = 9};
}

static void every_kind_of_record_has_its_recorded_bytes(void **state)
{
	(void)state;
	assert_int_equal(GOLDEN, RECORD_KIND_MAX);
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
		assert_int_equal(back.body.len, 0);
		assert_int_equal(back.unread, 0);
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
	assert_int_equal(back.seq, 129);
	assert_int_equal(back.counted, 128);
	assert_int_equal(back.seen, 127);
	assert_int_equal(back.own, 12);
	assert_int_equal(back.own_prev, 120);
	assert_true(back.content == CONTENT);
	assert_memory_equal(&back.dedup, &r.dedup, sizeof r.dedup);
	assert_int_equal(back.type, 2);
	assert_int_equal(back.mentions_len, 2);
	assert_int_equal(back.mentions[1], 200);
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
	r.mentions_len = 0;
	record_encode(&b, &r);
	b.len--; /* the number of mentions */
	buf_put_varint(&b, RECORD_MENTIONS_MAX + 1);
	for (int i = 0; i <= RECORD_MENTIONS_MAX; i++)
		buf_put_varint(&b, 1);
	assert_int_equal(record_decode(&back, b.data, b.len), PARLOR_E_STORE_CORRUPT);
	buf_fini(&b);
}

/* ---- rows ------------------------------------------------------------------------ */

static const struct row_state state_row = {.position = 300,
					   .tenants = 5,
					   .members = 77,
					   .rooms = 1000,
					   .run = 3,
					   .covered = 299,
					   .time_us = TIME_US};
static const struct row_message message_row = {.position = 300,
					       .time_us = TIME_US,
					       .sender = 77,
					       .counted = 128,
					       .own = 12,
					       .own_prev = 120,
					       .counts = true,
					       .keyed = true,
					       .key = DEDUP,
					       .content = CONTENT};

static struct row_member member_row(void)
{
	return (struct row_member){.as_of = 300,
				   .tenant = 5,
				   .presence = 2,
				   .presence_run = 3,
				   .last_seen_us = TIME_US,
				   .id = text("ann")};
}

static struct row_room room_row(void)
{
	return (struct row_room){.as_of = 300,
				 .tenant = 5,
				 .state = 2,
				 .open = true,
				 .members = 21,
				 .last_seq = 129,
				 .counted = 128,
				 .created_us = TIME_US,
				 .active_us = TIME_US + 1,
				 .active_pos = 299,
				 .content = CONTENT,
				 .id = text("room-1"),
				 .name = text("客服")};
}

static struct row_membership membership_row(void)
{
	return (struct row_membership){.as_of = 300,
				       .type = 1,
				       .seen = 127,
				       .read_seq = 126,
				       .own = 12,
				       .own_last = 120,
				       .mention_seq = 119,
				       .joined_pos = 250,
				       .joined_seq = 100,
				       .joined_us = TIME_US,
				       .name = text("Ann"),
				       .avatar = text("a.png")};
}

/* Puts the row, compares, and checks that it is read back from all of its bytes
 * and from nothing less. */
#define ROW_IS(kind, row, hex)                                                              \
	do {                                                                                \
		struct buf b_ = {0}, again_ = {0};                                          \
		struct row_##kind back_;                                                    \
		row_put_##kind(&b_, (row));                                                 \
		assert_hex(#kind, b_.data, b_.len, hex);                                    \
		for (size_t len_ = 0; len_ < b_.len; len_++)                                \
			assert_false(row_get_##kind((struct span){b_.data, len_}, &back_)); \
		assert_true(row_get_##kind((struct span){b_.data, b_.len}, &back_));        \
		row_put_##kind(&again_, &back_);                                            \
		assert_hex(#kind, again_.data, again_.len, hex);                            \
		buf_put_u8(&b_, 0);                                                         \
		assert_false(row_get_##kind((struct span){b_.data, b_.len}, &back_));       \
		buf_fini(&b_);                                                              \
		buf_fini(&again_);                                                          \
	} while (0)

static void every_row_has_its_recorded_bytes(void **state)
{
	(void)state;
	struct row_member member = member_row();
	struct row_room room = room_row();
	struct row_membership membership = membership_row();
	ROW_IS(state, &state_row, "ac02054de80703ab028080f9c0c1c48203");
	ROW_IS(member, &member, "ac020502038080f9c0c1c4820303616e6e");
	ROW_IS(room, &room,
	       "ac0205020115810180018080f9c0c1c482038180f9c0c1c48203ab02efcdab8967452301"
	       "06726f6f6d2d3106e5aea2e69c8d");
	ROW_IS(membership, &membership,
	       "ac02017f7e0c7877fa01648080f9c0c1c4820303416e6e05612e706e67");
	ROW_IS(former, (&(struct row_former){1000, 250}), "e807fa01");
}

static void a_block_has_its_recorded_bytes(void **state)
{
	(void)state;
	struct buf b = {0};
	struct row_message notice = {.position = 301, .time_us = TIME_US, .counted = 128}, got;
	unsigned count, at;
	block_append(&b, &message_row);
	block_append(&b, &notice);
	assert_hex("block", b.data, b.len,
		   "05ac028080f9c0c1c482034d80010c78"
		   "44444444333333332222222211111111efcdab8967452301"
		   "00ad028080f9c0c1c482030080010000");
	struct span bytes = {b.data, b.len};
	assert_true(block_count(bytes, &count));
	assert_int_equal(count, 2);
	assert_true(block_get(bytes, 1, &got));
	assert_memory_equal(&got, &notice, sizeof got);
	assert_false(block_get(bytes, 2, &got));
	assert_true(block_find(bytes, (struct hash128)DEDUP, &at, &got));
	assert_int_equal(at, 0);
	assert_int_equal(got.content, CONTENT);
	assert_false(block_find(bytes, (struct hash128){1, 2}, &at, &got));

	block_set_recalled(&b, 1);
	assert_true(block_get(bytes, 1, &got) && got.recalled);
	assert_true(block_get(bytes, 0, &got) && !got.recalled);
	for (size_t len = 0; len < b.len; len++)
		assert_true(len == 40 || !block_count((struct span){b.data, len}, &count));
	b.data[0] |= 0x80;
	assert_false(block_count(bytes, &count));
	buf_fini(&b);
}

static void a_block_is_full_after_so_many_messages(void **state)
{
	(void)state;
	struct buf b = {0};
	unsigned count;
	assert_int_equal(block_no(BLOCK_MESSAGES), 0);
	assert_int_equal(block_no(BLOCK_MESSAGES + 1), 1);
	assert_int_equal(block_at(BLOCK_MESSAGES + 1), 0);
	for (int i = 0; i < BLOCK_MESSAGES; i++)
		block_append(&b, &message_row);
	assert_true(block_count((struct span){b.data, b.len}, &count));
	block_append(&b, &message_row);
	assert_false(block_count((struct span){b.data, b.len}, &count));
	buf_fini(&b);
}

static void a_number_has_its_recorded_bytes(void **state)
{
	(void)state;
	struct buf b = {0};
	uint64_t number;
	row_put_number(&b, 300);
	assert_hex("number", b.data, b.len, "ac02");
	assert_true(row_get_number((struct span){b.data, b.len}, &number));
	assert_int_equal(number, 300);
	assert_false(row_get_number((struct span){b.data, 1}, &number));
	buf_fini(&b);
}

static void assert_key(const struct row_key *key, enum row_table table, const char *hex)
{
	assert_int_equal(key->table, table);
	assert_true(key->len <= ROW_KEY_MAX);
	assert_hex("key", key->bytes, key->len, hex);
}

static void every_key_has_its_recorded_bytes(void **state)
{
	(void)state;
	struct row_key key;
	row_key_state(&key);
	assert_key(&key, ROW_NAMES, "53");
	row_key_name(&key, 'T', 0, text("acme"));
	assert_key(&key, ROW_NAMES, "540000000061636d65");
	row_key_name(&key, 'R', 5, text("room-1"));
	assert_key(&key, ROW_NAMES, "5200000005726f6f6d2d31");
	row_key_name(&key, 'M', 5, text("ann"));
	assert_key(&key, ROW_NAMES, "4d00000005616e6e");
	row_key_member(&key, 77);
	assert_key(&key, ROW_MEMBERS, "000000000000004d00");
	row_key_in_room(&key, 77, 1000);
	assert_key(&key, ROW_MEMBERS, "000000000000004d0100000000000003e8");
	assert_int_equal(row_key_tail(key.bytes, key.len), 1000);
	row_key_former(&key, 77, 300);
	assert_key(&key, ROW_MEMBERS, "000000000000004d02000000000000012c");
	row_key_room(&key, 1000);
	assert_key(&key, ROW_ROOMS, "00000000000003e800");
	row_key_membership(&key, 1000, 77);
	assert_key(&key, ROW_ROOMS, "00000000000003e801000000000000004d");
	row_key_block(&key, 1000, 8);
	assert_key(&key, ROW_ROOMS, "00000000000003e8020000000000000008");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_record_has_its_recorded_bytes),
		cmocka_unit_test(a_block_has_its_recorded_bytes),
		cmocka_unit_test(a_block_is_full_after_so_many_messages),
		cmocka_unit_test(a_record_read_back_says_what_was_stored),
		cmocka_unit_test(a_posted_record_keeps_every_number),
		cmocka_unit_test(a_damaged_record_is_none),
		cmocka_unit_test(more_mentions_than_fit_are_refused),
		cmocka_unit_test(every_row_has_its_recorded_bytes),
		cmocka_unit_test(a_number_has_its_recorded_bytes),
		cmocka_unit_test(every_key_has_its_recorded_bytes),
	};
	return cmocka_run_group_tests_name("records and rows", tests, NULL, NULL);
}
