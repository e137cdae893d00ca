/* What a session sends: frames of waiting requests within the broker's limits, with
 * the credit that is due, and the library's own requests. Keeps no time. */
#ifndef CLIENT_SENDING_H
#define CLIENT_SENDING_H

#include "client/session.h"

/* Sends the frame that was put together; false: not now, or the session was lost. */
bool session_transmit(struct session *);
/* A request of the library's own into the frame; nobody waits for its reply. Its
 * texts have been checked when they came in. */
void session_put_own(struct session *, Parlor__Request *);
/* Most requests that the broker takes in a frame. */
uint32_t session_frame_requests(const struct session *);
bool session_credit_due(const struct session *);
/* All that waits, as far as the socket takes it. */
void session_flush(struct session *);
void session_ping(struct session *);

#endif
