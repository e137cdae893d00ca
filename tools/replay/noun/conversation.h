/* What is told of conversations, for whoever shows or plays it. */
#ifndef NOUN_CONVERSATION_H
#define NOUN_CONVERSATION_H

#include "core/record.h"

#include <jansson.h>
#include <parlor/parlor.pb-c.h>

/* A record of that kind is about one. */
bool conversation_has(enum record_kind_no);
/* Of an event about a conversation; NULL: it is about something else. */
const Parlor__ConversationChanged *conversation_change_of(const Parlor__Event *);
/* Of a line of a recording about one: its visitor. */
const char *conversation_visitor(const json_t *line);

#endif
