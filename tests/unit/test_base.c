/* What every process shares, the small modules of proto/base. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"

#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ASan would end the process on a hopeless allocation before mem.c sees it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void buf_gives_back_what_was_put(void **state)
{
	(void)state;
	static const uint64_t numbers[] = {0,     1,          127,        128,       16383,
					   16384, UINT32_MAX, 1ull << 63, UINT64_MAX};
	size_t n = sizeof numbers / sizeof numbers[0];
	struct buf b = {0};
	buf_put_u8(&b, 0xab);
	buf_put_u32(&b, 0x01020304);
	buf_put_u64(&b, 0x0102030405060708);
	for (size_t i = 0; i < n; i++)
		buf_put_varint(&b, numbers[i]);
	buf_put_span(&b, SPAN_TEXT("hello"));
	buf_put_span(&b, (struct span){NULL, 0});
	buf_put(&b, NULL, 0);
	assert_memory_equal(b.data, "\xab\x04\x03\x02\x01\x08\x07", 7);

	struct reader r;
	reader_init(&r, b.data, b.len);
	assert_int_equal(reader_u8(&r), 0xab);
	assert_int_equal(reader_u32(&r), 0x01020304);
	assert_int_equal(reader_u64(&r), 0x0102030405060708);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(reader_varint(&r), numbers[i]);
	assert_true(span_equal(reader_span(&r), SPAN_TEXT("hello")));
	assert_int_equal(reader_span(&r).len, 0);
	assert_int_equal(reader_left(&r), 0);
	assert_false(r.bad);
	buf_fini(&b);
	assert_null(b.data);
}

static void buf_grows_and_keeps_its_content(void **state)
{
	(void)state;
	struct buf b = {0};
	for (uint32_t i = 0; i < 100000; i++)
		buf_put_u32(&b, i);
	assert_int_equal(b.len, 400000);
	struct reader r;
	reader_init(&r, b.data, b.len);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(reader_u32(&r), i);
	size_t cap = b.cap;
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, cap);
	buf_fini(&b);
}

static void buf_reserve_gives_an_address_even_for_nothing(void **state)
{
	(void)state;
	struct buf b = {0};
	assert_non_null(buf_reserve(&b, 0));
	uint8_t *at = buf_reserve(&b, 1000);
	memset(at, 7, 1000);
	b.len += 1000;
	assert_ptr_equal(buf_reserve(&b, 0), b.data + 1000);
	buf_fini(&b);
}

static void a_short_read_is_bad_and_stays_bad(void **state)
{
	(void)state;
	struct reader r;
	reader_init(&r, BYTES("\x01\x02\x03"));
	assert_int_equal(reader_u32(&r), 0);
	assert_true(r.bad);
	assert_int_equal(reader_u8(&r), 0);
	assert_int_equal(reader_varint(&r), 0);
	assert_int_equal(reader_span(&r).len, 0);
	assert_int_equal(reader_left(&r), 0);

	reader_init(&r, NULL, 0);
	assert_int_equal(reader_left(&r), 0);
	assert_false(r.bad);
	assert_int_equal(reader_u64(&r), 0);
	assert_true(r.bad);
}

static void every_cut_of_a_record_reads_as_bad(void **state)
{
	(void)state;
	struct buf b = {0};
	buf_put_varint(&b, 300);
	buf_put_span(&b, SPAN_TEXT("room-7"));
	buf_put_u64(&b, 9);
	for (size_t len = 0; len <= b.len; len++) {
		/* A copy of that size, so that a read past it is seen. */
		char *copy = mem_text(b.data, len);
		struct reader r;
		reader_init(&r, copy, len);
		(void)reader_varint(&r);
		(void)reader_span(&r);
		(void)reader_u64(&r);
		assert_int_equal(r.bad, len < b.len);
		free(copy);
	}
	buf_fini(&b);
}

/* Of every length: alone, so that its end is that of the bytes, before other bytes, and cut. */
static void a_varint_is_read_wherever_it_stands(void **state)
{
	(void)state;
	struct reader r;
	for (unsigned bits = 0; bits < 64; bits++) {
		const uint64_t numbers[] = {UINT64_MAX >> bits, (UINT64_C(1) << 63) >> bits};
		for (size_t i = 0; i < 2; i++) {
			uint8_t bytes[2 * BUF_VARINT_MAX];
			memset(bytes, 0x81, sizeof bytes);
			struct buf b = BUF_ON(bytes);
			buf_put_varint(&b, numbers[i]);
			for (size_t behind = 0; behind <= BUF_VARINT_MAX; behind++) {
				reader_init(&r, bytes, b.len + behind);
				assert_int_equal(reader_varint(&r), numbers[i]);
				assert_int_equal(reader_left(&r), behind);
			}
			reader_init(&r, bytes, b.len - 1);
			assert_int_equal(reader_varint(&r), 0);
			assert_true(r.bad);
		}
	}
	/* It may be longer than it needs to be. */
	reader_init(&r, BYTES("\x85\x80\x80\x80\x80\x80\x00rest"));
	assert_int_equal(reader_varint(&r), 5);
	assert_int_equal(reader_left(&r), 4);
}

static void a_varint_or_length_out_of_range_is_bad(void **state)
{
	(void)state;
	struct reader r;
	reader_init(&r, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	assert_int_equal(reader_varint(&r), 0);
	assert_true(r.bad);
	reader_init(&r, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
	assert_int_equal(reader_varint(&r), 0);
	assert_true(r.bad);
	reader_init(&r, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			      "abc"));
	assert_int_equal(reader_span(&r).len, 0);
	assert_true(r.bad);
}

static void big_endian_keys_sort_as_numbers(void **state)
{
	(void)state;
	static const uint64_t rising[] = {0, 1, 255, 256, 65536, 1ull << 40, UINT64_MAX};
	uint8_t last[8];
	uint8_t key[8];
	for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
		be64_put(key, rising[i]);
		assert_int_equal(be64_get(key), rising[i]);
		if (i > 0)
			assert_true(memcmp(last, key, 8) < 0);
		memcpy(last, key, 8);
	}
}

static void spans_are_equal_by_content(void **state)
{
	(void)state;
	assert_true(span_equal((struct span){NULL, 0}, (struct span){"x", 0}));
	assert_true(span_equal(SPAN_TEXT("ab"), (struct span){"abc", 2}));
	assert_false(span_equal(SPAN_TEXT("ab"), SPAN_TEXT("abc")));
	assert_false(span_equal(SPAN_TEXT("ab"), SPAN_TEXT("ac")));
}

static void a_pool_gives_out_again_what_it_got_back(void **state)
{
	(void)state;
	enum { OBJECTS = 100000, SIZE = 72 };
	struct pool p = {0};
	uint8_t **objects = mem_new(OBJECTS * sizeof *objects);
	static const uint8_t zeroes[SIZE];
	for (int i = 0; i < OBJECTS; i++) {
		objects[i] = pool_get(&p, SIZE);
		assert_memory_equal(objects[i], zeroes, SIZE);
		memset(objects[i], i, SIZE);
	}
	for (int i = 0; i < OBJECTS; i++)
		assert_int_equal(objects[i][SIZE - 1], (uint8_t)i);
	assert_int_equal(p.used, OBJECTS);
	uint8_t *last = objects[77];
	pool_put(&p, objects[33]);
	pool_put(&p, last);
	assert_ptr_equal(pool_get(&p, SIZE), last);
	assert_memory_equal(last, zeroes, SIZE);
	assert_ptr_equal(pool_get(&p, SIZE), objects[33]);
	pool_fini(&p);
	assert_null(p.blocks);
	free(objects);
}

static void a_pool_gives_its_blocks_back(void **state)
{
	enum { SIZE = 1024, MANY = 20000, KEPT = 10 };
	struct pool p = {0};
	static void *objects[MANY];
	(void)state;
	for (int i = 0; i < MANY; i++)
		objects[i] = pool_get(&p, SIZE);
	size_t most = p.blocks_len;
	assert_true(most > 5);
	for (int i = KEPT; i < MANY; i++)
		pool_put(&p, objects[i]);
	assert_true(p.blocks_len <= 2);
	/* One more or less is no block more or less. */
	for (int i = 0; i < 100; i++) {
		size_t before = p.blocks_len;
		void *object = pool_get(&p, SIZE);
		pool_put(&p, object);
		assert_int_equal(p.blocks_len, before);
	}
	for (int i = KEPT; i < MANY; i++)
		objects[i] = pool_get(&p, SIZE);
	assert_int_equal(p.blocks_len, most);
	assert_int_equal(p.used, MANY);
	pool_fini(&p);
}

static void an_arena_ends_where_it_ends(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 256);
	uint8_t *last = NULL;
	for (int i = 0; i < 8; i++) {
		uint8_t *at = arena_get(&a, 17);
		assert_non_null(at);
		assert_int_equal((uintptr_t)at % 16, 0);
		assert_true(!last || at == last + 32);
		memset(at, 0xee, 17);
		last = at;
	}
	assert_null(arena_get(&a, 1));
	assert_null(arena_get(&a, 0));
	arena_clear(&a);
	assert_null(arena_get(&a, 257));
	assert_null(arena_get(&a, SIZE_MAX));
	assert_null(arena_get(&a, SIZE_MAX - 15));
	assert_non_null(arena_get(&a, 0));
	assert_non_null(arena_get(&a, 240));
	assert_null(arena_get(&a, 0));
	arena_fini(&a);
	assert_null(arena_get(&a, 1));
}

static void errors_have_unique_codes_and_names(void **state)
{
	(void)state;
	static const struct {
		int code;
		bool retryable;
		const char *name;
	} table[] = {
#define ROW(name, code, retryable, text) {code, retryable, #name},
		PARLOR_ERR_TABLE(ROW)
#undef ROW
	};
	size_t n = sizeof table / sizeof table[0];
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(parlor_err_name(table[i].code), table[i].name);
		assert_int_equal(parlor_err_retryable(table[i].code), table[i].retryable);
		assert_true(strlen(parlor_err_text(table[i].code)) > 0);
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(table[i].code, table[j].code);
			assert_string_not_equal(table[i].name, table[j].name);
		}
	}
}

static void codes_of_a_newer_peer_have_an_answer(void **state)
{
	(void)state;
	assert_string_equal(parlor_err_name(-1), "UNKNOWN");
	assert_string_equal(parlor_err_text(9999), "unknown error");
	assert_false(parlor_err_retryable(9999));
}

/* Stored in data directories: they must never change. */
static void hashes_are_the_published_ones(void **state)
{
	(void)state;
	assert_int_equal(hash64("", 0), 0x2d06800538d394c2);
	struct hash128 empty = hash128("", 0);
	assert_int_equal(empty.high, 0x99aa06d3014798d8);
	assert_int_equal(empty.low, 0x6001c324468d497f);
	assert_int_not_equal(hash64("a", 1), hash64("b", 1));
	assert_int_equal(hash64(NULL, 0), hash64("", 0));
}

static void clocks_run_and_do_not_go_back(void **state)
{
	(void)state;
	assert_true(clock_wall_us() > UINT64_C(1600000000000000));
	uint64_t last = clock_mono_us();
	uint64_t first = last;
	while (last == first) {
		uint64_t now = clock_mono_us();
		assert_true(now >= last);
		last = now;
	}
}

static void memory_is_zeroed_copied_and_resized(void **state)
{
	(void)state;
	uint8_t *bytes = mem_new(100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(bytes[i], 0);
	bytes[99] = 5;
	bytes = mem_resize(bytes, 1000, 2);
	assert_int_equal(bytes[99], 5);
	free(bytes);
	char *text = mem_text("abcdef", 3);
	assert_string_equal(text, "abc");
	free(text);
	text = mem_text(NULL, 0);
	assert_string_equal(text, "");
	free(text);
}

/* Pages of the whole ones between that are there. */
static size_t resident(uint8_t *memory, size_t size)
{
	static unsigned char pages[4096];
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uint8_t *from = memory + (-(uintptr_t)memory & (page - 1));
	size_t n = 0, len = (size_t)(memory + size - from) / page;
	assert_true(len <= sizeof pages);
	assert_int_equal(mincore(from, len * page, pages), 0);
	for (size_t i = 0; i < len; i++)
		n += pages[i] & 1;
	return n;
}

static void memory_that_is_written_at_once_comes_at_once(void **state)
{
	(void)state;
	const size_t size = (size_t)8 << 20, page = (size_t)sysconf(_SC_PAGESIZE);
	struct buf b = {0};
	buf_grow(&b, size);
	size_t before = resident(b.data, size);
	assert_true(before < size / page / 2);
	mem_ready(b.data, MEM_LARGE - 1);
	assert_int_equal(resident(b.data, size), before);
	(void)buf_reserve(&b, size);
	assert_true(resident(b.data, size) >= size / page - 1);
	buf_fini(&b);
}

static void a_pool_has_pages_for_as_much_again_as_it_gave_out(void **state)
{
	(void)state;
	enum { SIZE = 1024 };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct pool p = {0};
	for (size_t i = 0; i <= MEM_LARGE / SIZE; i++)
		(void)pool_get(&p, SIZE);
	/* A block begins with what it knows of itself. */
	assert_true(resident((uint8_t *)p.blocks, 2 * MEM_LARGE) >= 2 * MEM_LARGE / page - 1);
	pool_fini(&p);
}

static void a_large_table_stands_in_whole_huge_pages(void **state)
{
	(void)state;
	const size_t size = MEM_HUGE + 1;
	char *memory = mem_map(size, true);
	assert_int_equal((uintptr_t)memory % MEM_HUGE, 0);
	for (size_t i = 0; i < 2 * MEM_HUGE; i += 4096)
		assert_int_equal(memory[i], 0);
	memory[2 * MEM_HUGE - 1] = 1;
	mem_unmap(memory, size);
	unsigned char page;
	assert_int_equal(mincore(memory, 1, &page), -1);
	assert_int_equal(mincore(memory + MEM_HUGE, 1, &page), -1);
}

static void a_process_without_memory_ends_with_its_status(void **state)
{
	(void)state;
	volatile size_t hopeless = SIZE_MAX / 4;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		free(mem_new(hopeless));
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), MEM_EXIT_STATUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_gives_back_what_was_put),
		cmocka_unit_test(buf_grows_and_keeps_its_content),
		cmocka_unit_test(buf_reserve_gives_an_address_even_for_nothing),
		cmocka_unit_test(a_short_read_is_bad_and_stays_bad),
		cmocka_unit_test(every_cut_of_a_record_reads_as_bad),
		cmocka_unit_test(a_varint_is_read_wherever_it_stands),
		cmocka_unit_test(a_varint_or_length_out_of_range_is_bad),
		cmocka_unit_test(big_endian_keys_sort_as_numbers),
		cmocka_unit_test(spans_are_equal_by_content),
		cmocka_unit_test(a_pool_gives_out_again_what_it_got_back),
		cmocka_unit_test(a_pool_gives_its_blocks_back),
		cmocka_unit_test(an_arena_ends_where_it_ends),
		cmocka_unit_test(errors_have_unique_codes_and_names),
		cmocka_unit_test(codes_of_a_newer_peer_have_an_answer),
		cmocka_unit_test(hashes_are_the_published_ones),
		cmocka_unit_test(clocks_run_and_do_not_go_back),
		cmocka_unit_test(memory_is_zeroed_copied_and_resized),
		cmocka_unit_test(memory_that_is_written_at_once_comes_at_once),
		cmocka_unit_test(a_pool_has_pages_for_as_much_again_as_it_gave_out),
		cmocka_unit_test(a_large_table_stands_in_whole_huge_pages),
		cmocka_unit_test(a_process_without_memory_ends_with_its_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
