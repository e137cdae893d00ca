/* Files of settings: what they fill in, and what is refused by line and key. */
#include "base/conf.h"

#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct settings {
	char *listen;
	uint64_t bytes;
	bool fsync;
	char *name;
};

static const struct conf_row rows[] = {
	{"net.listen", CONF_TEXT, offsetof(struct settings, listen), 0, 0, .doc = "endpoint"},
	{"store.bytes", CONF_NUMBER, offsetof(struct settings, bytes), 10, 1ull << 40,
	 .doc = "size"},
	{"store.fsync", CONF_SWITCH, offsetof(struct settings, fsync), 0, 0, .doc = "flush"},
	{"name", CONF_TEXT, offsetof(struct settings, name), 0, 0, .doc = "without a section"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_fills_the_settings),
		cmocka_unit_test(a_bad_file_is_refused_by_line_and_key),
		cmocka_unit_test(a_line_too_long_is_refused_not_cut),
		cmocka_unit_test(a_missing_file_and_a_directory_are_refused),
		cmocka_unit_test(a_setting_by_name_overrides_and_is_checked),
	};
	return cmocka_run_group_tests(tests, conf_make_file, conf_remove_file);
}
