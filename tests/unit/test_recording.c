/* Journal entries become lines, lines become events: what goes in comes out,
 * and what is no line of a recording is refused with its reason. */
#include "core/kinds.h"
#include "noun/noun.h"
#include "recording.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static char *text(const char *t)
{
	return (char *)(uintptr_t)t;
}

struct stage {
	struct buf head;
	Parlor__JournalEntry entry;
	Parlor__Event event;
};

/* An entry whose record is of that kind, with an event that has yet no content. */
static void stage_set(struct stage *s, enum record_kind_no kind)
{
	struct record r = {
		.position = 77, .time_us = 5000, .kind = kind, .tenant = 1, .room = 1, .member = 1};
	*s = (struct stage){.entry = PARLOR__JOURNAL_ENTRY__INIT, .event = PARLOR__EVENT__INIT};
	record_encode(&s->head, &r);
	s->event.position = 77;
	s->event.time_us = UINT64_C(1700000000123456);
	s->event.room = text("desk");
	s->entry.position = 77;
	s->entry.tenant = text("acme");
	s->entry.head = (ProtobufCBinaryData){s->head.len, s->head.data};
	s->entry.event = &s->event;
}

static json_t *put(struct stage *s)
{
	json_t *line;
	assert_int_equal(recording_event_put(&line, &s->entry, true), PARLOR_E_OK);
	assert_non_null(line);
	buf_fini(&s->head);
	return line;
}

static struct recording_event get(json_t *line)
{
	struct recording_event e;
	char why[160] = "";
	if (recording_event_get(&e, line, why) != PARLOR_E_OK)
		fail_msg("%s", why);
	return e;
}

static void a_message_keeps_all_it_has(void **state)
{
	(void)state;
	struct stage s;
	char *mentions[] = {text("bob"), text("客服小李")};
	Parlor__Message m = PARLOR__MESSAGE__INIT;
	stage_set(&s, RECORD_POSTED);
	m.seq = 12;
	m.sender = text("ann");
	m.type = PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE;
	m.content_type = PARLOR__CONTENT_TYPE__CONTENT_FILE;
	m.body = text("line\n\"two\" 👋 \x01");
	m.client_id = text("c-1");
	m.mentions = mentions;
	m.n_mentions = 2;
	s.event.kind_case = PARLOR__EVENT__KIND_POSTED;
	s.event.posted = &m;
	json_t *line = put(&s);
	struct recording_event e = get(line);
	assert_string_equal(e.kind->type, "text");
	assert_int_equal(e.position, 77);
	assert_int_equal(e.t_ms, 1700000000123);
	assert_string_equal(e.tenant, "acme");
	assert_string_equal(e.room, "desk");
	assert_string_equal(e.from, "ann");
	assert_int_equal(e.seq, 12);
	assert_string_equal(e.body, m.body);
	assert_string_equal(e.client_id, "c-1");
	assert_int_equal(e.content, PARLOR__CONTENT_TYPE__CONTENT_FILE);
	assert_int_equal(json_array_size(e.mentions), 2);
	assert_string_equal(json_string_value(json_array_get(e.mentions, 1)), "客服小李");
	assert_false(e.recalled);
	json_decref(line);
}

static void a_recalled_notice_of_the_system_is_one(void **state)
{
	(void)state;
	struct stage s;
	Parlor__Message m = PARLOR__MESSAGE__INIT;
	stage_set(&s, RECORD_POSTED);
	m.seq = 1;
	m.type = PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE;
	m.recalled = true;
	s.event.kind_case = PARLOR__EVENT__KIND_POSTED;
	s.event.posted = &m;
	json_t *line = put(&s);
	struct recording_event e = get(line);
	assert_string_equal(e.kind->type, "notice");
	assert_string_equal(e.from, "");
	assert_string_equal(e.body, "");
	assert_true(e.recalled);
	json_decref(line);
}

static void rooms_and_members_keep_their_profiles(void **state)
{
	(void)state;
	struct stage s;
	Parlor__MemberSpec spec = PARLOR__MEMBER_SPEC__INIT;
	Parlor__RoomChanged room = PARLOR__ROOM_CHANGED__INIT;
	stage_set(&s, RECORD_JOINED);
	spec.member = text("ann");
	spec.type = PARLOR__MEMBER_TYPE__MEMBER_MANAGER;
	spec.name = text("Ann");
	spec.avatar = text("/a.png");
	s.event.kind_case = PARLOR__EVENT__KIND_JOINED;
	s.event.joined = &spec;
	json_t *line = put(&s);
	struct recording_event e = get(line);
	assert_string_equal(e.kind->type, "join");
	assert_true(e.agent);
	assert_string_equal(e.name, "Ann");
	assert_string_equal(e.avatar, "/a.png");
	json_decref(line);

	stage_set(&s, RECORD_ROOM_CREATED);
	room.name = text("Desk");
	room.state = PARLOR__ROOM_STATE__ROOM_OPEN;
	room.history_open = true;
	s.event.kind_case = PARLOR__EVENT__KIND_ROOM_CHANGED;
	s.event.room_changed = &room;
	line = put(&s);
	e = get(line);
	assert_string_equal(e.kind->type, "create");
	assert_string_equal(e.body, "Desk");
	assert_true(e.open);
	json_decref(line);

	stage_set(&s, RECORD_ROOM_STATE);
	room.state = PARLOR__ROOM_STATE__ROOM_DISSOLVED;
	s.event.kind_case = PARLOR__EVENT__KIND_ROOM_CHANGED;
	s.event.room_changed = &room;
	line = put(&s);
	e = get(line);
	assert_string_equal(e.kind->type, "state");
	assert_string_equal(e.body, "dissolved");
	json_decref(line);
}

static void the_tools_know_every_kind_of_record(void **state)
{
	(void)state;
	for (unsigned no = 1; no <= RECORD_KIND_MAX; no++) {
		if (!record_kind(no))
			continue;
		const struct kind *kind = kind_of_record((enum record_kind_no)no);
		assert_non_null(kind);
		assert_non_null(kind->what);
		bool is_line = record_kind(no)->partition != PARTITION_NO;
		assert_true(!is_line == !kind->type);
		if (is_line)
			assert_ptr_equal(kind_of_type(kind->type), kind);
		if (kind->needs & LINE_NEEDS_ROOM)
			assert_non_null(kind->operation);
	}
}

static void what_only_gives_a_number_to_a_name_is_no_line(void **state)
{
	(void)state;
	struct stage s;
	json_t *line;
	stage_set(&s, RECORD_MEMBER);
	s.entry.event = NULL;
	assert_int_equal(recording_event_put(&line, &s.entry, true), PARLOR_E_OK);
	assert_null(line);
	buf_fini(&s.head);
}

static void an_entry_whose_event_is_of_another_kind_is_refused(void **state)
{
	(void)state;
	struct stage s;
	json_t *line;
	Parlor__Left left = PARLOR__LEFT__INIT;
	stage_set(&s, RECORD_POSTED);
	s.event.kind_case = PARLOR__EVENT__KIND_LEFT;
	s.event.left = &left;
	assert_int_equal(recording_event_put(&line, &s.entry, true), PARLOR_E_VALUE);
	s.entry.event = NULL;
	assert_int_equal(recording_event_put(&line, &s.entry, true), PARLOR_E_VALUE);
	s.entry.head.len = 1;
	assert_int_equal(recording_event_put(&line, &s.entry, true), PARLOR_E_VALUE);
	buf_fini(&s.head);
}

static void headers(void **state)
{
	(void)state;
	char why[160];
	struct recording_header h = {
		.version = RECORDING_VERSION, .tenant = "acme", .journal = INT64_MAX, .from = 9};
	struct recording_header again;
	json_t *line = recording_header_put(&h);
	assert_true(recording_is_header(line));
	assert_int_equal(recording_header_get(&again, line, why), PARLOR_E_OK);
	assert_int_equal(again.journal, INT64_MAX);
	assert_int_equal(again.from, 9);
	assert_string_equal(again.tenant, "acme");
	json_object_set_new(line, "recording", json_integer(RECORDING_VERSION + 1));
	assert_int_equal(recording_header_get(&again, line, why), PARLOR_E_VERSION);
	json_object_set_new(line, "recording", json_string("1"));
	assert_int_equal(recording_header_get(&again, line, why), PARLOR_E_VALUE);
	json_decref(line);
}

#define LINE(rest) "{\"room\":\"r\",\"seq\":1,\"t\":1,\"from\":\"a\",\"role\":\"member\"," rest "}"

static void what_is_no_event_is_refused_with_its_reason(void **state)
{
	(void)state;
	static const struct {
		const char *line, *reason;
	} wrong[] = {
		{"{}", "room"},
		{"[]", "object"},
		{LINE("\"type\":\"text\",\"body\":\"\""), "client_id"},
		{LINE("\"type\":\"text\",\"body\":7"), "string"},
		{LINE("\"type\":\"dance\",\"body\":\"\""), "type"},
		{LINE("\"type\":\"state\",\"body\":\"\""), "body"},
		{LINE("\"type\":\"state\",\"body\":\"ajar\""), "body"},
		{LINE("\"type\":\"presence\",\"body\":\"there\""), "body"},
		{LINE("\"type\":\"join\",\"body\":\"\",\"name\":1"), "string"},
		{LINE("\"type\":\"join\",\"body\":\"\",\"content\":\"song\""), "content"},
		{LINE("\"type\":\"text\",\"body\":\"\",\"client_id\":\"c\",\"mentions\":\"b\""),
		 "list"},
		{LINE("\"type\":\"text\",\"body\":\"\",\"client_id\":\"c\",\"mentions\":[1]"),
		 "texts"},
		{"{\"room\":\"\",\"seq\":1,\"t\":1,\"from\":\"a\",\"role\":\"member\",\"type\":"
		 "\"join\","
		 "\"body\":\"\"}",
		 "room"},
		{"{\"room\":\"r\",\"seq\":0,\"t\":1,\"from\":\"a\",\"role\":\"member\",\"type\":"
		 "\"recall\",\"body\":\"\"}",
		 "seq"},
		{"{\"room\":\"r\",\"seq\":-1,\"t\":1,\"from\":\"a\",\"role\":\"member\",\"type\":"
		 "\"read\",\"body\":\"\"}",
		 "seq"},
		{"{\"room\":\"r\",\"seq\":1,\"t\":1,\"from\":\"\",\"role\":\"member\",\"type\":"
		 "\"leave\","
		 "\"body\":\"\"}",
		 "from"},
		{"{\"room\":\"r\",\"seq\":1,\"t\":1,\"from\":\"a\",\"role\":\"king\",\"type\":"
		 "\"leave\","
		 "\"body\":\"\"}",
		 "role"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct recording_event e;
		char why[160] = "";
		json_t *line = json_loads(wrong[i].line, 0, NULL);
		assert_non_null(line);
		if (recording_event_get(&e, line, why) == PARLOR_E_OK)
			fail_msg("%s is taken", wrong[i].line);
		if (!strstr(why, wrong[i].reason))
			fail_msg("%s: %s", wrong[i].line, why);
		json_decref(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_keeps_all_it_has),
		cmocka_unit_test(a_recalled_notice_of_the_system_is_one),
		cmocka_unit_test(rooms_and_members_keep_their_profiles),
		cmocka_unit_test(the_tools_know_every_kind_of_record),
		cmocka_unit_test(what_only_gives_a_number_to_a_name_is_no_line),
		cmocka_unit_test(an_entry_whose_event_is_of_another_kind_is_refused),
		cmocka_unit_test(headers),
		cmocka_unit_test(what_is_no_event_is_refused_with_its_reason),
	};
	return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
