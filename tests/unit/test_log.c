/* What reaches stderr, how much of it, and what is said of the rest. The clock
 * is the test's. */
#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OUT_MAX 65536

static uint64_t now_us = 1000000;

uint64_t clock_mono_us(void)
{
	return now_us;
}

uint64_t clock_wall_us(void)
{
	return now_us;
}

/* A pipe is polled as ever, but whoever would wait for it has waited at once. */
int __real_poll(struct pollfd *fds, nfds_t n, int wait_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int wait_ms);

static uint64_t waited_ms;

int __wrap_poll(struct pollfd *fds, nfds_t n, int wait_ms)
{
	assert_true(wait_ms >= 0);
	int ready = __real_poll(fds, n, 0);
	if (!ready) {
		waited_ms += (uint64_t)wait_ms;
		now_us += (uint64_t)wait_ms * 1000;
	}
	return ready;
}

static void later_ms(uint64_t ms)
{
	now_us += ms * 1000;
}

/* What one call wrote on stderr. */
static void captured(char *out, size_t size, void (*call)(void))
{
	FILE *file = tmpfile();
	assert_non_null(file);
	int kept = dup(STDERR_FILENO);
	assert_true(kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	call();
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	assert_int_equal(close(kept), 0);
	rewind(file);
	out[fread(out, 1, size - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
}

static void log_forgeries(void)
{
	log_warn("member '%s' refused", "x\n2024-01-01T00:00:00.000Z error parlord: \x1b[2J\x7f\\");
	log_warn("%s", "\xc2\x9b"
		       "2J 你好 é");
	log_warn("%s", "caf\xe9");
}

static void a_log_line_cannot_be_forged(void **state)
{
	(void)state;
	char out[OUT_MAX];
	log_init("parlord", LOG_INFO);
	captured(out, sizeof out, log_forgeries);
	int year, month, day, hour, minute, second, ms;
	assert_int_equal(sscanf(out, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ warn parlord: ", &year, &month,
				&day, &hour, &minute, &second, &ms),
			 7);
	assert_non_null(strstr(out, "member 'x\\x0a2024-01-01T00:00:00.000Z error parlord: "
				    "\\x1b[2J\\x7f\\\\' refused\n"));
	assert_non_null(strstr(out, ": \\xc2\\x9b2J 你好 é\n"));
	assert_non_null(strstr(out, ": caf\\xe9\n"));
}

static void log_at_all_levels(void)
{
	char longer[3000];
	memset(longer, 'y', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	log_debug("not shown");
	log_info("shown");
	log_error("%s", longer);
}

static void log_keeps_to_its_level_and_length(void **state)
{
	(void)state;
	char out[OUT_MAX];
	log_init("parlord", LOG_INFO);
	captured(out, sizeof out, log_at_all_levels);
	assert_null(strstr(out, "not shown"));
	assert_non_null(strstr(out, " info parlord: shown\n"));
	assert_non_null(strstr(out, "yyy...\n"));
	assert_true(strlen(out) < 1200);
	log_init("parlord", LOG_ERROR);
	captured(out, sizeof out, log_at_all_levels);
	assert_null(strstr(out, "shown"));
}

static void log_levels_have_names(void **state)
{
	(void)state;
	static const char *const names[] = {"error", "warn", "info", "debug"};
	enum log_level level;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(log_level_parse(names[i], &level), 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(log_level_parse("INFO", &level), -1);
	assert_int_equal(log_level_parse("", &level), -1);
}

/* ---- lines of one cause -------------------------------------------------- */

static size_t count(const char *text, const char *word)
{
	size_t n = 0;
	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		n++;
	return n;
}

static void refuse(int strangers)
{
	for (int i = 0; i < strangers; i++)
		log_warn("stranger %d was refused", i);
}

static void a_thousand_strangers(void)
{
	refuse(1000);
	log_warn("something else");
}

static void one_stranger(void)
{
	refuse(1);
}

static void one_cause_writes_so_much_and_others_are_heard(void **state)
{
	(void)state;
	struct log_counts before, after;
	char out[OUT_MAX];
	log_init("parlord", LOG_INFO);
	log_counts(&before);
	captured(out, sizeof out, a_thousand_strangers);
	assert_int_equal(count(out, "was refused"), LOG_BURST);
	assert_int_equal(count(out, "something else\n"), 1);
	log_counts(&after);
	assert_int_equal(after.held - before.held, 1000 - LOG_BURST);
	assert_int_equal(after.lost, before.lost);
	/* Its next line says how many there were: once. */
	later_ms(LOG_EVERY_MS);
	captured(out, sizeof out, one_stranger);
	assert_non_null(strstr(out, ": stranger 0 was refused (and 980 more like it)\n"));
	later_ms(LOG_EVERY_MS);
	captured(out, sizeof out, one_stranger);
	assert_non_null(strstr(out, ": stranger 0 was refused\n"));
	captured(out, sizeof out, log_tick);
	assert_string_equal(out, "");
	later_ms((uint64_t)LOG_BURST * LOG_EVERY_MS);
}

static void what_was_left_out_is_said_though_its_cause_is_silent(void **state)
{
	(void)state;
	char out[OUT_MAX];
	captured(out, sizeof out, a_thousand_strangers);
	captured(out, sizeof out, log_tick);
	assert_string_equal(out, "");
	later_ms(LOG_EVERY_MS);
	captured(out, sizeof out, log_tick);
	assert_int_equal(count(out, "\n"), 1);
	assert_non_null(strstr(out, " warn parlord: and 980 more like: stranger 19 was refused\n"));
	captured(out, sizeof out, log_tick);
	assert_string_equal(out, "");
	/* And at the end at once. */
	captured(out, sizeof out, a_thousand_strangers);
	captured(out, sizeof out, log_fini);
	assert_non_null(strstr(out, ": and 1000 more like: stranger 19 was refused\n"));
	later_ms((uint64_t)LOG_BURST * LOG_EVERY_MS);
}

static void no_room(void)
{
	for (int i = 0; i < 5; i++)
		log_each(LOG_WARN, 10000, "no room");
}

static void what_goes_on_is_said_once_a_while(void **state)
{
	(void)state;
	char out[OUT_MAX];
	captured(out, sizeof out, no_room);
	assert_int_equal(count(out, "no room\n"), 1);
	later_ms(9999);
	captured(out, sizeof out, no_room);
	assert_string_equal(out, "");
	later_ms(1);
	captured(out, sizeof out, no_room);
	assert_int_equal(count(out, "\n"), 1);
	assert_non_null(strstr(out, "no room (and 9 more like it)\n"));
	captured(out, sizeof out, log_fini);
}

/* ---- a stderr that nobody reads -------------------------------------------- */

struct pipe_world {
	int read, kept;
};

/* stderr is a pipe, and full. */
static void pipe_open(struct pipe_world *w)
{
	static const char junk[PIPE_BUF];
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	w->read = ends[0];
	w->kept = dup(STDERR_FILENO);
	assert_true(w->kept >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(fcntl(w->read, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK), 0);
	while (write(STDERR_FILENO, junk, sizeof junk) > 0)
		;
	assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, 0), 0);
}

static void pipe_read(const struct pipe_world *w, char *out, size_t size)
{
	size_t len = 0;
	for (ssize_t n = 1; n > 0 && len<size - 1; len += n> 0 ? (size_t)n : 0)
		n = read(w->read, out + len, size - 1 - len);
	out[len] = '\0';
}

static void pipe_close(const struct pipe_world *w)
{
	assert_true(dup2(w->kept, STDERR_FILENO) >= 0);
	assert_int_equal(close(w->kept), 0);
	assert_int_equal(close(w->read), 0);
}

static void a_full_stderr_holds_nobody_up_and_its_reader_is_told(void **state)
{
	(void)state;
	static char out[2 * OUT_MAX];
	struct pipe_world w;
	struct log_counts before, after;
	log_counts(&before);
	pipe_open(&w);
	alarm(60); /* a write that waits would wait for ever */
	waited_ms = 0;
	refuse(5);
	log_tick();
	assert_int_equal(waited_ms, 0);
	log_counts(&after);
	pipe_read(&w, out, sizeof out);
	log_warn("read again");
	pipe_read(&w, out, sizeof out);
	alarm(0);
	pipe_close(&w);
	assert_int_equal(after.lost - before.lost, 5);
	assert_int_equal(count(out, "\n"), 2);
	assert_non_null(strstr(out, " warn parlord: 5 log lines were lost: stderr was full\n"));
	assert_non_null(strstr(out, ": read again\n"));
}

static void what_was_lost_is_told_without_another_line(void **state)
{
	(void)state;
	static char out[2 * OUT_MAX];
	struct pipe_world w;
	pipe_open(&w);
	alarm(60);
	log_warn("lost");
	log_tick();
	pipe_read(&w, out, sizeof out);
	later_ms(1000);
	log_tick();
	pipe_read(&w, out, sizeof out);
	alarm(0);
	pipe_close(&w);
	assert_non_null(strstr(out, ": 1 log lines were lost: stderr was full\n"));
}

static void the_last_word_waits_for_a_reader_but_not_for_ever(void **state)
{
	(void)state;
	struct pipe_world w;
	struct log_counts before, after;
	log_counts(&before);
	pipe_open(&w);
	alarm(60);
	waited_ms = 0;
	log_fatal("stopping at once");
	alarm(0);
	pipe_close(&w);
	log_counts(&after);
	assert_int_equal(after.lost - before.lost, 1);
	assert_int_equal(waited_ms, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_line_cannot_be_forged),
		cmocka_unit_test(log_keeps_to_its_level_and_length),
		cmocka_unit_test(log_levels_have_names),
		cmocka_unit_test(one_cause_writes_so_much_and_others_are_heard),
		cmocka_unit_test(what_was_left_out_is_said_though_its_cause_is_silent),
		cmocka_unit_test(what_goes_on_is_said_once_a_while),
		cmocka_unit_test(a_full_stderr_holds_nobody_up_and_its_reader_is_told),
		cmocka_unit_test(what_was_lost_is_told_without_another_line),
		cmocka_unit_test(the_last_word_waits_for_a_reader_but_not_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
