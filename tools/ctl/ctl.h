/* The command line's workings: its global options, the one connection, and the
 * table of commands. A command builds a request and hands it over here; it
 * decides nothing about connecting, failing or showing. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "args.h"

#include <parlor/client.h>

#include <stdio.h>

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
#define CTL_FIELDS_MAX 3

struct command {
	const char *name; /* one to three words */
	const char *operands;
	size_t operands_min;
	size_t operands_max;
	const struct args_option *options; /* ends with a name of NULL; or NULL */
	const char *help;
	enum ctl_exit (*run)(struct ctl *, const struct args *); /* NULL: ctl_plain */
	/* For ctl_plain: what is asked, and the fields of it that the operands are, in order; the
	 * last may be a list. */
	Parlor__Request__OpCase op;
	const char *fields[CTL_FIELDS_MAX];
	/* Whose other fields are options, too. Of a row of a desk, also which kind it is. */
	const ProtobufCMessageDescriptor *also;
	Parlor__DeskSet__RowCase row;
};

/* How a result is shown to people. page: as JSON it is a line an item of its list. */
struct show_result {
	Parlor__Reply__ResultCase result;
	void (*show)(const Parlor__Reply *);
	bool page;
};
struct show_event {
	Parlor__Event__KindCase kind;
	void (*show)(FILE *, const Parlor__Event *);
};

/* What a noun has on the command line; each table ends with an empty row, or is NULL.
 * It stands at the end of the noun's file; nouns.c lists them. */
struct noun {
	/* Of one with many commands: its first word; the help of the program has only that, with
	 * what it is for, and lists them when that word is given. Of several with the same word
	 * one has the help. */
	const char *name, *help;
	const struct command *commands;
	const struct show_result *results;
	const struct show_event *events;
};
extern const struct noun *const nouns[]; /* ends in NULL */

/* Opens the client, if it is not. */
enum ctl_exit ctl_open(struct ctl *);
/* Asks that and waits for such a result; says on stderr why not. *reply, on CTL_OK only,
 * is to be freed with parlor_reply_free. */
enum ctl_exit ctl_call(struct ctl *, Parlor__Request__OpCase, void *body, Parlor__Reply__ResultCase,
		       Parlor__Reply **reply);
/* The same with any result, and shows it. */
enum ctl_exit ctl_ask(struct ctl *, Parlor__Request__OpCase, void *body);
/* The run of a command that asks just what its operands say, and --notice. */
enum ctl_exit ctl_plain(struct ctl *, const struct args *);
/* The fields that the operands are, and the options that are fields. False after saying what
 * is wrong. */
bool ctl_fill(const struct command *, const struct args *, const ProtobufCMessageDescriptor *,
	      void *body);
/* Shows what reaches these members or, with `watch`, what happens to these teams, until it is
 * interrupted. */
enum ctl_exit ctl_follow(struct ctl *, const struct args *, const char *const *members, size_t n,
			 Parlor__DeskWatch *watch);
/* NULL when none was given; else filled in. */
Parlor__Notice *ctl_notice(const struct args *, Parlor__Notice *);
/* Says it on stderr; the exit code that belongs to the error. */
enum ctl_exit ctl_fail(int code, const char *text);
/* "parlor: " and how the command is called; CTL_USAGE. */
enum ctl_exit ctl_misuse(const struct ctl *, const char *what);

/* proto's strings are not const, though nothing changes them. */
char *ctl_text(const char *);

#endif
