/* The life of a session: it begins with hello, when its members are attached, and
 * ends by goodbye, silence or failure. Owns the order in which session, attachments,
 * presence, waiting requests and outbox come and go; decides who may begin. Delivers
 * nothing. */
#ifndef API_LIFECYCLE_H
#define API_LIFECYCLE_H

#include "api/broker.h"

#include <parlor/parlor.pb-c.h>

struct lifecycle_hello {
	struct span routing;
	const char *user; /* of the connection's key, or NULL */
	int fd;           /* of the connection */
	const Parlor__Hello *hello;
	bool full; /* told: nothing can be written now */
};

/* *s: NULL, or the session that this hello began. BUSY: it goes on in another turn, settled.
 * With another failure *s, if there is one, is to be ended. *reset: it asked to resume and
 * what it missed cannot be had. */
enum parlor_err lifecycle_begin(struct broker *, struct lifecycle_hello *, struct session **s,
				bool *reset) PARLOR_MUST_CHECK;

/* Ends a session: its members' presence, what it waits for, its place. With a
 * code other than OK it is told why. The session is dead after. */
void lifecycle_end(struct broker *, struct session *, int code);
/* Ends those that are to end soon, or that failed to take frames, as many as a turn may:
 * session_ending_count says what is left; and goes on with what is left of others. */
void lifecycle_sweep(struct broker *);
/* Ends those that fell silent, likewise; true when some are left. After what they sent
 * has been read. */
bool lifecycle_expire(struct broker *);
/* Lets go of every session without a word: the process ends. */
void lifecycle_drop_all(struct broker *);

#endif
