/* How a session ends: lost, to be begun again after a wait, or refused for good;
 * and the answers that requests get then. Sends nothing. */
#ifndef CLIENT_ENDING_H
#define CLIENT_ENDING_H

#include "client/session.h"

/* text NULL or empty: what the code says. */
void session_set_trouble(struct session *, int code, const char *text);
void session_disconnect(struct session *, int linger_ms);
/* Back to the start, after a wait; what is unanswered will be sent again. */
void session_lose(struct session *, int code, const char *text);
/* No session any more: all that is unanswered is answered so. */
void session_refuse(struct session *, int code, const char *text);
/* The broker does not want this session, now or for good. */
void session_give_way(struct session *, int code, bool retry, const char *text);

/* Calls back and frees the request, which is no longer pending. */
void session_answer(struct session *, struct pending_request *, int code, const Parlor__Reply *);
/* An answer of the library's own, in place of the broker's. */
void session_answer_here(struct session *, struct pending_request *, int code, const char *text);

#endif
