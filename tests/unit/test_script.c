/* A room's events become requests. Rooms and scripts are written as one line
 * each here:
 *   events   "a:hi" a says hi, "a!x" a notice, "+a" joins, "-a" leaves
 *   steps    "+ab" adds a and b, "*ab" the same as an opening, "-a" removes,
 *            "a3" a posts event 3, "a?3" a reads up to event 3 */
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

struct stage {
	struct corpus_room room;
	struct corpus_event events[16];
	struct corpus_person people[8];
	char id[2];
	char names[8][2];
};

static uint32_t person(struct stage *s, char name, bool joins)
{
	for (uint32_t i = 0; i < s->room.people_len; i++)
		if (s->names[i][0] == name)
			return i;
	uint32_t who = (uint32_t)s->room.people_len++;
	s->names[who][0] = name;
	s->people[who] = (struct corpus_person){
		.id = s->names[who],
		.joins = joins,
		.role = name >= 'x' ? CORPUS_AGENT : CORPUS_VISITOR,
	};
	return who;
}

static void stage_set(struct stage *s, const char *events)
{
	*s = (struct stage){.id = "r",
			    .room = {.id = s->id, .events = s->events, .people = s->people}};
	for (const char *at = events; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
		struct corpus_event *event = &s->events[s->room.events_len++];
		bool moves = *at == '+' || *at == '-';
		if (*at == '+')
			event->type = CORPUS_JOIN;
		else if (*at == '-')
			event->type = CORPUS_LEAVE;
		else
			event->type = at[1] == '!' ? CORPUS_NOTICE : CORPUS_TEXT;
		event->who = person(s, moves ? at[1] : at[0], *at == '+');
	}
}

static void script_spell(const struct stage *s, const struct script *script, char *out)
{
	for (size_t i = 0; i < script->len; i++) {
		const struct step *step = &script->steps[i];
		const char *who = s->names[step->who];
		if (i > 0)
			*out++ = ' ';
		switch (step->kind) {
		case STEP_ADD:
			*out++ = step->opening ? '*' : '+';
			for (uint32_t k = 0; k < step->crowd_len; k++)
				*out++ = s->names[script->crowd[step->crowd + k]][0];
			break;
		case STEP_REMOVE:
			out += sprintf(out, "-%s", who);
			break;
		case STEP_POST:
			out += sprintf(out, "%s%u", who, step->event);
			break;
		case STEP_READ:
			out += sprintf(out, "%s?%u", who, step->event);
			break;
		}
	}
	*out = '\0';
}

static void expect(const char *events, struct script_options options, const char *steps)
{
	struct stage stage;
	struct script script;
	char got[512];

	if (options.crowd_max == 0)
		options.crowd_max = 100;
	stage_set(&stage, events);
	script_make(&script, &stage.room, &options);
	script_spell(&stage, &script, got);
	script_fini(&script);
	assert_string_equal(got, steps);
}

#define PLAIN ((struct script_options){0})

static void everyone_who_does_not_join_is_there_first(void **state)
{
	(void)state;
	expect("a:hi x:hello b!ends", PLAIN, "*axb a0 x1 b2");
	expect("a:hi +x x:hello -b", PLAIN, "*ab a0 +x x2 -b");
	expect("+a a:hi", PLAIN, "+a a1");
	expect("", PLAIN, "");
}

static void opening_is_split_at_the_limit(void **state)
{
	(void)state;
	expect("a:1 b:2 c:3 d:4 e:5", ((struct script_options){.crowd_max = 2}),
	       "*ab *cd *e a0 b1 c2 d3 e4");
}

static void joins_and_leaves_that_change_nothing_are_nothing(void **state)
{
	(void)state;
	expect("a:hi +a a:ho -a -a", PLAIN, "*a a0 a2 -a");
	expect("+a -a -a +a +a", PLAIN, "+a -a +a");
}

static void who_speaks_after_leaving_is_added_first(void **state)
{
	(void)state;
	expect("a:hi -a a:again x:yes", PLAIN, "*ax a0 -a +a a2 x3");
}

static void next_speaker_reads_after_every_nth_message(void **state)
{
	(void)state;
	struct script_options two = {.read_every = 2};
	expect("a:1 x:2 a:3 x:4 a:5", two, "*ax a0 x1 a?1 a2 x3 a?3 a4");
	expect("a:1 x!2 +b b:3", two, "*ax a0 x1 +b b3");
	expect("a:1 x:2 -a x:3 a:4", two, "*ax a0 x1 x?1 -a x3 +a a4");
	expect("a:1 x:2", two, "*ax a0 x1");
}

static void resuming_posts_again_but_moves_nobody_again(void **state)
{
	(void)state;
	const char *events = "a:0 +b -a +a b:4 -b a:6 +b";
	expect(events, PLAIN, "*a a0 +b -a +a b4 -b a6 +b");
	expect(events, ((struct script_options){.resume = true, .resume_event = 0}),
	       "a0 *a +b -a +a b4 -b a6 +b");
	expect(events, ((struct script_options){.resume = true, .resume_event = 4}),
	       "a0 b4 *a -b a6 +b");
	expect(events, ((struct script_options){.resume = true, .resume_event = 6}),
	       "a0 b4 a6 *a +b");
	expect(events, ((struct script_options){.resume = true, .resume_event = 60}), "a0 b4 a6");
	expect(events, ((struct script_options){.resume = true, .resume_event = 2}),
	       "a0 *b +a b4 -b a6 +b");
}

static void resuming_reads_again_what_was_read_last(void **state)
{
	(void)state;
	struct script_options options = {.resume = true, .resume_event = 1, .read_every = 1};
	expect("a:0 b:1 a:2 b:3", options, "a0 b1 *ab a?1 a2 b?2 b3");
	expect("a:0 b:1 -a a:3", options, "a0 b1 *b -a +a a3");
}

static void resuming_does_not_bring_back_who_is_gone(void **state)
{
	(void)state;
	struct script_options options = {.resume = true, .resume_event = 1};
	expect("a:0 b:1 -a", options, "a0 b1 *b -a");
	expect("a:0 b:1 +c -c -b", options, "a0 b1 *a -c -b");
	expect("a:0 b:1 -a +a", options, "a0 b1 *ab -a +a");
	expect("a:0 b:1 -a b:3 +a -a", options, "a0 b1 *b -a b3 +a -a");
}

static void first_agent_is_the_manager(void **state)
{
	(void)state;
	struct stage stage;
	struct script script;
	struct script_options options = {.crowd_max = 10};

	stage_set(&stage, "a:1 y:2 x:3");
	script_make(&script, &stage.room, &options);
	assert_int_equal(script.manager, 1);
	script_fini(&script);
	stage_set(&stage, "a:1 b:2");
	script_make(&script, &stage.room, &options);
	assert_int_equal(script.manager, UINT32_MAX);
	script_fini(&script);
}

static void only_steps_that_may_repeat_go_together(void **state)
{
	(void)state;
	assert_true(script_together(STEP_POST, STEP_POST));
	assert_true(script_together(STEP_ADD, STEP_REMOVE));
	assert_true(script_together(STEP_REMOVE, STEP_ADD));
	assert_false(script_together(STEP_POST, STEP_REMOVE));
	assert_false(script_together(STEP_ADD, STEP_POST));
	assert_false(script_together(STEP_POST, STEP_READ));
	assert_false(script_together(STEP_READ, STEP_READ));
}

static void client_ids_go_there_and_back(void **state)
{
	(void)state;
	static const char *const foreign[] = {"",
					      "r",
					      "r-1",
					      "r+1",
					      "r01",
					      "r1x",
					      "R1",
					      "1",
					      "r 1",
					      "r4294967296",
					      "r99999999999999999999"};
	char id[SCRIPT_ID_MAX];
	uint32_t event;

	script_client_id(UINT32_MAX, id);
	assert_string_equal(id, "r4294967295");
	assert_true(script_event(id, &event));
	assert_int_equal(event, UINT32_MAX);
	assert_true(script_event("r0", &event));
	assert_int_equal(event, 0);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_false(script_event(foreign[i], &event));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everyone_who_does_not_join_is_there_first),
		cmocka_unit_test(opening_is_split_at_the_limit),
		cmocka_unit_test(joins_and_leaves_that_change_nothing_are_nothing),
		cmocka_unit_test(who_speaks_after_leaving_is_added_first),
		cmocka_unit_test(next_speaker_reads_after_every_nth_message),
		cmocka_unit_test(resuming_posts_again_but_moves_nobody_again),
		cmocka_unit_test(resuming_reads_again_what_was_read_last),
		cmocka_unit_test(resuming_does_not_bring_back_who_is_gone),
		cmocka_unit_test(first_agent_is_the_manager),
		cmocka_unit_test(only_steps_that_may_repeat_go_together),
		cmocka_unit_test(client_ids_go_there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
