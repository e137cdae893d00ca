/* Where lines of JSON go: standard output or a new file, gzip when its name
 * ends in .gz. Owns the file; once a write failed nothing more is written. */
#ifndef OUTFILE_H
#define OUTFILE_H

#include <jansson.h>
#include <stdbool.h>

struct outfile;

/* path NULL: standard output. A file that exists is not touched: false, as for
 * whatever else goes wrong; outfile_error says what, *out is to be closed. */
bool outfile_open(struct outfile **out, const char *path);
bool outfile_line(struct outfile *, const json_t *object);
/* What was written so far can be read by others. */
bool outfile_flush(struct outfile *);
/* Flushes to the disk. False when anything ever went wrong. NULL is fine. */
bool outfile_close(struct outfile *);
const char *outfile_error(const struct outfile *);

#endif
