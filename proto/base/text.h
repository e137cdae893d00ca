/* Text that came from outside: checks, and how a person is shown it. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, up to
 * U+10FFFF) without NUL. The empty text is valid. */
bool text_valid(const void *bytes, size_t len);

/* The longest prefix of at most max bytes that does not cut a code point. */
size_t text_cut(const char *text, size_t len, size_t max);

/* Control characters, line ends and marks that turn the direction of writing are
 * shown escaped: a terminal would obey them. */
void text_show(FILE *, const char *text, size_t len);

#endif
