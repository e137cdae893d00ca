/* The pieces of a broker: makes them in their order, recovers the state, and takes them
 * apart. Takes no request and knows no turn. */
#ifndef BROKER_PIECES_H
#define BROKER_PIECES_H

#include "api/broker.h"

/* b->settings are read and checked. Opens data directory and sockets, recovers
 * the state. One line in `why` (at least 256 bytes) on failure; pieces_free is to
 * be called in any case. */
enum parlor_err pieces_make(struct broker *, char *why, size_t why_size) PARLOR_MUST_CHECK;
void pieces_free(struct broker *);

#endif
