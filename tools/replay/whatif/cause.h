/* Why a record was made: somebody asked for it, it was given from outside the desk, or time
 * passed. What else a request made stands behind its first record, at the same time and in
 * the same room, and one of them says what was asked. Decides nothing. */
#ifndef WHATIF_CAUSE_H
#define WHATIF_CAUSE_H

#include "whatif/moment.h"

enum cause_kind {
	CAUSE_GIVEN, /* to be applied as it is */
	CAUSE_RUN,   /* the broker began */
	CAUSE_TIME,  /* nobody asked */
	CAUSE_OPEN,
	CAUSE_ACCEPT,
	CAUSE_DECLINE,
	CAUSE_CLAIM,
	CAUSE_ASSIGN,
	CAUSE_RETURN,
	CAUSE_HOLD, /* or resumed */
	CAUSE_HANDOFF,
	CAUSE_TRANSFER,
	CAUSE_CANCEL,
	CAUSE_MARK,
	CAUSE_CLOSE,
	CAUSE_RATE,
	CAUSE_MOVE, /* its team is removed */
};
struct cause {
	enum cause_kind kind;
	size_t at; /* in the moment: the record that tells what was asked */
};

/* Of a record that is the first of what it belongs to. */
struct cause cause_of(const struct moment *, size_t i);

#endif
