/* The keys file of a client or worker: its CURVE key pair and the broker's
 * public key. Knows the file's form; opens no connection. The broker's own
 * keys file is another one (front/auth.h).
 *
 * Readable by its owner only; a line that begins with '#' is a comment (behind
 * a key it is none: '#' is a digit of Z85):
 *     server PUBLIC    the broker's
 *     public PUBLIC    our own
 *     secret SECRET */
#ifndef BASE_KEYS_H
#define BASE_KEYS_H

#include "err.h"

#include <stddef.h>

#define KEYS_TEXT 40 /* a key in Z85 */

struct keys {
	char server[KEYS_TEXT + 1];
	char public[KEYS_TEXT + 1];
	char secret[KEYS_TEXT + 1];
};

/* All three or none: PARLOR_E_CONFIG with one line in `why` (of at least 256
 * bytes), never with a key in it. */
enum parlor_err keys_read(struct keys *, const char *path, char *why,
			  size_t why_size) PARLOR_MUST_CHECK;
/* Leaves nothing of them in memory. */
void keys_fini(struct keys *);

/* Takes a line of such a file, which it may change: the reason when it is refused. */
typedef const char *keys_line_fn(void *arg, char *line);
/* Line by line, of a file that only its owner may use; `why` as above. */
enum parlor_err keys_file_read(const char *path, keys_line_fn *, void *arg, char *why,
			       size_t why_size) PARLOR_MUST_CHECK;

#endif
