/* The journal of a world with a desk, counted by the ledger of parlor-replay: as it is, and with
 * records that a test has changed or left out. */
#ifndef TWISTED_H
#define TWISTED_H

#include "desk/ledger.h"
#include "desk_world.h"

#define AUTO ((struct row_team){0})
#define OFFERS ((struct row_team){.accept = 1})

/* False: the record is left out. row: that of a conversation, if it is about one. */
typedef bool twist_fn(struct record *, struct row_conversation *);

/* Of each check the words of its first fault, or "". */
extern char first_fault[CHECKS][LEDGER_TEXT];

/* The world's journal, as the twist leaves it (NULL: as it is). place: who is asked for places,
 * or NULL. */
void count_places(struct world *, struct ledger *, twist_fn *twist, ledger_place_fn *place);
void count(struct world *, struct ledger *, twist_fn *twist);
/* As it is, without a fault. */
void count_sound(struct world *, struct ledger *);
/* Without the twist all is well, and with it that check, if no other, finds it. */
void assert_caught(struct world *, twist_fn *twist, enum ledger_check check, const char *words);

bool is(const struct row_conversation *, const char *id);
void accepts(struct world *, const char *id, const char *agent);

#endif
