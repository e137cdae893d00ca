/* The broker's loop: makes the pieces, recovers, turns, and stops cleanly. The
 * only zmq_poll of the broker. */
#ifndef BROKER_LOOP_H
#define BROKER_LOOP_H

#include "api/broker.h"

/* b->settings are read and checked. Opens data directory and sockets, recovers
 * the state. One line in `why` (at least 256 bytes) on failure; loop_fini is to
 * be called in any case. */
enum parlor_err loop_init(struct broker *, char *why, size_t why_size) PARLOR_MUST_CHECK;
/* Until a signal asks to stop: then drains. Failure: durability could not be
 * kept, nothing unacknowledged was told. */
enum parlor_err loop_run(struct broker *, int signal_fd) PARLOR_MUST_CHECK;
void loop_fini(struct broker *);

#endif
