/* Log lines on stderr, one a line: time, level, program, message. Owns the
 * level, how many lines one cause may write, and what was left out; never waits
 * for a reader of stderr (but for log_fatal, a second), never exits. Control
 * characters in arguments are shown escaped, so that a peer cannot forge a
 * line. Not to be used for message bodies or secrets. May be called from any
 * thread.
 *
 * A cause is a place in the code that logs. It may write LOG_BURST lines at
 * once and one each LOG_EVERY_MS after that; what is more is counted, and the
 * next line of that cause, or log_tick, says how many there were. A line that
 * stderr cannot take at once (a pipe that nobody reads) is lost and counted;
 * the first that it takes again is preceded by one that says how many. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum { LOG_BURST = 20, LOG_EVERY_MS = 1000 };

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Static, one for each place that logs; the macros below make them. Zero: the
 * limits above, and no waiting. */
struct log_cause {
	uint32_t burst;    /* lines at once */
	uint32_t every_ms; /* and one each after that */
	int wait_ms;       /* for stderr to take a line */
	/* Of log.c. */
	enum log_level level;
	uint64_t paid_us; /* its lines so far are paid for by then */
	uint64_t held;    /* lines left out since the last one shown */
	char start[96];   /* of the last one shown */
	struct log_cause *next;
	bool listed; /* among those that hold lines */
};

struct log_counts {
	uint64_t held; /* lines left out because their cause wrote too many */
	uint64_t lost; /* lines that stderr did not take */
};

/* program: static string shown in each line. Default level is LOG_INFO. */
void log_init(const char *program, enum log_level level);

/* Returns 0, or -1 when name is none of error, warn, info, debug. */
int log_level_parse(const char *name, enum log_level *level);

/* Keeps errno. */
void log_line(struct log_cause *cause, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* To be called now and then: says what was left out by causes that are silent
 * by now, and what was lost. Costs next to nothing when there is neither. */
void log_tick(void);

/* At a program's end: says what is still to be said. */
void log_fini(void);

void log_counts(struct log_counts *counts);

#define log_at(level, ...)                                     \
	do {                                                   \
		static struct log_cause log_cause_here;        \
		log_line(&log_cause_here, level, __VA_ARGS__); \
	} while (0)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* What may go on for long: one line each period_ms. */
#define log_each(level, period_ms, ...)                                                         \
	do {                                                                                    \
		static struct log_cause log_cause_here = {.burst = 1, .every_ms = (period_ms)}; \
		log_line(&log_cause_here, level, __VA_ARGS__);                                  \
	} while (0)

/* An error by which the program ends: stderr gets a second to take it. */
#define log_fatal(...)                                                      \
	do {                                                                \
		static struct log_cause log_cause_here = {.wait_ms = 1000}; \
		log_line(&log_cause_here, LOG_ERROR, __VA_ARGS__);          \
	} while (0)

#endif
