/* Log lines on stderr, one a line: time, level, program, message. Owns the
 * level; never blocks on anything but stderr, never exits. Control characters
 * in arguments are shown escaped, so that a peer cannot forge a line. Not to
 * be used for message bodies or secrets. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* program: static string shown in each line. Default level is LOG_INFO. */
void log_init(const char *program, enum log_level level);

/* Returns 0, or -1 when name is none of error, warn, info, debug. */
int log_level_parse(const char *name, enum log_level *level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
