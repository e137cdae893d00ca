/* A file of JSON objects, one a line, plain or gzip: opened, read line by
 * line, and what was wrong with which line. Owns the open file and one line
 * that may be given back; never holds more of the file than its longest line.
 * Knows nothing of what the objects mean. */
#ifndef LINES_H
#define LINES_H

#include <jansson.h>
#include <parlor/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Above what the longest body takes when every byte of it is escaped. */
#define LINES_LINE_MAX (128U << 20)

struct lines;

/* path "-" is standard input. On failure, too, *out is to be closed;
 * lines_error says what it was. A line above line_max is an error. */
enum parlor_err lines_open(struct lines **out, const char *path, size_t line_max) PARLOR_MUST_CHECK;
void lines_close(struct lines *);

/* The next object, the caller's to release; NULL at the end of the file.
 * VALUE: not an object, or a damaged archive. TOO_LONG, IO. After an error the
 * same error comes again. */
enum parlor_err lines_next(struct lines *, json_t **out) PARLOR_MUST_CHECK;
/* Puts an object back to be the next one; one at a time. Takes the reference. */
void lines_give_back(struct lines *, json_t *);
/* Number of the line that was read last, from 1. */
uint64_t lines_number(const struct lines *);

/* Notes what is wrong with the line that was read last; returns err. */
enum parlor_err lines_fail(struct lines *, enum parlor_err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "FILE:LINE: reason" of the first error; never NULL. */
const char *lines_error(const struct lines *);

/* Bytes of the file as it lies on disk, read so far and in all; false when the
 * size cannot be known (a pipe). */
bool lines_progress(const struct lines *, uint64_t *done, uint64_t *total);

#endif
