/* The fields of a message as words of the command line: options made from its descriptor,
 * values put into it, and shown. --gap-ms 500 is its field gap_ms, --strategy most-idle the
 * value STRATEGY_MOST_IDLE, --robot and --robot=no a bool. What is put is borrowed from the
 * words, what is shown from the message. Fields that end in _no are the broker's: no options. */
#ifndef CTL_FIELDS_H
#define CTL_FIELDS_H

#include "args.h"
#include "table.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#define FIELDS_OPTIONS_MAX 64
#define FIELDS_OFF UINT32_MAX /* of a setting: "off" */

struct fields_options {
	struct args_option options[FIELDS_OPTIONS_MAX + 1];
	size_t len;
	char names[FIELDS_OPTIONS_MAX][24];
	char helps[FIELDS_OPTIONS_MAX][256];
};

/* One for each field that is not among `but`, which ends with a NULL or at `but_max`; behind
 * them those of `more`, which may be NULL. */
void fields_options(struct fields_options *, const ProtobufCMessageDescriptor *,
		    const char *const *but, size_t but_max, const struct args_option *more);

/* False after saying what is wrong; `what` names the word. text may be NULL for a bool. */
bool fields_put(const ProtobufCFieldDescriptor *, void *message, const char *what,
		const char *text);
/* All that was given as options. */
bool fields_take(const struct args *, const ProtobufCMessageDescriptor *, void *message);

/* The name of an option that is the field's, "gap-ms", and as a heading, "GAP-MS". */
#define FIELDS_NAME_BYTES 24
const char *fields_name(const ProtobufCFieldDescriptor *, char name[FIELDS_NAME_BYTES]);
const char *fields_heading(const ProtobufCFieldDescriptor *, char name[FIELDS_NAME_BYTES]);
/* It is for people, and has another value than a new message's. */
bool fields_is_set(const ProtobufCFieldDescriptor *, const void *message);
bool fields_equal(const ProtobufCFieldDescriptor *, const void *a, const void *b);
/* What would be typed; a time as a date. */
void fields_show(FILE *, const ProtobufCFieldDescriptor *, const void *message);
void fields_cell(struct table *, const ProtobufCFieldDescriptor *, const void *message);
/* A line for each field that is set. */
void fields_lines(struct table *, const ProtobufCMessage *);
/* "MOST_IDLE" as it is typed; good until the next call. "?": the grammar lacks it. */
const char *fields_word(const ProtobufCEnumDescriptor *, int value);

#endif
