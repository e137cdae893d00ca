/* Words of a command line taken apart by a table: options, each with or without
 * a value, and operands. Owns nothing of the words; prints no usage. */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct args_option {
	const char *name;  /* without the dashes */
	const char *value; /* what it takes, for the help; NULL: nothing; "[=no]": or nothing */
	const char *help;
};

#define ARGS_GIVEN_MAX 1024

struct args {
	const char *const *operands;
	size_t operands_len;
	struct {
		const char *name;
		const char *value;
	} given[ARGS_GIVEN_MAX]; /* in order, options may repeat */
	size_t given_len;
};

/* Takes argv apart behind argv[0]. Tables end with a name of NULL; the second
 * may be NULL. first_operand_ends: options behind an operand are operands.
 * False after saying on stderr what is wrong. Reorders argv. */
bool args_parse(struct args *, int argc, char **argv, const struct args_option *options,
		const struct args_option *more, bool first_operand_ends);

/* The last value given, or NULL. */
const char *args_value(const struct args *, const char *name);
bool args_has(const struct args *, const char *name);
/* Every value given of an option: start with *at = 0, NULL ends. */
const char *args_next(const struct args *, const char *name, size_t *at);

/* A whole number in range; false after saying what is wrong. `what` names it. */
bool args_number(const char *text, const char *what, uint64_t min, uint64_t max, uint64_t *value);
/* The number of an option; *value stays when it was not given. */
bool args_option_number(const struct args *, const char *name, uint64_t min, uint64_t max,
			uint64_t *value);
/* Seconds, fractions allowed, as milliseconds. */
bool args_seconds(const char *text, const char *what, int *ms);

#endif
