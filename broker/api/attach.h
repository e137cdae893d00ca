/* Members attached to a session, or detached, in as many pieces as it takes: what one
 * piece costs is bounded by the meter, whatever the members are in. Owns how far the
 * request has come, between turns too; what happens meanwhile to those members, and the
 * session's end, may come in between. Answers nothing. */
#ifndef API_ATTACH_H
#define API_ATTACH_H

#include "api/broker.h"

struct attach_request {
	char **members;
	size_t n;
	bool full;     /* nothing can be written now, and nobody be introduced */
	size_t beside; /* topics that the session will listen to as well */
	/* Of a session that was there before, from behind that position; in the end: what it
	 * missed has been noted. */
	bool resumes;
	uint64_t journal, position;
};

/* Checked before anything is done, so that a refusal leaves no trace: with so many that
 * are attached. */
enum parlor_err attach_check(const struct broker *, size_t attached, char **members,
			     size_t n) PARLOR_MUST_CHECK;

/* Each until the end, or BUSY: the same is to be called again in another turn. Nothing else is
 * asked of the session in between. What moves members has landed before (commit_settle). */

/* All of them or, on a refusal, none, and nobody has been introduced. full: STORE_FULL when one of
 * them is not known yet; once some have been introduced it waits for space. Presence comes last:
 * what is refused is not told. */
enum parlor_err attach_add(struct broker *, struct session *,
			   struct attach_request *) PARLOR_MUST_CHECK;
/* Those that are not attached are passed over. */
enum parlor_err attach_remove(struct broker *, struct session *, char **members,
			      size_t n) PARLOR_MUST_CHECK;

/* The session ends, and its members are detached. */
void attach_abandon(struct broker *, struct session *);

#endif
