/* What every process shares, one group for each module of proto/base. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ASan would end the process on a hopeless allocation before mem.c sees it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

#define BYTES(s) (s), sizeof(s) - 1

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

struct sample {
	const char *bytes;
	size_t len;
};

static const struct sample valid_texts[] = {
	{BYTES("")},
	{BYTES("a")},
	{BYTES("plain ASCII of more than eight bytes\t\r\n\x7f")},
	{BYTES("\xc2\x80")},         /* U+0080, the first of two bytes */
	{BYTES("\xdf\xbf")},         /* U+07FF */
	{BYTES("\xe0\xa0\x80")},     /* U+0800 */
	{BYTES("\xed\x9f\xbf")},     /* U+D7FF, before the surrogates */
	{BYTES("\xee\x80\x80")},     /* U+E000, behind them */
	{BYTES("\xef\xbf\xbf")},     /* U+FFFF */
	{BYTES("\xf0\x90\x80\x80")}, /* U+10000 */
	{BYTES("\xf4\x8f\xbf\xbf")}, /* U+10FFFF, the last */
	{BYTES("您好,请问有什么可以帮您? 👩‍💻 café")},
};

static const struct sample invalid_texts[] = {
	{BYTES("\0")},
	{BYTES("\x80")}, /* trails nothing */
	{BYTES("\xbf")},
	{BYTES("\xc0\x80")},     /* overlong NUL */
	{BYTES("\xc1\xbf")},     /* overlong, two bytes */
	{BYTES("\xe0\x80\x80")}, /* overlong, three bytes */
	{BYTES("\xe0\x9f\xbf")},
	{BYTES("\xf0\x80\x80\x80")}, /* overlong, four bytes */
	{BYTES("\xf0\x8f\xbf\xbf")},
	{BYTES("\xed\xa0\x80")},     /* U+D800, the first surrogate */
	{BYTES("\xed\xbf\xbf")},     /* U+DFFF, the last */
	{BYTES("\xf4\x90\x80\x80")}, /* U+110000 */
	{BYTES("\xf5\x80\x80\x80")},
	{BYTES("\xf8\x88\x80\x80\x80")}, /* five bytes */
	{BYTES("\xfe")},
	{BYTES("\xff")},
	{BYTES("\xc2")}, /* cut short */
	{BYTES("\xe4\xbd")},
	{BYTES("\xf0\x9f\x91")},
	{BYTES("\xc2\x41")}, /* trailed by what does not trail */
	{BYTES("\xe4\x41\xa0")},
	{BYTES("\xe4\xbd\x41")},
	{BYTES("\xf0\x9f\x91\xc0")},
};

/* Text of `before` letters, the sample, `after` letters, in a block of exactly
 * that size. */
static bool valid_amid(const struct sample *s, size_t before, size_t after)
{
	size_t len = before + s->len + after;
	char *text = malloc(len ? len : 1);
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text + before, s->bytes, s->len);
	bool valid = text_valid(text, len);
	free(text);
	return valid;
}

static void text_is_judged_alike_at_every_offset(void **state)
{
	(void)state;
	for (size_t before = 0; before < 18; before++)
		for (size_t after = 0; after < 18; after++) {
			for (size_t i = 0; i < sizeof valid_texts / sizeof valid_texts[0]; i++)
				assert_true(valid_amid(&valid_texts[i], before, after));
			for (size_t i = 0; i < sizeof invalid_texts / sizeof invalid_texts[0]; i++)
				assert_false(valid_amid(&invalid_texts[i], before, after));
		}
	assert_true(text_valid(NULL, 0));
}

static size_t encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00u >> n) | c);
	return n;
}

static void every_code_point_but_nul_and_surrogates_is_valid(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		char bytes[4];
		bool expected = c != 0 && (c < 0xd800 || c > 0xdfff) && c < 0x110000;
		size_t n = encode(c, bytes);
		if (text_valid(bytes, n) != expected)
			fail_msg("U+%04X judged wrong", c);
	}
}

static void a_cut_keeps_code_points_whole(void **state)
{
	(void)state;
	const char *text = "a\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x91\x8b"; /* 1, 2, 3 and 4 bytes */
	static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
	for (size_t max = 0; max < sizeof expected / sizeof expected[0]; max++)
		assert_int_equal(text_cut(text, strlen(text), max), expected[max]);
	assert_int_equal(text_cut("", 0, 5), 0);
}

struct settings {
	char *listen;
	uint64_t bytes;
	bool fsync;
	char *name;
};

static const struct conf_row rows[] = {
	{"net.listen", CONF_TEXT, offsetof(struct settings, listen), 0, 0, "endpoint"},
	{"store.bytes", CONF_NUMBER, offsetof(struct settings, bytes), 10, 1ull << 40, "size"},
	{"store.fsync", CONF_SWITCH, offsetof(struct settings, fsync), 0, 0, "flush"},
	{"name", CONF_TEXT, offsetof(struct settings, name), 0, 0, "without a section"},
	{0},
};

static char conf_path[] = "/tmp/parlor-test-conf-XXXXXX";

static int conf_make_file(void **state)
{
	(void)state;
	int fd = mkstemp(conf_path);
	return fd < 0 ? -1 : close(fd);
}

static int conf_remove_file(void **state)
{
	(void)state;
	return unlink(conf_path);
}

static enum parlor_err conf_read_bytes(const char *bytes, size_t len, struct settings *s, char *why)
{
	FILE *file = fopen(conf_path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	return conf_read(conf_path, rows, s, why, 256);
}

static void a_good_file_fills_the_settings(void **state)
{
	(void)state;
	struct settings s = {0};
	char why[256] = "";
	static const char file[] = "; the broker of the front desk\n"
				   "name = 前台\n"
				   "[net]\n"
				   "   listen = tcp://127.0.0.1:5570   ; loopback only\n"
				   "\n"
				   "[store]\n"
				   "\tbytes=4M\r\n"
				   "# a comment\n"
				   "fsync = on";
	assert_int_equal(conf_set(rows, &s, "net.listen", "tcp://default", why, sizeof why),
			 PARLOR_E_OK);
	assert_int_equal(conf_read_bytes(BYTES(file), &s, why), PARLOR_E_OK);
	assert_string_equal(s.name, "前台");
	assert_string_equal(s.listen, "tcp://127.0.0.1:5570");
	assert_int_equal(s.bytes, 4 << 20);
	assert_true(s.fsync);
	conf_fini(rows, &s);
	assert_null(s.name);
	assert_null(s.listen);
}

static void a_bad_file_is_refused_by_line_and_key(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		const char *why; /* behind the file's name */
	} bad[] = {
		{BYTES("[store]\nsize = 5\n"), ":2: store.size: no such setting"},
		{BYTES("listen = x\n"), ":1: listen: no such setting"},
		{BYTES("[store]\n\nbytes = 9\n"),
		 ":3: store.bytes: must be a number from 10 to 1099511627776, not '9'"},
		{BYTES("[store]\nbytes = 2000000M\n"),
		 ":2: store.bytes: must be a number from 10 to 1099511627776, not '2000000M'"},
		{BYTES("[store]\nbytes = 99999999999999999999\n"), ":2: store.bytes: must be"},
		{BYTES("[store]\nbytes = 99999999999G\n"), ":2: store.bytes: must be"},
		{BYTES("[store]\nbytes = -20\n"), ":2: store.bytes: must be"},
		{BYTES("[store]\nbytes = 20x\n"), ":2: store.bytes: must be"},
		{BYTES("[store]\nbytes = 20kk\n"), ":2: store.bytes: must be"},
		{BYTES("[store]\nbytes =\n"), ":2: store.bytes: must be"},
		{BYTES("[store]\nfsync = maybe\n"), ":2: store.fsync: must be on or off"},
		{BYTES("name = a\n[net]\nlisten = b\n[]\nname = c\n"),
		 ":5: name: already given in line 1"},
		{BYTES("name = a\nthis is no setting\nsize = 1\n"), ":2: neither 'key = value'"},
		{BYTES("size = 1\nthis is no setting\n"), ":1: size: no such setting"},
		{BYTES("[net\nlisten = a\n"), ":1: neither"},
		{BYTES("name = a\nname = \xff\n"), ":2: line is not UTF-8"},
		{BYTES("name = a\0b\n"), ":1: line is not UTF-8"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct settings s = {0};
		char why[256] = "";
		assert_int_equal(conf_read_bytes(bad[i].bytes, bad[i].len, &s, why),
				 PARLOR_E_CONFIG);
		size_t path_len = strlen(conf_path);
		assert_memory_equal(why, conf_path, path_len);
		if (strncmp(why + path_len, bad[i].why, strlen(bad[i].why)) != 0)
			fail_msg("'%s' is not '%s'", why + path_len, bad[i].why);
		/* Nothing of a bad file is taken over. */
		assert_null(s.name);
		assert_null(s.listen);
	}
}

static void a_line_too_long_is_refused_not_cut(void **state)
{
	(void)state;
	struct settings s = {0};
	char why[256] = "";
	char file[400] = "name = ";
	memset(file + 7, 'x', sizeof file - 8);
	assert_int_equal(conf_read_bytes(file, sizeof file - 1, &s, why), PARLOR_E_CONFIG);
	assert_non_null(strstr(why, ":1: line is longer than"));
	assert_null(s.name);
}

static void a_missing_file_and_a_directory_are_refused(void **state)
{
	(void)state;
	struct settings s = {0};
	char why[256] = "";
	assert_int_equal(conf_read("/nonexistent/parlor.ini", rows, &s, why, sizeof why),
			 PARLOR_E_CONFIG);
	assert_non_null(strstr(why, "/nonexistent/parlor.ini: "));
	assert_int_equal(conf_read("/", rows, &s, why, sizeof why), PARLOR_E_CONFIG);
	assert_non_null(strstr(why, "cannot be read"));
}

static void a_setting_by_name_overrides_and_is_checked(void **state)
{
	(void)state;
	struct settings s = {0};
	char why[256] = "";
	assert_int_equal(conf_set(rows, &s, "name", "a", why, sizeof why), PARLOR_E_OK);
	assert_int_equal(conf_set(rows, &s, "name", "b", why, sizeof why), PARLOR_E_OK);
	assert_string_equal(s.name, "b");
	assert_int_equal(conf_set(rows, &s, "store.bytes", "3k", why, sizeof why), PARLOR_E_OK);
	assert_int_equal(s.bytes, 3072);
	assert_int_equal(conf_set(rows, &s, "store.bytes", "3", why, sizeof why), PARLOR_E_CONFIG);
	assert_non_null(strstr(why, "store.bytes: must be"));
	assert_int_equal(s.bytes, 3072);
	assert_int_equal(conf_set(rows, &s, "nothing", "3", why, sizeof why), PARLOR_E_CONFIG);
	assert_string_equal(why, "nothing: no such setting");
	assert_int_equal(conf_set(rows, &s, "name", "\xff", why, sizeof why), PARLOR_E_CONFIG);
	assert_string_equal(s.name, "b");
	conf_fini(rows, &s);
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

static int run_groups(void)
{
	const struct CMUnitTest buf[] = {
		cmocka_unit_test(buf_gives_back_what_was_put),
		cmocka_unit_test(buf_grows_and_keeps_its_content),
		cmocka_unit_test(buf_reserve_gives_an_address_even_for_nothing),
		cmocka_unit_test(a_short_read_is_bad_and_stays_bad),
		cmocka_unit_test(every_cut_of_a_record_reads_as_bad),
		cmocka_unit_test(a_varint_or_length_out_of_range_is_bad),
		cmocka_unit_test(big_endian_keys_sort_as_numbers),
		cmocka_unit_test(spans_are_equal_by_content),
	};
	const struct CMUnitTest text[] = {
		cmocka_unit_test(text_is_judged_alike_at_every_offset),
		cmocka_unit_test(every_code_point_but_nul_and_surrogates_is_valid),
		cmocka_unit_test(a_cut_keeps_code_points_whole),
	};
	const struct CMUnitTest conf[] = {
		cmocka_unit_test(a_good_file_fills_the_settings),
		cmocka_unit_test(a_bad_file_is_refused_by_line_and_key),
		cmocka_unit_test(a_line_too_long_is_refused_not_cut),
		cmocka_unit_test(a_missing_file_and_a_directory_are_refused),
		cmocka_unit_test(a_setting_by_name_overrides_and_is_checked),
	};
	const struct CMUnitTest memory[] = {
		cmocka_unit_test(a_pool_gives_out_again_what_it_got_back),
		cmocka_unit_test(an_arena_ends_where_it_ends),
		cmocka_unit_test(memory_is_zeroed_copied_and_resized),
		cmocka_unit_test(a_process_without_memory_ends_with_its_status),
	};
	const struct CMUnitTest report[] = {
		cmocka_unit_test(errors_have_unique_codes_and_names),
		cmocka_unit_test(codes_of_a_newer_peer_have_an_answer),
	};
	const struct CMUnitTest rest[] = {
		cmocka_unit_test(hashes_are_the_published_ones),
		cmocka_unit_test(clocks_run_and_do_not_go_back),
	};
	return cmocka_run_group_tests(buf, NULL, NULL) + cmocka_run_group_tests(text, NULL, NULL) +
	       cmocka_run_group_tests(conf, conf_make_file, conf_remove_file) +
	       cmocka_run_group_tests(memory, NULL, NULL) +
	       cmocka_run_group_tests(report, NULL, NULL) +
	       cmocka_run_group_tests(rest, NULL, NULL);
}

int main(void)
{
	return run_groups() ? EXIT_FAILURE : EXIT_SUCCESS;
}
