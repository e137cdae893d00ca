/* The words behind a command's name, taken apart by the command's own table,
 * and the options that several commands share. Owns nothing of the words but
 * the keys it read; a wrong word ends the program with OPTIONS_EXIT_USAGE,
 * --help ends it with 0. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_EXIT_USAGE 2

/* What a command shares with others; one left out is NULL. */
struct options_shared {
	const char *broker; /* NULL: the default */
	const char *tenant; /* NULL: the default, or all */
	const struct keys *keys;
	const char *data;  /* directory */
	const char *mysql; /* URL, from the environment variable PARLOR_MYSQL if not given */
};
#define OPTIONS_BROKER 1U
#define OPTIONS_TENANT 2U
#define OPTIONS_KEYS 4U
#define OPTIONS_DATA 8U
#define OPTIONS_MYSQL 16U
#define OPTIONS_DATA_NEEDED 32U
#define OPTIONS_CLIENT (OPTIONS_BROKER | OPTIONS_TENANT | OPTIONS_KEYS)

enum options_kind {
	OPTIONS_FLAG,   /* into: bool */
	OPTIONS_TEXT,   /* into: const char *, borrows the word */
	OPTIONS_NUMBER, /* into: uint64_t, from min to max */
	OPTIONS_OTHER   /* take */
};

struct options_row {
	const char *name;  /* without the dashes */
	const char *value; /* what it takes, for the help; NULL: nothing */
	const char *help;  /* lines end with \n but the last */
	enum options_kind kind;
	void *into;
	uint64_t min, max;
	/* The value into its place; NULL, or what it has to be. */
	const char *(*take)(void *into, const char *value);
};

struct options_command {
	const char *name;
	const char *operands;           /* their names, such as "DIR [DEST]": as many as words,
					 * those in brackets or fewer */
	const char *about;              /* what it does, and its exit codes */
	unsigned shared;                /* OPTIONS_BROKER | ... */
	const struct options_row *rows; /* ends with a name of NULL */
};

/* argv[0] is the command's name. Returns the operands, NULL after the last;
 * argv is put in another order. */
const char *const *options_parse(const struct options_command *, struct options_shared *, int argc,
				 char **argv);

/* Ends the program with what is wrong, for what a table cannot tell. */
_Noreturn void options_misuse(const struct options_command *, const char *problem,
			      const char *what);

#endif
