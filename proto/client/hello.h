/* How a session begins, anew or resumed, and how it is taken leave of: hello, the
 * welcome, what the new session has to be told again, goodbye. */
#ifndef CLIENT_HELLO_H
#define CLIENT_HELLO_H

#include "client/session.h"

/* Connects and says hello. */
enum parlor_err session_start(struct session *) PARLOR_MUST_CHECK;
/* The broker's welcome: it is UP. */
void session_begin(struct session *, const Parlor__Welcome *);
void session_say_goodbye(struct session *);

#endif
