/* The comings and goings of sessions: begin, attach, detach, end. Keeps session
 * table, audience, outbox and presence in step. Decides who may begin; delivers
 * nothing. */
#ifndef FANOUT_ATTACHMENTS_H
#define FANOUT_ATTACHMENTS_H

#include "broker.h"

#include <parlor/parlor.pb-c.h>

struct roster_begin {
	struct span routing;
	const char *user; /* of the connection's key, or NULL */
	const Parlor__Hello *hello;
};
/* On failure nothing is left of the session. *reset: it asked to resume and
 * what it missed cannot be had. */
enum parlor_err roster_begin(struct broker *, const struct roster_begin *, struct session **,
			     bool *reset) PARLOR_MUST_CHECK;

/* All of them, or none. full: nothing can be written now; STORE_FULL when one of
 * them is not known yet. */
enum parlor_err roster_attach(struct broker *, struct session *, char **members, size_t n,
			      bool full) PARLOR_MUST_CHECK;
/* Those that are not attached are passed over. */
enum parlor_err roster_detach(struct broker *, struct session *, char **members,
			      size_t n) PARLOR_MUST_CHECK;

/* Ends a session: its members' presence, what it waits for, its place. With a
 * code other than OK it is told why. The session is dead after. */
void roster_end(struct broker *, struct session *, int code);
/* Marks a session to be ended soon, where lists of sessions are being walked. */
void roster_fail(struct broker *, struct session *, int code);
/* Ends those that were marked, or that failed to take frames. */
void roster_sweep(struct broker *);
/* Ends those that fell silent. After what they sent has been read. */
void roster_expire(struct broker *);

/* Lets go of every session without a word: the process ends. */
void roster_drop_all(struct broker *);

struct core_call roster_call(const struct broker *, const struct session *);

#endif
