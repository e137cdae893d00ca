/* The command line's workings: its global options, the one connection, and the
 * table of commands. A command builds a request and hands it over here; it
 * decides nothing about connecting, failing or showing. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "args.h"

#include <parlor/client.h>

/* Exit codes, part of the contract. */
enum ctl_exit { CTL_OK, CTL_REFUSED, CTL_USAGE, CTL_AWAY };

#define CTL_TIMEOUT_MS 10000

struct ctl {
	struct parlor_client_options options;
	parlor_client *client; /* opened with the first call */
	bool json;
	int timeout_ms; /* -1: the command's own */
	const struct command *command;
};

#define COMMAND_MANY ((size_t)-1)

struct command {
	const char *name; /* one or two words */
	const char *operands;
	size_t operands_min;
	size_t operands_max;
	const struct args_option *options; /* ends with a name of NULL; or NULL */
	const char *help;
	enum ctl_exit (*run)(struct ctl *, const struct args *);
};

/* Each group's table ends with a name of NULL. */
extern const struct command room_commands[];
extern const struct command member_commands[];
extern const struct command message_commands[];
extern const struct command reading_commands[];
extern const struct command follow_commands[];
extern const struct command operation_commands[];

/* Opens the client, if it is not. */
enum ctl_exit ctl_open(struct ctl *);
/* Send and wait for that result; says on stderr why not. *reply, on CTL_OK only,
 * is to be freed with parlor_reply_free. */
enum ctl_exit ctl_call(struct ctl *, Parlor__Request *, Parlor__Reply__ResultCase,
		       Parlor__Reply **reply);
/* The same with any result, and shows it. */
enum ctl_exit ctl_do(struct ctl *, Parlor__Request *);
/* Says it on stderr; the exit code that belongs to the error. */
enum ctl_exit ctl_fail(int code, const char *text);
/* "parlor: " and how the command is called; CTL_USAGE. */
enum ctl_exit ctl_misuse(const struct ctl *, const char *what);

/* proto's strings are not const, though nothing changes them. */
char *ctl_text(const char *);

#endif
