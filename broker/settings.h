/* All settings of parlord in one struct, with a table that names, bounds and
 * documents each: settings.def. Owns the texts; acts on nothing. */
#ifndef BROKER_SETTINGS_H
#define BROKER_SETTINGS_H

#include "core/core.h"

#include "base/conf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Texts are never NULL after settings_init; empty: not set. */
struct settings {
#define TEXT(section, key, ...) char *key;
#define NUMBER(section, key, ...) uint64_t key;
#define SWITCH(section, key, ...) bool key;
#define CORE(section, key, ...)
#define REPLACED(section, key, ...)
#include "settings.def"
	struct core_limits core;
};

/* For conf_set, conf_read and, in the end, conf_fini. */
extern const struct conf_row settings_rows[];

/* The defaults. */
void settings_init(struct settings *);
/* What no single range can say: heartbeat below timeout, a body fits a frame,
 * and so on. Call once all is read. */
enum parlor_err settings_check(const struct settings *, char *why,
			       size_t why_size) PARLOR_MUST_CHECK;

/* A commented example of a configuration with every default. */
void settings_print_default(FILE *);

#endif
