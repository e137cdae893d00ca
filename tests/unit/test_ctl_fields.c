/* Options that are made from a message's fields, and what is put and shown by them. */
#include "ctl.h"
#include "fields.h"
#include "show.h"

#include <parlor/parlor.pb-c.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#define TEAM &parlor__desk_team__descriptor

static const struct args_option *option(const struct fields_options *o, const char *name)
{
	for (size_t i = 0; i < o->len; i++)
		if (strcmp(o->options[i].name, name) == 0)
			return &o->options[i];
	return NULL;
}

static void every_field_is_an_option_but_keys_and_the_brokers_numbers(void **state)
{
	static const char *const keys[] = {"desk", "team", NULL};
	static const struct args_option more[] = {{"all", NULL, "all"}, {NULL, NULL, NULL}};
	static struct fields_options o;
	(void)state;

	fields_options(&o, TEAM, keys, 2, more);
	/* Without desk, team and desk_no, with "all". */
	assert_int_equal(o.len, parlor__desk_team__descriptor.n_fields - 3 + 1);
	assert_null(option(&o, "desk"));
	assert_null(option(&o, "desk-no"));
	assert_string_equal(option(&o, "remind-seat-ms")->value, "N");
	assert_string_equal(option(&o, "hold-frees")->value, "[=no]");
	assert_string_equal(option(&o, "overflow-team")->value, "TEXT");
	assert_string_equal(option(&o, "accept")->value, "WORD");
	assert_non_null(strstr(option(&o, "accept")->help, "\nauto, offer"));
	assert_null(option(&o, "all")->value);
	assert_null(o.options[o.len].name);
}

/* The kinds of rows and the requests have no more fields than there is room for. */
static void there_is_room_for_the_options_of_all_rows(void **state)
{
	static struct fields_options o;
	(void)state;

	for (unsigned i = 0; i < parlor__desk_set__descriptor.n_fields; i++)
		if (parlor__desk_set__descriptor.fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			fields_options(&o, parlor__desk_set__descriptor.fields[i].descriptor, NULL,
				       0, NULL);
	fields_options(&o, &parlor__desk_open__descriptor, NULL, 0, NULL);
	assert_non_null(option(&o, "visitor-avatar"));
}

static void assert_all_have_help(const struct fields_options *o, const char *command)
{
	for (size_t i = 0; i < o->len; i++)
		if (!*o->options[i].help || *o->options[i].help == '\n' ||
		    *o->options[i].help == ' ')
			fail_msg("%s --%s", command, o->options[i].name);
}

static void every_option_of_every_command_says_what_it_is_for(void **state)
{
	static struct fields_options o;
	size_t made = 0;
	(void)state;

	for (size_t n = 0; nouns[n]; n++)
		for (const struct command *c = nouns[n]->commands; c && c->name; c++) {
			fields_options(&o, c->also, c->fields, CTL_FIELDS_MAX, c->options);
			assert_all_have_help(&o, c->name);
			made += c->also != NULL;
		}
	assert_true(made > 40);
}

static bool put(Parlor__DeskTeam *team, const char *field, const char *text)
{
	return fields_put(protobuf_c_message_descriptor_get_field_by_name(TEAM, field), team,
			  "--it", text);
}

static void values_are_words_numbers_and_yes_or_no(void **state)
{
	Parlor__DeskTeam team = PARLOR__DESK_TEAM__INIT;
	Parlor__DeskSeat seat = PARLOR__DESK_SEAT__INIT;
	(void)state;

	assert_true(put(&team, "strategy", "most-idle"));
	assert_int_equal(team.strategy, PARLOR__DESK_STRATEGY__STRATEGY_MOST_IDLE);
	assert_true(put(&team, "strategy", "default"));
	assert_int_equal(team.strategy, 0);
	assert_false(put(&team, "strategy", "idle"));
	assert_false(put(&team, "strategy", "1"));
	assert_true(put(&team, "robot_policy", "none"));
	assert_int_equal(team.robot_policy, PARLOR__ROBOT_POLICY__ROBOT_NONE);
	assert_true(put(&team, "gap_ms", "off"));
	assert_true(team.gap_ms == FIELDS_OFF);
	assert_true(put(&team, "misses", "off"));
	assert_true(put(&team, "gap_ms", "default"));
	assert_true(team.gap_ms == 0);
	assert_false(put(&team, "gap_ms", "5s"));
	assert_false(put(&team, "broadcast", "off"));
	assert_false(put(&team, "broadcast", "4294967296"));
	assert_true(put(&team, "off", NULL));
	assert_true(team.off);
	assert_true(put(&team, "off", "no"));
	assert_false(team.off);
	assert_false(put(&team, "off", "maybe"));
	/* What has no default cannot be off either. */
	assert_false(fields_put(protobuf_c_message_descriptor_get_field_by_name(
					&parlor__desk_seat__descriptor, "max"),
				&seat, "--max", "off"));
}

static void what_is_given_is_taken_and_the_rest_stays(void **state)
{
	char *words[] = {(char[]){"set"}, (char[]){"--hold-frees"}, (char[]){"--gap-ms"},
			 (char[]){"500"}, (char[]){"--off=no"},     NULL};
	Parlor__DeskTeam team = PARLOR__DESK_TEAM__INIT;
	static struct fields_options o;
	struct args args;
	(void)state;

	team.offer_ms = 7;
	team.off = true;
	fields_options(&o, TEAM, NULL, 0, NULL);
	assert_true(args_parse(&args, 5, words, o.options, NULL, false));
	assert_true(fields_take(&args, TEAM, &team));
	assert_true(team.hold_frees);
	assert_true(team.gap_ms == 500 && team.offer_ms == 7);
	assert_false(team.off);
}

static void what_is_shown_can_be_typed(void **state)
{
	Parlor__DeskTeam team = PARLOR__DESK_TEAM__INIT;
	char name[] = "a\nb", *text = NULL;
	struct table t;
	size_t size;
	(void)state;

	team.name = name;
	team.strategy = PARLOR__DESK_STRATEGY__STRATEGY_LONGEST_IDLE;
	team.gap_ms = FIELDS_OFF;
	team.hold_frees = true;
	team.desk_no = 9;
	FILE *out = open_memstream(&text, &size);
	table_init(&t, 2);
	fields_lines(&t, &team.base);
	table_print(&t, out);
	fclose(out);
	assert_string_equal(text, "name        a\\nb\n"
				  "strategy    longest-idle\n"
				  "gap-ms      off\n"
				  "hold-frees  yes\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_an_option_but_keys_and_the_brokers_numbers),
		cmocka_unit_test(there_is_room_for_the_options_of_all_rows),
		cmocka_unit_test(every_option_of_every_command_says_what_it_is_for),
		cmocka_unit_test(values_are_words_numbers_and_yes_or_no),
		cmocka_unit_test(what_is_given_is_taken_and_the_rest_stays),
		cmocka_unit_test(what_is_shown_can_be_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
