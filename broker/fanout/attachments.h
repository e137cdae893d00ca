/* The members that a session speaks for, and with them what it listens to: attached,
 * detached, and brought back to where a session was that resumes. Keeps session
 * table, subscribers and intervals in step. Records no presence and sends nothing: who
 * calls does. */
#ifndef FANOUT_ATTACHMENTS_H
#define FANOUT_ATTACHMENTS_H

#include "fanout/fanout.h"

/* Both may take many pieces, one member at a time: BUSY, the meter is spent, and it goes
 * on when it is called again. Subscribers must be as the state is each time: what moves
 * them has landed. */

/* Events behind position `floor` are for the session, as far as the member was in the
 * room. *added: it was not attached before. With another failure, TOO_MANY at a limit or
 * one of the store, and *added, it is to be removed again. */
enum parlor_err attachments_add(struct fanout *, struct session *, uint64_t member, uint64_t floor,
				bool *added) PARLOR_MUST_CHECK;

/* *removed: it was attached, as far as it had come. */
enum parlor_err attachments_remove(struct fanout *, struct session *, uint64_t member,
				   bool *removed) PARLOR_MUST_CHECK;

/* Whether what came behind that position of that journal can be had. */
bool attachments_can_resume(const struct fanout *, uint64_t journal, uint64_t position);
/* What the member listened to within the range is noted: BUSY as above, and the range is
 * what is left. TOO_MANY: more than may be. */
enum parlor_err attachments_add_past(struct fanout *, struct session *, uint64_t member,
				     struct core_past_range *) PARLOR_MUST_CHECK;
/* The session begins, behind that position; resumes: which it was at before. */
void attachments_begin(struct fanout *, struct session *, bool resumes, uint64_t position);

#endif
