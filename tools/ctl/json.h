/* Protobuf messages as JSON: one object a line, keys as in the grammar, every
 * field present but messages that are not set. An enumeration stands as its
 * last word in lower case ("notice"), an unknown value as its number. */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdio.h>

void json_line(FILE *, const ProtobufCMessage *);

/* "notice" for MESSAGE_NOTICE, NULL for a value that the grammar lacks. The
 * text is good until the next call. */
const char *enum_word(const ProtobufCEnumDescriptor *, int value);
/* The other way round; false when there is no such word, or it is the "none" that stands for
 * a value that is not given. */
bool enum_parse(const ProtobufCEnumDescriptor *, const char *word, int *value);

#endif
