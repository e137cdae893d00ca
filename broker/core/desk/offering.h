/* Offers: made to a seat under a number, and ended, each once. A place of the seat is taken
 * from the offer on. Private to the core. */
#ifndef DESK_OFFERING_H
#define DESK_OFFERING_H

#include "core/desk/conversation.h"

enum offer_why {
	WHY_NONE,
	WHY_STRATEGY,
	WHY_ASKED,
	WHY_OWNER,
	WHY_STICKY,
	WHY_TRANSFER,
	WHY_RESUMED
};
enum offer_end {
	OFFER_LIVE,
	OFFER_ACCEPTED,
	OFFER_DECLINED,
	OFFER_EXPIRED,
	OFFER_WITHDRAWN,
	OFFER_SEAT_GONE
};
/* To one seat; several in one turn of a broadcast have one number: first is true of the first. */
void offer_make(struct core *, struct conversation *, struct seat *, struct team *, enum offer_why,
		bool first, const struct decision *);
/* That seat's part of the live offer. excludes: it is not asked again for a while. */
void offer_finish(struct core *, struct conversation *, struct seat *, enum offer_end,
		  bool excludes, struct span why);
/* All who are offered it. */
void offer_withdraw(struct core *, struct conversation *);
/* What an offer or an assignment moves of the order in which seats are asked. */
void offer_take_turn(struct conversation_change *, struct seat *, struct team *);

#endif
