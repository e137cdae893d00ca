/* What happened at the desks of a journal, counted anew from its records: who stands in
 * which queue, who serves whom, what each seat has. Owns the open conversations and their
 * queues, and the order in which a record is judged (rules.h) and taken in. Believes what a
 * record says of its own conversation, and nothing that the broker counted for it. */
#ifndef DESK_LEDGER_H
#define DESK_LEDGER_H

#include "desk/ledger_state.h"

void ledger_init(struct ledger *, ledger_fault_fn *, void *ctx);
void ledger_fini(struct ledger *);
/* The next one is of that time: what was promised for the end of a turn is looked at where
 * it is another one. For whoever is asked for places and has not taken it in yet; ledger_take
 * does it itself. */
void ledger_come(struct ledger *, const struct record *);
/* Each of them, in order. False: its bytes are not what such a record has. */
bool ledger_take(struct ledger *, const struct record *);
/* Behind the last one. */
void ledger_end(struct ledger *);

#endif
