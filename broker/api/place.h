/* Visitors who wait are told of their places as these change: to who is connected, and kept
 * nowhere. */
#ifndef API_PLACE_H
#define API_PLACE_H

#include "api/broker.h"

/* Once a turn; what it tells goes with the turn's replies. */
void place_tell(struct broker *);

#endif
