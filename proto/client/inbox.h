/* Takes a frame from the broker apart: its replies first, then its events, each
 * checked and decoded on its own, so that memory is bounded by the largest part
 * and not by the frame. Owns the memory they are decoded into. Knows nothing of
 * what they mean. */
#ifndef CLIENT_INBOX_H
#define CLIENT_INBOX_H

#include "base/arena.h"
#include "base/buf.h"

#include <parlor/error.h>
#include <parlor/parlor.pb-c.h>

/* Zeroed is ready. */
struct inbox {
	struct arena arena;
};

/* What is handed over is valid during the call only. */
struct inbox_sink {
	void (*reply)(void *arg, const Parlor__Reply *reply);
	void (*event)(void *arg, const Parlor__Event *event);
	void *arg;
};

void inbox_fini(struct inbox *);
/* FRAME or TEXT when the frame is not a valid FromBroker; the parts before the
 * bad one have been handed over. */
enum parlor_err inbox_read(struct inbox *, struct span frame,
			   const struct inbox_sink *) PARLOR_MUST_CHECK;

#endif
