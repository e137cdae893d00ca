/* Who is online, as records: a member is while a session has it attached. Owns
 * which members' records are owed: a turn takes so many, and a full disk none, so
 * that what sessions that end have to say is said turn by turn, as soon as there is
 * space. Decides nothing about sessions. */
#ifndef TURN_PRESENCE_H
#define TURN_PRESENCE_H

#include "turn/commit.h"

/* Beyond so many no member is attached that would be owed a record. */
#define PRESENCE_OWED_MAX 1000000

void presence_fini(struct commit *);

/* The member's first session attached it, or its last one let go of it: recorded
 * now, or owed. */
enum parlor_err presence_changed(struct commit *, uint64_t member, bool online) PARLOR_MUST_CHECK;
/* It has been recorded otherwise. */
void presence_settled(struct commit *, uint64_t member);
/* Once a turn: records what is owed. True when more can be in the next one. */
bool presence_pay(struct commit *);
uint64_t presence_owed(const struct commit *);

#endif
