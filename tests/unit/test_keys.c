/* The keys file of a client or worker. */
#include "base/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define A "0123456789012345678901234567890123456789"
#define B "#abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL#"
#define C ".-:+=^!/*?&<>()[]{}@%$#MNOPQRSTUVWXYZ#01"

static char why[256];

static enum parlor_err read_text(struct keys *keys, const char *text, mode_t mode)
{
	char path[] = "/tmp/parlor-test-keys-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
	why[0] = '\0';
	enum parlor_err err = keys_read(keys, path, why, sizeof why);
	assert_int_equal(unlink(path), 0);
	return err;
}

static void refused(const char *text, const char *because)
{
	struct keys keys;
	assert_int_equal(read_text(&keys, text, 0600), PARLOR_E_CONFIG);
	assert_non_null(strstr(why, because));
	assert_null(strstr(why, "0123456789"));
	assert_string_equal(keys.server, "");
	assert_string_equal(keys.secret, "");
}

static void a_file_holds_three_keys(void **state)
{
	struct keys keys;
	(void)state;
	assert_int_equal(
		read_text(&keys, "# ours\n\nserver " A "\n  public\t" B " \r\n#x\nsecret " C, 0600),
		PARLOR_E_OK);
	assert_string_equal(keys.server, A);
	assert_string_equal(keys.public, B);
	assert_string_equal(keys.secret, C);
	keys_fini(&keys);
	assert_string_equal(keys.secret, "");
}

static void what_is_wrong_is_said_without_the_key(void **state)
{
	(void)state;
	refused("", "needs a server, a public and a secret key");
	refused("server " A "\npublic " A "\n", "needs a server");
	refused("server " A "\nserver " A "\n", ":2: a second key");
	refused("server 01234567890123456789\n", ":1: behind the name");
	refused("server " A "0\n", ":1: behind the name");
	refused("server\n", ":1: behind the name");
	refused("server " A " # old\n", ":1: behind the name");
	refused("server 012345678901234567890123456789 123456789\n", ":1: behind the name");
	refused("server ~123456789012345678901234567890123456789\n", ":1: behind the name");
	refused("tenant " A "\n", ":1: a line begins with");
	refused("public " A "\n#" A A A A A A A A A A A A A "\n", ":2: line is too long");
}

static void only_its_owner_may_read_it(void **state)
{
	static const char text[] = "server " A "\npublic " B "\nsecret " C "\n";
	struct keys keys;
	(void)state;
	assert_int_equal(read_text(&keys, text, 0400), PARLOR_E_OK);
	assert_int_equal(read_text(&keys, text, 0640), PARLOR_E_CONFIG);
	assert_non_null(strstr(why, "only its owner"));
	assert_int_equal(read_text(&keys, text, 0602), PARLOR_E_CONFIG);
	assert_int_equal(keys_read(&keys, "/", why, sizeof why), PARLOR_E_CONFIG);
	assert_int_equal(keys_read(&keys, "/nowhere/keys", why, sizeof why), PARLOR_E_CONFIG);
	assert_non_null(strstr(why, "cannot be opened"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_holds_three_keys),
		cmocka_unit_test(what_is_wrong_is_said_without_the_key),
		cmocka_unit_test(only_its_owner_may_read_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
