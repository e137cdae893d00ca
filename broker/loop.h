/* The broker's loop: turns, and stops cleanly. The only zmq_poll of the broker. */
#ifndef BROKER_LOOP_H
#define BROKER_LOOP_H

#include "api/broker.h"

/* Until a signal asks to stop: then drains. Failure: durability could not be
 * kept, nothing unacknowledged was told. */
enum parlor_err loop_run(struct broker *, int signal_fd) PARLOR_MUST_CHECK;

#endif
