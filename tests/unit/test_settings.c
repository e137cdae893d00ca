/* Settings: defaults, ranges, rules between them, and the printed example. */
#include "settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int setup(void **state)
{
	static struct settings s;
	settings_init(&s);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	conf_fini(settings_rows, *state);
	return 0;
}

static void test_defaults_are_within_their_own_ranges(void **state)
{
	const struct settings *s = *state;
	char why[256] = "";
	assert_int_equal(settings_check(s, why, sizeof why), PARLOR_E_OK);
	for (const struct conf_row *row = settings_rows; row->name; row++) {
		const void *at = (const char *)s + row->offset;
		assert_true(strlen(row->doc) > 0);
		if (row->type == CONF_TEXT) {
			assert_non_null(*(char *const *)at);
		} else if (row->type == CONF_NUMBER) {
			assert_true(*(const uint64_t *)at >= row->min);
			assert_true(*(const uint64_t *)at <= row->max);
		}
	}
	assert_string_equal(s->listen, "tcp://127.0.0.1:5570");
	assert_string_equal(s->worker_listen, "tcp://127.0.0.1:5571");
	assert_string_equal(s->data, "./parlor-data");
}

/* All of its members leave in one turn. */
static void test_the_largest_room_is_dissolved_within_the_steps_of_a_turn(void **state)
{
	enum { STEPS_OF_ONE = 4 };
	const struct settings *s = *state;
	assert_true(s->core.room_members * STEPS_OF_ONE <= s->turn_steps);
}

static void test_one_setting_is_set_by_name(void **state)
{
	struct settings *s = *state;
	char why[256] = "";
	assert_int_equal(conf_set(settings_rows, s, "limits.body_bytes", "16k", why, sizeof why),
			 PARLOR_E_OK);
	assert_int_equal(s->core.body_bytes, 16384);
	assert_int_equal(conf_set(settings_rows, s, "broker.data", "/srv/parlor", why, sizeof why),
			 PARLOR_E_OK);
	assert_string_equal(s->data, "/srv/parlor");
	assert_int_equal(conf_set(settings_rows, s, "sync.partitions", "0", why, sizeof why),
			 PARLOR_E_CONFIG);
	assert_non_null(strstr(why, "sync.partitions"));
	assert_int_equal(conf_set(settings_rows, s, "sync.partitions", "255", why, sizeof why),
			 PARLOR_E_CONFIG);
	assert_int_equal(conf_set(settings_rows, s, "sync.partitions", "254", why, sizeof why),
			 PARLOR_E_OK);
	assert_int_equal(conf_set(settings_rows, s, "sync.partition", "1", why, sizeof why),
			 PARLOR_E_CONFIG);
}

static void test_settings_that_contradict_each_other_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *value;
	} bad[] = {
		{"broker.data", ""},
		{"broker.listen", ""},
		{"broker.worker_listen", ""},
		{"broker.log_level", "loud"},
		{"store.map_max_bytes", "100M"},
		{"store.headroom_bytes", "600G"},
		{"limits.body_bytes", "4M"},
		{"limits.page_bytes", "3M"},
		{"session.heartbeat_ms", "10000"},
		{"session.session_queue_bytes", "1G"},
		{"sync.worker_heartbeat_ms", "9000"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct settings s;
		char why[256] = "";
		settings_init(&s);
		assert_int_equal(
			conf_set(settings_rows, &s, bad[i].name, bad[i].value, why, sizeof why),
			PARLOR_E_OK);
		assert_int_equal(settings_check(&s, why, sizeof why), PARLOR_E_CONFIG);
		assert_non_null(strstr(why, strchr(bad[i].name, '.') + 1));
		conf_fini(settings_rows, &s);
	}
}

/* Takes the ';' in front of every setting away. */
static void uncomment(char *text)
{
	for (char *at = text; (at = strstr(at, "\n;")); at++)
		at[1] = ' ';
}

static void test_the_printed_example_reads_back_as_the_defaults(void **state)
{
	const struct settings *defaults = *state;
	char *text = NULL;
	size_t len;
	FILE *memory = open_memstream(&text, &len);
	assert_non_null(memory);
	settings_print_default(memory);
	assert_int_equal(fclose(memory), 0);
	uncomment(text);

	char path[] = "/tmp/parlor-test-settings-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(close(fd), 0);
	free(text);

	struct settings s = {0};
	char why[256] = "";
	enum parlor_err err = conf_read(path, settings_rows, &s, why, sizeof why);
	assert_int_equal(unlink(path), 0);
	assert_string_equal(why, "");
	assert_int_equal(err, PARLOR_E_OK);
	for (const struct conf_row *row = settings_rows; row->name; row++) {
		const void *was = (const char *)defaults + row->offset;
		const void *is = (const char *)&s + row->offset;
		if (row->type == CONF_TEXT)
			assert_string_equal(*(char *const *)is, *(char *const *)was);
		else if (row->type == CONF_SWITCH)
			assert_int_equal(*(const bool *)is, *(const bool *)was);
		else if (row->type == CONF_NUMBER)
			assert_int_equal(*(const uint64_t *)is, *(const uint64_t *)was);
	}
	conf_fini(settings_rows, &s);
}

static void test_a_setting_that_was_replaced_says_by_what(void **state)
{
	struct settings *s = *state;
	char why[256] = "";
	assert_int_equal(
		conf_set(settings_rows, s, "limits.rooms_resident", "1000", why, sizeof why),
		PARLOR_E_CONFIG);
	assert_string_equal(why, "limits.rooms_resident: no setting any more: "
				 "limits.resident_bytes is for all rows");
}

/* What is longer than its column would send the room into quarantine. */
static void test_nothing_can_be_longer_than_mysql_holds_it(void **state)
{
	static const struct {
		const char *name, *most, *beyond;
	} rows[] = {
		{"limits.name_bytes", "512", "513"},
		{"limits.avatar_bytes", "2048", "2049"},
		{"limits.body_bytes", "16320k", "16M"},
		{"limits.client_id_bytes", "64", "65"},
	};
	char why[256] = "";
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(conf_set(settings_rows, *state, rows[i].name, rows[i].most, why,
					  sizeof why),
				 PARLOR_E_OK);
		assert_int_equal(conf_set(settings_rows, *state, rows[i].name, rows[i].beyond, why,
					  sizeof why),
				 PARLOR_E_CONFIG);
		assert_non_null(strstr(why, rows[i].name));
	}
}

#define WITH_DEFAULTS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DEFAULTS(test_defaults_are_within_their_own_ranges),
		WITH_DEFAULTS(test_the_largest_room_is_dissolved_within_the_steps_of_a_turn),
		WITH_DEFAULTS(test_one_setting_is_set_by_name),
		WITH_DEFAULTS(test_a_setting_that_was_replaced_says_by_what),
		WITH_DEFAULTS(test_nothing_can_be_longer_than_mysql_holds_it),
		cmocka_unit_test(test_settings_that_contradict_each_other_are_refused),
		WITH_DEFAULTS(test_the_printed_example_reads_back_as_the_defaults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
