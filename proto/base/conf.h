/* Settings of a process from an INI file (libinih), described by a table.
 * Knows names, types and ranges; owns no value. An unknown key, a value out
 * of range or a missing file is an error that names file, line and key. */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "err.h"

#include <stddef.h>
#include <stdint.h>

/* CONF_REPLACED: a name of an earlier version; doc says what there is instead. */
enum conf_type { CONF_TEXT, CONF_NUMBER, CONF_SWITCH, CONF_REPLACED };

struct conf_row {
	const char *name; /* "section.key" */
	enum conf_type type;
	size_t offset; /* into the settings struct: char *, uint64_t or bool */
	uint64_t min;  /* CONF_NUMBER */
	uint64_t max;
	const char *doc;
	uint64_t number;  /* the default of a CONF_NUMBER, */
	const char *text; /* of a CONF_TEXT; NULL: none */
};

/* Every setting becomes its default; a switch is off. */
void conf_init(const struct conf_row *rows, void *settings);
/* rows end with a name of NULL. Texts are allocated; conf_fini frees them. On
 * failure `why` (of at least 256 bytes) holds one line for a person. Numbers
 * take the suffixes k, M, G (1024) and, for times, none. */
enum parlor_err conf_read(const char *path, const struct conf_row *rows, void *settings, char *why,
			  size_t why_size) PARLOR_MUST_CHECK;
enum parlor_err conf_set(const struct conf_row *rows, void *settings, const char *name,
			 const char *value, char *why, size_t why_size) PARLOR_MUST_CHECK;
void conf_fini(const struct conf_row *rows, void *settings);

#endif
