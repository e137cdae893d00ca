/* A process that writes the log, killed behind each of its steps: making, beginning, renaming and
 * removing a segment, a write, a flush. What it said was durable is there, once and in order. */
#include "wal_world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FRAMES 1500
#define TIMES 12

/* What a writer says before it goes on. */
struct said {
	uint64_t durable, retired;
};

static void write_all(struct wal_world *w, int to)
{
	struct said said = {.retired = w->options.applied};

	open_wal(w);
	for (uint64_t i = 1; i <= FRAMES; i++) {
		write_frame(w);
		said.durable = wal_durable(w->wal);
		/* Much is kept, then let go at once: segments are made, renamed and removed. */
		if (i % 300 == 0)
			said.retired = said.durable - 3;
		assert_int_equal(write(to, &said, sizeof said), sizeof said);
		wal_retire(w->wal, said.retired);
		wal_work(w->wal, i);
	}
}

/* What a process said that was killed the n-th time it was there; false: it came to its end. */
static bool killed_at(struct wal_world *w, const char *label, int n, struct said *last)
{
	int fds[2], status;
	struct said said;
	char at[64];

	snprintf(at, sizeof at, "%s:%d", label, n);
	assert_int_equal(pipe(fds), 0);
	pid_t child = fork();
	if (child == 0) {
		setenv("PARLOR_DIE_AT", at, 1);
		write_all(w, fds[1]);
		_exit(0);
	}
	assert_int_equal(close(fds[1]), 0);
	while (read(fds[0], &said, sizeof said) == sizeof said)
		*last = said;
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

static void a_writer_killed_at_each_step_loses_nothing(void **state)
{
	static const char *const labels[] = {"segment_filled",  "segment_made", "segment_renamed",
					     "segment_removed", "wal_written",  "wal_flushed"};
	struct wal_world *w = *state;
	unsigned kills = 0;

	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
		for (int n = 1; n <= TIMES; n++) {
			struct said said = {.durable = w->last, .retired = w->options.applied};
			kills += killed_at(w, labels[i], n, &said);
			w->options.applied = said.retired;
			open_wal(w);
			assert_in_range(w->last, said.durable, said.durable + 1);
			close_wal(w);
		}
	assert_int_equal(kills, TIMES * sizeof labels / sizeof labels[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_writer_killed_at_each_step_loses_nothing,
						set_up_wal, tear_down_wal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
