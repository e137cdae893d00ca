/* Reading recorded conversations: what a good file gives, and what every kind
 * of bad one is refused with. */
#include "corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char path[] = "/tmp/parlor-corpus-XXXXXX";

static int make_file(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int drop_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_bytes(const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const char *text)
{
	write_bytes(text, strlen(text));
}

static struct corpus *opened(void)
{
	struct corpus *corpus;
	assert_int_equal(corpus_open(&corpus, path, CORPUS_ROOM_BYTES_DEFAULT), PARLOR_E_OK);
	return corpus;
}

#define EVENT(room, seq, t, from, role, type, body)                             \
	"{\"room\":\"" room "\",\"seq\":" #seq ",\"t\":" #t ",\"from\":\"" from \
	"\",\"role\":\"" role "\",\"type\":\"" type "\",\"body\":\"" body "\"}\n"

#define TWO_ROOMS                                                      \
	EVENT("a", 0, 1000, "lin", "visitor", "text", "你好")          \
	EVENT("a", 1, 1000, "eve", "agent", "join", "")                \
	EVENT("a", 2, 2500, "lin", "visitor", "notice", "two\\nlines") \
	EVENT("b", 0, null, "eve", "agent", "leave", "bye")

static void expect_two_rooms(struct corpus *corpus)
{
	struct corpus_room *room;

	assert_int_equal(corpus_read(corpus, &room), PARLOR_E_OK);
	assert_string_equal(room->id, "a");
	assert_true(room->timed);
	assert_int_equal(room->events_len, 3);
	assert_int_equal(room->people_len, 2);
	assert_string_equal(room->people[0].id, "lin");
	assert_false(room->people[0].joins);
	assert_int_equal(room->people[0].role, CORPUS_VISITOR);
	assert_true(room->people[1].joins);
	assert_int_equal(room->people[1].role, CORPUS_AGENT);
	assert_int_equal(room->events[1].type, CORPUS_JOIN);
	assert_int_equal(room->events[1].who, 1);
	assert_int_equal(room->events[2].type, CORPUS_NOTICE);
	assert_int_equal(room->events[2].t_ms, 2500);
	assert_string_equal(room->events[2].body, "two\nlines");
	assert_string_equal(room->events[0].body, "你好");
	corpus_room_free(room);

	assert_int_equal(corpus_read(corpus, &room), PARLOR_E_OK);
	assert_string_equal(room->id, "b");
	assert_false(room->timed);
	assert_int_equal(room->events_len, 1);
	assert_int_equal(room->events[0].type, CORPUS_LEAVE);
	corpus_room_free(room);

	assert_int_equal(corpus_read(corpus, &room), PARLOR_E_OK);
	assert_null(room);
}

static void rooms_come_one_by_one(void **state)
{
	(void)state;
	uint64_t done;
	uint64_t total;

	write_text(TWO_ROOMS);
	struct corpus *corpus = opened();
	expect_two_rooms(corpus);
	assert_true(corpus_progress(corpus, &done, &total));
	assert_int_equal(done, total);
	corpus_close(corpus);
}

static void gzip_reads_like_plain_text(void **state)
{
	(void)state;
	gzFile file = gzopen(path, "wb");
	assert_non_null(file);
	assert_true(gzputs(file, TWO_ROOMS) > 0);
	assert_int_equal(gzclose(file), Z_OK);
	struct corpus *corpus = opened();
	expect_two_rooms(corpus);
	corpus_close(corpus);
}

static void last_line_needs_no_newline(void **state)
{
	(void)state;
	write_bytes(TWO_ROOMS, strlen(TWO_ROOMS) - 1);
	struct corpus *corpus = opened();
	expect_two_rooms(corpus);
	corpus_close(corpus);
}

static void empty_file_has_no_room(void **state)
{
	(void)state;
	struct corpus_room *room;

	write_text("");
	struct corpus *corpus = opened();
	assert_int_equal(corpus_read(corpus, &room), PARLOR_E_OK);
	assert_null(room);
	corpus_close(corpus);
}

/* Reads until the error and returns how many rooms came before. The error must
 * hold `text` and stay. */
static size_t expect_error(enum parlor_err err, const char *text)
{
	struct corpus *corpus = opened();
	struct corpus_room *room;
	size_t rooms = 0;
	enum parlor_err got;

	while ((got = corpus_read(corpus, &room)) == PARLOR_E_OK) {
		assert_non_null(room);
		corpus_room_free(room);
		rooms++;
	}
	assert_null(room);
	assert_int_equal(got, err);
	assert_int_equal(strncmp(corpus_error(corpus), path, strlen(path)), 0);
	if (strstr(corpus_error(corpus), text) == NULL)
		fail_msg("'%s' lacks '%s'", corpus_error(corpus), text);
	assert_int_equal(corpus_read(corpus, &room), err);
	corpus_close(corpus);
	return rooms;
}

static void bad_lines_name_line_and_reason(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		const char *reason;
	} cases[] = {
		{"hello\n", ":5: not a JSON object"},
		{"\n", ":5: not a JSON object"},
		{"[1,2]\n", ":5: Expected object"},
		{"{\"room\":\"c\",\"seq\":0,\"t\":null,\"from\":\"x\",\"role\":\"agent\","
		 "\"type\":\"text\"}\n",
		 ":5: Object item not found: body"},
		{"{\"room\":\"c\",\"room\":\"d\"}\n",
		 ":5: not a JSON object: duplicate object key"},
		{"{\"room\":7,\"seq\":0,\"t\":null,\"from\":\"x\",\"role\":\"agent\","
		 "\"type\":\"text\",\"body\":\"\"}\n",
		 ":5: Expected string, got integer"},
		{"{\"room\":\"c\",\"seq\":0,\"t\":1.5,\"from\":\"x\",\"role\":\"agent\","
		 "\"type\":\"text\",\"body\":\"\"}\n",
		 ":5: t must be an integer or null"},
		{EVENT("", 0, null, "x", "agent", "text", "hi"), ":5: room and from must not be"},
		{EVENT("c", 0, null, "", "agent", "text", "hi"), ":5: room and from must not be"},
		{EVENT("c", 0, null, "x", "boss", "text", "hi"), ":5: role is none of"},
		{EVENT("c", 0, null, "x", "agent", "video", "hi"), ":5: type is none of"},
		{EVENT("c", 1, null, "x", "agent", "text", "hi"), ":5: seq 1 where 0 is next"},
		{EVENT("a", 3, 3000, "lin", "visitor", "text", "hi"), ":5: seq 3 where 0 is next"},
		{EVENT("b", 1, 3000, "x", "agent", "text", "hi"), ":5: within a room all t"},
		{EVENT("c", 0, null, "x", "agent", "text", "\xff"), ":5: not a JSON object"},
		{EVENT("c", 0, null, "x", "agent", "text", "\\u0000"), ":5: not a JSON object"},
		{"{\"room\":\"c\",\"se", ":5: not a JSON object"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[2048];
		snprintf(text, sizeof(text), "%s%s", TWO_ROOMS, cases[i].line);
		write_text(text);
		size_t rooms = expect_error(PARLOR_E_VALUE, cases[i].reason);
		assert_in_range(rooms, 1, 2);
	}
}

static void time_must_not_go_back(void **state)
{
	(void)state;
	write_text(EVENT("a", 0, 1000, "lin", "visitor", "text", "hi")
			   EVENT("a", 1, 999, "lin", "visitor", "text", "hi"));
	assert_int_equal(expect_error(PARLOR_E_VALUE, ":2: t goes back"), 0);
}

static void cut_off_archive_is_an_error(void **state)
{
	(void)state;
	char packed[4096];

	gzFile file = gzopen(path, "wb");
	assert_non_null(file);
	assert_true(gzputs(file, TWO_ROOMS) > 0);
	assert_int_equal(gzclose(file), Z_OK);
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	size_t len = fread(packed, 1, sizeof(packed), in);
	assert_int_equal(fclose(in), 0);
	for (size_t cut = 20; cut < len; cut++) {
		write_bytes(packed, cut);
		expect_error(PARLOR_E_VALUE, "archive is damaged or cut off");
	}
	packed[len - 6] ^= 1;
	write_bytes(packed, len);
	expect_error(PARLOR_E_VALUE, "archive is damaged or cut off");
}

static void long_line_is_refused(void **state)
{
	(void)state;
	size_t len = 2 * CORPUS_LINE_MAX;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'x', len);
	write_bytes(text, len);
	expect_error(PARLOR_E_TOO_LONG, ":1: line is longer than");
	free(text);
}

static void large_room_is_refused(void **state)
{
	(void)state;
	struct corpus *corpus;
	struct corpus_room *room;

	write_text(TWO_ROOMS);
	assert_int_equal(corpus_open(&corpus, path, 150), PARLOR_E_OK);
	assert_int_equal(corpus_read(corpus, &room), PARLOR_E_TOO_LONG);
	assert_null(room);
	assert_non_null(strstr(corpus_error(corpus), "room a takes more than 150 bytes"));
	corpus_close(corpus);
}

static void missing_file_and_directory_are_errors(void **state)
{
	(void)state;
	struct corpus *corpus;

	assert_int_equal(corpus_open(&corpus, "/nowhere/at.all", 1000), PARLOR_E_IO);
	assert_non_null(strstr(corpus_error(corpus), "/nowhere/at.all: No such file"));
	corpus_close(corpus);
	assert_int_equal(corpus_open(&corpus, "/tmp", 1000), PARLOR_E_IO);
	assert_non_null(strstr(corpus_error(corpus), "/tmp: Is a directory"));
	corpus_close(corpus);
}

static void sample_is_well_formed(void **state)
{
	(void)state;
	struct corpus *corpus;
	struct corpus_room *room;
	size_t rooms = 0;
	size_t events = 0;

	assert_int_equal(
		corpus_open(&corpus, PARLOR_TEST_DATA "/sample.ndjson", CORPUS_ROOM_BYTES_DEFAULT),
		PARLOR_E_OK);
	for (;;) {
		if (corpus_read(corpus, &room) != PARLOR_E_OK)
			fail_msg("%s", corpus_error(corpus));
		if (room == NULL)
			break;
		rooms++;
		events += room->events_len;
		corpus_room_free(room);
	}
	assert_in_range(rooms, 10, 20);
	assert_in_range(events, 250, 400);
	corpus_close(corpus);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, drop_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(rooms_come_one_by_one),
		WITH_FILE(gzip_reads_like_plain_text),
		WITH_FILE(last_line_needs_no_newline),
		WITH_FILE(empty_file_has_no_room),
		WITH_FILE(bad_lines_name_line_and_reason),
		WITH_FILE(time_must_not_go_back),
		WITH_FILE(cut_off_archive_is_an_error),
		WITH_FILE(long_line_is_refused),
		WITH_FILE(large_room_is_refused),
		cmocka_unit_test(missing_file_and_directory_are_errors),
		cmocka_unit_test(sample_is_well_formed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
