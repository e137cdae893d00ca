/* A client's CURVE keys from a file, readable by its owner only: one a line,
 * '#' begins a comment.
 *     server PUBLIC    the broker's
 *     public PUBLIC    our own
 *     secret SECRET */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

#include <stdbool.h>

#define KEYS_TEXT_BYTES 41

struct keys {
	char server[KEYS_TEXT_BYTES];
	char public[KEYS_TEXT_BYTES];
	char secret[KEYS_TEXT_BYTES];
};

/* False after saying what is wrong, never with a key in it. */
bool keys_read(struct keys *, const char *path);

#endif
