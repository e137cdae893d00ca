/* What a program is told by its environment: words NAME=VALUE before its own,
 * for env. Owns their texts; starts nothing. */
#ifndef BENCH_SETTINGS_H
#define BENCH_SETTINGS_H

#include "rig.h"

#include <stddef.h>

#define SETTING_MAX (RIG_PATH_MAX + 64)
#define SETTINGS_MAX 24
#define SETTINGS_WORDS_MAX 48

struct settings {
	char text[SETTINGS_MAX][SETTING_MAX];
	size_t n;
	const char *argv[SETTINGS_WORDS_MAX];
};

void settings_text(struct settings *, const char *name, const char *value);
void settings_number(struct settings *, const char *name, unsigned value);
void settings_path(struct settings *, const struct rig *, const char *name, const char *file);
/* The words that start a program (ended by NULL) with them; borrowed. */
const char *const *settings_before(struct settings *, const char *const *program);

#endif
