#include "log.h"

#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Longest message before escaping; the rest is cut and marked. */
#define MESSAGE_MAX 900
/* A byte becomes at most four (\xNN); with its head a line stays below
 * PIPE_BUF, so lines of several processes on one pipe do not mix. */
#define LINE_MAX_BYTES (4 * MESSAGE_MAX + 256)
#define HEAD_MAX 200

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *log_program = "parlor";
static enum log_level log_threshold = LOG_INFO;

void log_init(const char *program, enum log_level level)
{
	log_program = program;
	log_threshold = level;
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++)
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	return -1;
}

static size_t put_head(char *line, enum log_level level)
{
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t n = strftime(line, HEAD_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
	int more = snprintf(line + n, HEAD_MAX - n, ".%03ldZ %s %s: ", now.tv_nsec / 1000000,
			    level_names[level], log_program);
	size_t want = more > 0 ? (size_t)more : 0;
	return want < HEAD_MAX - n ? n + want : HEAD_MAX - 1;
}

/* Shows bytes[i] as it is? C0, DEL, the backslash (else an escape could be
 * forged), C1 (a terminal obeys them) and whatever is no UTF-8 are not. */
static bool printable(const uint8_t *bytes, size_t len, size_t i, bool utf8)
{
	uint8_t c = bytes[i];
	if (c < 0x20 || c == 0x7f || c == '\\')
		return false;
	if (c < 0x80)
		return true;
	if (!utf8)
		return false;
	bool c1_lead = c == 0xc2 && i + 1 < len && bytes[i + 1] < 0xa0;
	bool c1_trail = i > 0 && bytes[i - 1] == 0xc2 && c < 0xa0;
	return !c1_lead && !c1_trail;
}

static size_t put_escaped(char *to, const char *message, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *bytes = (const uint8_t *)message;
	bool utf8 = text_valid(message, len);
	char *at = to;
	for (size_t i = 0; i < len; i++) {
		if (printable(bytes, len, i, utf8)) {
			*at++ = message[i];
			continue;
		}
		*at++ = '\\';
		if (bytes[i] == '\\') {
			*at++ = '\\';
			continue;
		}
		*at++ = 'x';
		*at++ = hex[bytes[i] >> 4];
		*at++ = hex[bytes[i] & 15];
	}
	return (size_t)(at - to);
}

/* A line that stderr does not take is lost: there is nowhere left to say so. */
static void write_all(const char *at, size_t left)
{
	while (left > 0) {
		ssize_t n = write(STDERR_FILENO, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += n;
		left -= (size_t)n;
	}
}

void log_line(enum log_level level, const char *format, ...)
{
	if (level > log_threshold)
		return;
	int saved = errno;
	char message[MESSAGE_MAX + 1];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(message, sizeof message, format, args);
	va_end(args);
	size_t whole = n > 0 ? (size_t)n : 0;
	size_t len =
		whole < sizeof message ? whole : text_cut(message, MESSAGE_MAX, MESSAGE_MAX - 4);

	char line[LINE_MAX_BYTES];
	size_t at = put_head(line, level);
	at += put_escaped(line + at, message, len);
	if (len < whole) {
		memcpy(line + at, "...", 3);
		at += 3;
	}
	line[at++] = '\n';
	write_all(line, at);
	errno = saved;
}
