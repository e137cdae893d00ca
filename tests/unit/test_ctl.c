/* What the command line makes of words, and what it lets reach a terminal. */
#include "args.h"
#include "ctl.h"
#include "json.h"
#include "show.h"
#include "spec.h"
#include "table.h"

#include <parlor/parlor.pb-c.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

static void members_are_written_with_colons(void **state)
{
	struct spec_list list = {0};
	(void)state;

	assert_true(spec_add(&list, "amy"));
	assert_true(spec_add(&list, "ben:manager:Big Ben:https://x.org/b.png"));
	assert_true(spec_add(&list, "sip\\:cat::Cat"));
	assert_false(spec_add(&list, "dan:boss"));
	assert_false(spec_add(&list, "dan:none"));
	assert_int_equal(list.len, 3);
	assert_string_equal(list.members[0]->member, "amy");
	assert_int_equal(list.members[0]->type, PARLOR__MEMBER_TYPE__MEMBER_MEMBER);
	assert_string_equal(list.members[0]->name, "");
	assert_int_equal(list.members[1]->type, PARLOR__MEMBER_TYPE__MEMBER_MANAGER);
	assert_string_equal(list.members[1]->name, "Big Ben");
	assert_string_equal(list.members[1]->avatar, "https://x.org/b.png");
	assert_string_equal(list.members[2]->member, "sip:cat");
	assert_string_equal(list.members[2]->name, "Cat");
	spec_fini(&list);
}

/* What `print` writes; to be freed. */
static char *printed(void (*print)(FILE *, const void *), const void *what)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(out, what);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void print_text(FILE *out, const void *text)
{
	show_text(out, text);
}

static void expect_shown(const char *text, const char *expected)
{
	char *shown = printed(print_text, text);

	assert_string_equal(shown, expected);
	free(shown);
}

static void nothing_that_steers_a_terminal_gets_through(void **state)
{
	(void)state;
	expect_shown("a\x1b[31mb\x07\x7f", "a\\x1b[31mb\\x07\\x7f");
	expect_shown("one\ntwo\tthree\r", "one\\ntwo\\tthree\\r");
	expect_shown("\xc2\x9b"
		     "31m",
		     "\\u009b31m"); /* the one-byte form of ESC [ */
	expect_shown("\xe2\x80\xae"
		     "abc",
		     "\\u202eabc");
	expect_shown("\xff\xc3", "\xff\xc3"); /* not UTF-8: as it is */
	expect_shown("\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb",
		     "\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb");
}

static void print_json(FILE *out, const void *message)
{
	json_line(out, message);
}

static void json_has_the_names_of_the_grammar(void **state)
{
	Parlor__Event event = PARLOR__EVENT__INIT;
	Parlor__Message message = PARLOR__MESSAGE__INIT;
	char room[] = "r", body[] = "\"hi\"\n", ben[] = "ben";
	char *mentions[] = {ben};
	char *line;
	(void)state;

	message.seq = 1ull << 40;
	message.body = body;
	message.type = PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE;
	message.content_type = (Parlor__ContentType)77; /* of a newer broker */
	message.mentions = mentions;
	message.n_mentions = 1;
	message.recalled = true;
	event.room = room;
	event.kind_case = PARLOR__EVENT__KIND_POSTED;
	event.posted = &message;
	line = printed(print_json, &event);
	assert_string_equal(line, "{\"position\":0,\"time_us\":0,\"room\":\"r\",\"posted\":{"
				  "\"seq\":1099511627776,\"sender\":\"\",\"sender_name\":\"\","
				  "\"sender_avatar\":\"\",\"type\":\"notice\",\"content_type\":77,"
				  "\"body\":\"\\\"hi\\\"\\n\",\"client_id\":\"\","
				  "\"mentions\":[\"ben\"],\"recalled\":true,\"time_us\":0}}\n");
	free(line);
}

static void print_event(FILE *out, const void *event)
{
	const Parlor__Event *e = event;

	for (size_t n = 0; nouns[n]; n++)
		for (const struct show_event *s = nouns[n]->events; s && s->show; s++)
			if (s->kind == e->kind_case)
				s->show(out, e);
}

static void a_row_of_a_desk_is_told_in_words(void **state)
{
	Parlor__Event event = PARLOR__EVENT__INIT;
	Parlor__DeskRow row = PARLOR__DESK_ROW__INIT;
	Parlor__DeskSet set = PARLOR__DESK_SET__INIT;
	Parlor__DeskTeamSeat seat = PARLOR__DESK_TEAM_SEAT__INIT;
	char shop[] = "shop", sales[] = "sales", lin[] = "lin\n";
	char *line;
	(void)state;

	seat.desk = shop;
	seat.team = sales;
	seat.agent = lin;
	seat.level = 2;
	seat.team_no = 5;
	set.row_case = PARLOR__DESK_SET__ROW_TEAM_SEAT;
	set.team_seat = &seat;
	row.no = 7;
	row.row = &set;
	event.kind_case = PARLOR__EVENT__KIND_DESK_ROW;
	event.desk_row = &row;
	line = printed(print_event, &event);
	assert_string_equal(line,
			    "team-seat 7 is set, desk shop, team sales, agent lin\\n, level 2");
	free(line);
	set.remove = true;
	line = printed(print_event, &event);
	assert_non_null(strstr(line, "team-seat 7 is removed, desk shop"));
	free(line);
}

static void print_table(FILE *out, const void *unused)
{
	struct table t;
	(void)unused;

	table_init(&t, 2);
	table_text(&t, "NAME");
	table_text(&t, "N");
	table_text(&t, "\xe7\x8e\x8b"); /* two columns wide */
	table_number(&t, 12);
	table_text(&t, "a\n");
	table_number(&t, 3);
	table_print(&t, out);
}

static void columns_are_as_wide_as_a_terminal_shows_them(void **state)
{
	char *text;
	(void)state;

	setlocale(LC_CTYPE, "C.UTF-8");
	text = printed(print_table, NULL);
	assert_string_equal(text, "NAME  N\n\xe7\x8e\x8b    12\na\\n   3\n");
	free(text);
}

static void options_may_stand_anywhere_and_repeat(void **state)
{
	static const struct args_option options[] = {
		{"to", "WHO", ""}, {"loud", NULL, ""}, {NULL, NULL, NULL}};
	char *words[] = {(char[]){"say"},    (char[]){"hi"},
			 (char[]){"--to=a"}, (char[]){"there"},
			 (char[]){"--to"},   (char[]){"b"},
			 (char[]){"--loud"}, (char[]){"--"},
			 (char[]){"--x"},    NULL};
	struct args args;
	size_t at = 0;
	(void)state;

	assert_true(args_parse(&args, 9, words, options, NULL, false));
	assert_int_equal(args.operands_len, 3);
	assert_string_equal(args.operands[0], "hi");
	assert_string_equal(args.operands[2], "--x");
	assert_true(args_has(&args, "loud"));
	assert_string_equal(args_value(&args, "to"), "b");
	assert_string_equal(args_next(&args, "to", &at), "a");
	assert_string_equal(args_next(&args, "to", &at), "b");
	assert_null(args_next(&args, "to", &at));
}

static void numbers_are_whole_and_in_range(void **state)
{
	uint64_t number;
	int ms;
	(void)state;

	assert_true(args_number("18446744073709551615", "N", 0, UINT64_MAX, &number));
	assert_true(number == UINT64_MAX);
	assert_false(args_number("18446744073709551616", "N", 0, UINT64_MAX, &number));
	assert_false(args_number("-1", "N", 0, UINT64_MAX, &number));
	assert_false(args_number("", "N", 0, 9, &number));
	assert_false(args_number("3x", "N", 0, 9, &number));
	assert_false(args_number("10", "N", 0, 9, &number));
	assert_true(args_seconds("0.25", "T", &ms));
	assert_int_equal(ms, 250);
	assert_false(args_seconds("nan", "T", &ms));
	assert_false(args_seconds("-1", "T", &ms));
	assert_false(args_seconds("", "T", &ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_written_with_colons),
		cmocka_unit_test(nothing_that_steers_a_terminal_gets_through),
		cmocka_unit_test(json_has_the_names_of_the_grammar),
		cmocka_unit_test(a_row_of_a_desk_is_told_in_words),
		cmocka_unit_test(columns_are_as_wide_as_a_terminal_shows_them),
		cmocka_unit_test(options_may_stand_anywhere_and_repeat),
		cmocka_unit_test(numbers_are_whole_and_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
