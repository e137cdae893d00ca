#include "log.h"

#include "clock.h"
#include "text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Longest message before escaping; the rest is cut and marked. */
#define MESSAGE_MAX 900
#define HEAD_MAX 200
#define TAIL_MAX 64
/* A byte becomes at most four (\xNN). */
#define LINE_MAX_BYTES (4 * MESSAGE_MAX + HEAD_MAX + TAIL_MAX)
#define US_PER_MS 1000
#define TRIES_MAX 2 /* a signal, or another process was faster */
/* How often a stderr that took nothing is tried again for the sake of a number. */
#define LOST_AGAIN_US 1000000

/* A pipe takes a line whole or not at all, and does not mix those of several
 * processes. */
_Static_assert(LINE_MAX_BYTES <= PIPE_BUF, "a line is written at once");

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *log_program = "parlor";
static enum log_level log_threshold = LOG_INFO;

/* Of all threads, under the lock. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_cause *holding; /* causes with lines left out */
static struct log_counts counts;
static uint64_t lost_untold;
static uint64_t lost_again_us;
static atomic_bool untold; /* there is something for log_tick */

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

/* ---- writing ------------------------------------------------------------- */

/* A file has no reader to wait for. */
static bool is_file(void)
{
	struct stat st;
	return fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

static bool has_room(int wait_ms)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
	int n;
	do
		n = poll(&fd, 1, wait_ms);
	while (n < 0 && errno == EINTR);
	return n > 0 && (fd.revents & POLLOUT);
}

/* Not by O_NONBLOCK, which would be set for every process that shares stderr.
 * Whoever shares it may fill it after the poll: so the write must not wait
 * either, where the system can promise that. */
static ssize_t write_at_once(const char *line, size_t len)
{
	struct iovec part = {.iov_base = (char *)(uintptr_t)line, .iov_len = len};
	if (is_file())
		return write(STDERR_FILENO, line, len);
	ssize_t n = pwritev2(STDERR_FILENO, &part, 1, -1, RWF_NOWAIT);
	if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL))
		n = write(STDERR_FILENO, line, len);
	return n;
}

static bool write_line(const char *line, size_t len, int wait_ms)
{
	ssize_t n = -1;
	for (int tries = 0; n < 0 && tries < TRIES_MAX && has_room(wait_ms); tries++)
		n = write_at_once(line, len);
	return n == (ssize_t)len;
}

static size_t put_line(char *line, enum log_level level, const char *message, size_t whole,
		       uint64_t held)
{
	size_t len = whole <= MESSAGE_MAX ? whole : text_cut(message, MESSAGE_MAX, MESSAGE_MAX - 4);
	size_t at = put_head(line, level);
	at += put_escaped(line + at, message, len);
	if (len < whole) {
		memcpy(line + at, "...", 3);
		at += 3;
	}
	if (held)
		at += (size_t)snprintf(line + at, TAIL_MAX, " (and %" PRIu64 " more like it)",
				       held);
	line[at++] = '\n';
	assert(at <= LINE_MAX_BYTES);
	return at;
}

static bool tell_lost(int wait_ms)
{
	char text[TAIL_MAX];
	char line[LINE_MAX_BYTES];
	if (!lost_untold)
		return true;
	int n = snprintf(text, sizeof text, "%" PRIu64 " log lines were lost: stderr was full",
			 lost_untold);
	if (!write_line(line, put_line(line, LOG_WARN, text, (size_t)n, 0), wait_ms))
		return false;
	lost_untold = 0;
	return true;
}

static void show(enum log_level level, const char *message, size_t whole, uint64_t held,
		 int wait_ms)
{
	char line[LINE_MAX_BYTES];
	size_t len = put_line(line, level, message, whole, held);
	if (tell_lost(wait_ms) && write_line(line, len, wait_ms))
		return;
	counts.lost++;
	lost_untold++;
}

/* ---- how many ------------------------------------------------------------ */

/* Pays for one more line of the cause, unless it wrote too many. */
static bool may_write(struct log_cause *cause, uint64_t now_us)
{
	uint64_t every_us =
		(uint64_t)(cause->every_ms ? cause->every_ms : LOG_EVERY_MS) * US_PER_MS;
	uint64_t burst = cause->burst ? cause->burst : LOG_BURST;
	if (cause->paid_us < now_us)
		cause->paid_us = now_us;
	if (cause->paid_us - now_us > (burst - 1) * every_us)
		return false;
	cause->paid_us += every_us;
	return true;
}

static void hold(struct log_cause *cause)
{
	counts.held++;
	cause->held++;
	if (cause->listed)
		return;
	cause->listed = true;
	cause->next = holding;
	holding = cause;
}

static void show_of(struct log_cause *cause, enum log_level level, const char *message,
		    size_t whole, uint64_t now_us)
{
	if (!may_write(cause, now_us)) {
		hold(cause);
		return;
	}
	size_t len = whole <= MESSAGE_MAX ? whole : MESSAGE_MAX;
	size_t start = text_cut(message, len, sizeof cause->start - 1);
	cause->level = level;
	memcpy(cause->start, message, start);
	cause->start[start] = '\0';
	show(level, message, whole, cause->held, cause->wait_ms);
	cause->held = 0;
}

/* Of a cause that wrote nothing since: there is no line to say it at. */
static void tell_held(const struct log_cause *cause)
{
	char text[MESSAGE_MAX];
	int n = snprintf(text, sizeof text, "and %" PRIu64 " more like: %s", cause->held,
			 cause->start);
	show(cause->level, text, (size_t)n, 0, 0);
}

/* All: also of causes that may write nothing now. */
static void tell_untold(uint64_t now_us, bool all)
{
	struct log_cause **at = &holding;
	while (*at) {
		struct log_cause *cause = *at;
		if (cause->held && !all && !may_write(cause, now_us)) {
			at = &cause->next;
			continue;
		}
		if (cause->held)
			tell_held(cause);
		cause->held = 0;
		cause->listed = false;
		*at = cause->next;
	}
	if (lost_untold && (all || now_us >= lost_again_us)) {
		(void)tell_lost(0);
		lost_again_us = now_us + LOST_AGAIN_US;
	}
	atomic_store(&untold, holding || lost_untold);
}

/* ---- the calls ------------------------------------------------------------ */

void log_line(struct log_cause *cause, enum log_level level, const char *format, ...)
{
	if (level > log_threshold)
		return;
	int saved = errno;
	char message[MESSAGE_MAX + 1];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(message, sizeof message, format, args);
	va_end(args);
	(void)pthread_mutex_lock(&log_lock);
	show_of(cause, level, message, n > 0 ? (size_t)n : 0, clock_mono_us());
	if (holding || lost_untold)
		atomic_store(&untold, true);
	(void)pthread_mutex_unlock(&log_lock);
	errno = saved;
}

void log_tick(void)
{
	if (!atomic_load_explicit(&untold, memory_order_relaxed))
		return;
	(void)pthread_mutex_lock(&log_lock);
	tell_untold(clock_mono_us(), false);
	(void)pthread_mutex_unlock(&log_lock);
}

void log_fini(void)
{
	(void)pthread_mutex_lock(&log_lock);
	tell_untold(clock_mono_us(), true);
	(void)pthread_mutex_unlock(&log_lock);
}

void log_counts(struct log_counts *to)
{
	(void)pthread_mutex_lock(&log_lock);
	*to = counts;
	(void)pthread_mutex_unlock(&log_lock);
}
