/* From a frame to replies: decodes, finds the session, and runs each request's
 * handler under the checks that its row in the table of operations asks for.
 * Owns that table; knows no operation's meaning. */
#ifndef API_DISPATCH_H
#define API_DISPATCH_H

#include "broker.h"

void dispatch_frame(struct broker *, const struct front_frame *);

/* sync_hooks.answer: the reply of a request that waited. ctx is the broker. */
void dispatch_answer(void *broker, const struct sync_answer *);

#endif
