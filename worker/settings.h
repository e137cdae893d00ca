/* What the worker was told on its command line, in its configuration file and
 * in the environment. Owns the values; wipes a database URL from the command
 * line, so that no password stands in the list of processes. */
#ifndef WORKER_SETTINGS_H
#define WORKER_SETTINGS_H

#include "base/err.h"
#include "base/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings {
	char *broker;
	char *name;
	char *mysql;
	char *mysql_file;
	char *log_level;
	char *keys_file; /* NULL: no keys */
	struct keys keys;
	uint64_t timeout_s;
	bool migrate;
	bool help;
};

/* PARLOR_E_CONFIG or PARLOR_E_USAGE with one line in `why`. To be freed with
 * settings_fini in any case. */
enum parlor_err settings_read(struct settings *, int argc, char **argv, char *why,
			      size_t why_size) PARLOR_MUST_CHECK;
void settings_fini(struct settings *);
extern const char settings_help[];

#endif
