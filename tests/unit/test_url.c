#include "db/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void all_parts_of_a_url_are_read(void **state)
{
	struct url url;
	char why[256];
	(void)state;
	assert_int_equal(url_parse(&url, "mysql://me:secret@db.example:3307/chat", why, sizeof why),
			 0);
	assert_string_equal(url.user, "me");
	assert_string_equal(url.password, "secret");
	assert_string_equal(url.host, "db.example");
	assert_int_equal(url.port, 3307);
	assert_string_equal(url.database, "chat");
	assert_null(url.socket);
	url_fini(&url);
}

static void what_is_left_out_has_a_default(void **state)
{
	struct url url;
	char why[256];
	(void)state;
	assert_int_equal(url_parse(&url, "mysql://me@[::1]/chat", why, sizeof why), 0);
	assert_string_equal(url.password, "");
	assert_string_equal(url.host, "::1");
	assert_int_equal(url.port, URL_PORT_DEFAULT);
	url_fini(&url);
	assert_int_equal(
		url_parse(&url, "mysql://me@localhost/chat?socket=/run/db.sock", why, sizeof why),
		0);
	assert_string_equal(url.socket, "/run/db.sock");
	assert_null(url.server_key);
	url_fini(&url);
	assert_int_equal(url_parse(&url, "mysql://me@db/chat?server-key=/etc/k%20.pem&socket=/s",
				   why, sizeof why),
			 0);
	assert_string_equal(url.server_key, "/etc/k .pem");
	assert_string_equal(url.socket, "/s");
	url_fini(&url);
}

static void escapes_stand_for_any_character(void **state)
{
	struct url url;
	char why[256];
	(void)state;
	assert_int_equal(
		url_parse(&url, "mysql://m%40e:p%3a%2F%25a@b@[::1]:99/ch%C3%A4t", why, sizeof why),
		0);
	assert_string_equal(url.user, "m@e");
	assert_string_equal(url.password, "p:/%a@b");
	assert_int_equal(url.port, 99);
	assert_string_equal(url.database, "ch\xc3\xa4t");
	url_fini(&url);
}

static void what_cannot_be_used_is_refused_without_telling_the_password(void **state)
{
	static const char *const bad[] = {
		"",
		"postgres://me@host/chat",
		"mysql://host/chat",
		"mysql://:secret@host/chat",
		"mysql://me:secret@/chat",
		"mysql://me:secret@host",
		"mysql://me:secret@host/",
		"mysql://me:secret@host:0/chat",
		"mysql://me:secret@host:/chat",
		"mysql://me:secret@host:70000/chat",
		"mysql://me:secret@host:12345678901234567890/chat",
		"mysql://me:secret@host:33x/chat",
		"mysql://me:secret@[::1/chat",
		"mysql://me:secret%@host/chat",
		"mysql://me:secret%4@host/chat",
		"mysql://me:secret%zz@host/chat",
		"mysql://me:secret%00@host/chat",
		"mysql://me:secret%ff@host/chat",
		"mysql://me:secret@host/ch%60at",
		"mysql://me:secret@host/chat?socket=",
		"mysql://me:secret@host/chat?sock=/x",
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct url url;
		char why[256] = "";
		assert_int_equal(url_parse(&url, bad[i], why, sizeof why), PARLOR_E_CONFIG);
		assert_true(strlen(why) > 0);
		assert_null(strstr(why, "secret"));
		assert_null(url.user);
		assert_null(url.password);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_parts_of_a_url_are_read),
		cmocka_unit_test(what_is_left_out_has_a_default),
		cmocka_unit_test(escapes_stand_for_any_character),
		cmocka_unit_test(what_cannot_be_used_is_refused_without_telling_the_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
