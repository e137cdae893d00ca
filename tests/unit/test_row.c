/* Rows and keys do not change their bytes: one row of each table, a block and one
 * key of each form, as they stand in every data directory. */
#include "core/row.h"

#include "core/block.h"
#include "stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

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
				   .id = SPAN_TEXT("ann")};
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
				 .id = SPAN_TEXT("room-1"),
				 .name = SPAN_TEXT("客服")};
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
				       .name = SPAN_TEXT("Ann"),
				       .avatar = SPAN_TEXT("a.png")};
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
	/* Labels stand behind, and a bit beside history_open says so. */
	room.labels = (struct span){"vip\0wait", 9};
	ROW_IS(room, &room,
	       "ac0205020315810180018080f9c0c1c482038180f9c0c1c48203ab02efcdab8967452301"
	       "06726f6f6d2d3106e5aea2e69c8d097669700077616974"
	       "00");
	ROW_IS(membership, &membership,
	       "ac02017f7e0c7877fa01648080f9c0c1c4820303416e6e05612e706e67");
	ROW_IS(past, (&(struct row_past){1000, 250}), "e807fa01");
}

static void a_block_has_its_recorded_bytes(void **state)
{
	(void)state;
	struct buf b = {0};
	struct row_message notice = {.position = 301, .time_us = TIME_US, .counted = 128}, got;
	unsigned count;
	block_append(&b, &message_row);
	block_append(&b, &notice);
	assert_hex("block", b.data, b.len,
		   "05ac028080f9c0c1c482034d80010c78"
		   "44444444333333332222222211111111efcdab8967452301"
		   "00ad028080f9c0c1c482030080010000");
	struct span bytes = {b.data, b.len};
	assert_true(block_count(bytes, &count));
	assert_int_equal(count, 2);
	assert_int_equal(block_get(bytes, 1, &got), PARLOR_E_OK);
	assert_memory_equal(&got, &notice, sizeof got);
	assert_int_equal(block_get(bytes, 2, &got), PARLOR_E_NOT_FOUND);

	block_set_recalled(&b, 1);
	assert_true(!block_get(bytes, 1, &got) && got.recalled);
	assert_true(!block_get(bytes, 0, &got) && !got.recalled);
	for (size_t len = 0; len < b.len; len++)
		assert_true(len == 40 || !block_count((struct span){b.data, len}, &count));
	assert_int_equal(block_get((struct span){b.data, 30}, 0, &got), PARLOR_E_STORE_CORRUPT);
	b.data[0] |= 0x80;
	assert_false(block_count(bytes, &count));
	assert_int_equal(block_get(bytes, 1, &got), PARLOR_E_STORE_CORRUPT);
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
	buf_put_varint(&b, 300);
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
	row_key_one(&key, ROW_NAMES, 5, ROW_TENANT);
	assert_key(&key, ROW_NAMES, "4300000005");
	row_key_name(&key, 'T', 0, SPAN_TEXT("acme"));
	assert_key(&key, ROW_NAMES, "540000000061636d65");
	row_key_name(&key, 'R', 5, SPAN_TEXT("room-1"));
	assert_key(&key, ROW_NAMES, "5200000005726f6f6d2d31");
	row_key_name(&key, 'M', 5, SPAN_TEXT("ann"));
	assert_key(&key, ROW_NAMES, "4d00000005616e6e");
	row_key_member(&key, 77);
	assert_key(&key, ROW_MEMBERS, "000000000000004d00");
	row_key_in_room(&key, 77, 1000);
	assert_key(&key, ROW_MEMBERS, "000000000000004d0100000000000003e8");
	assert_int_equal(row_key_tail(key.bytes, key.len), 1000);
	row_key_past(&key, 77, 300);
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
		cmocka_unit_test(every_row_has_its_recorded_bytes),
		cmocka_unit_test(a_block_has_its_recorded_bytes),
		cmocka_unit_test(a_block_is_full_after_so_many_messages),
		cmocka_unit_test(a_number_has_its_recorded_bytes),
		cmocka_unit_test(every_key_has_its_recorded_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
