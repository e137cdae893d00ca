/* What each record about a conversation has to be like, by what was before it. Judges;
 * changes nothing but what the ledger expects next. */
#ifndef DESK_RULES_H
#define DESK_RULES_H

#include "desk/ledger_state.h"

/* A record, and the conversation before it (NULL: it is opened) and behind it. */
struct step {
	const struct record *record;
	struct visit *before;
	const struct row_conversation *row;
};

void rules_before(struct ledger *, const struct step *);
/* When it is taken in. */
void rules_behind(struct ledger *, const struct step *);

#endif
