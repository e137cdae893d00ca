/* From a frame to replies: decodes, finds the session, and runs each request's
 * handler under the checks that its kind asks for. Knows no request's meaning. */
#ifndef API_DISPATCH_H
#define API_DISPATCH_H

#include "api/broker.h"

/* Before the first frame of a turn. */
void dispatch_begin(struct broker *);
/* Carries a frame out, or as much of it as the turn's price, its session's part and the
 * space for replies allow; the rest is held back. */
void dispatch_frame(struct broker *, const struct front_frame *);
/* Goes on with what was held back, round robin over tenants and their sessions, until
 * nothing is or the turn's price is spent. True: more of it could go on in another turn. */
bool dispatch_backlog(struct broker *);
/* What the turn at hand has come to, for its price. */
void dispatch_count(struct broker *);

/* sync_hooks.answer: the reply of a request that waited. ctx is the broker. */
void dispatch_answer(void *broker, const struct sync_answer *);

#endif
