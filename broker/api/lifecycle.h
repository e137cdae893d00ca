/* The life of a session: it begins with hello, attaches and detaches members, and
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
};

/* On failure nothing is left of the session. *reset: it asked to resume and
 * what it missed cannot be had. */
enum parlor_err lifecycle_begin(struct broker *, const struct lifecycle_hello *, struct session **,
				bool *reset) PARLOR_MUST_CHECK;

/* All of them, or none. full: nothing can be written now; STORE_FULL when one of
 * them is not known yet. */
enum parlor_err lifecycle_attach(struct broker *, struct session *, char **members, size_t n,
				 bool full) PARLOR_MUST_CHECK;
/* Those that are not attached are passed over. */
enum parlor_err lifecycle_detach(struct broker *, struct session *, char **members,
				 size_t n) PARLOR_MUST_CHECK;

/* Ends a session: its members' presence, what it waits for, its place. With a
 * code other than OK it is told why. The session is dead after. */
void lifecycle_end(struct broker *, struct session *, int code);
/* Ends those that are to end soon, or that failed to take frames. */
void lifecycle_sweep(struct broker *);
/* Ends those that fell silent. After what they sent has been read. */
void lifecycle_expire(struct broker *);
/* Lets go of every session without a word: the process ends. */
void lifecycle_drop_all(struct broker *);

struct core_call lifecycle_call(const struct broker *, const struct session *);

#endif
