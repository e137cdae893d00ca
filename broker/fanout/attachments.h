/* The members that a session speaks for, and with them what it listens to: attached,
 * detached, and brought back to where a session was that resumes. Keeps session
 * table, subscribers and intervals in step. Records no presence and sends nothing: who
 * calls does. */
#ifndef FANOUT_ATTACHMENTS_H
#define FANOUT_ATTACHMENTS_H

#include "fanout/fanout.h"

/* Events behind position `floor` are for the session, as far as the member was in
 * the room. *added: it was not attached before. On a refusal nothing changed:
 * TOO_MANY at a limit, or a failure of the store. */
enum parlor_err attachments_add(struct fanout *, struct session *, uint64_t member, struct span id,
				uint64_t floor, bool *added) PARLOR_MUST_CHECK;

/* *removed: it was attached. */
enum parlor_err attachments_remove(struct fanout *, struct session *, uint64_t member,
				   bool *removed) PARLOR_MUST_CHECK;

/* Back to behind that position of that journal, with what its members listened
 * to since. False: what it missed cannot be had, and it begins anew. */
bool attachments_resume(struct fanout *, struct session *, uint64_t journal, uint64_t position);

#endif
