/* verify: every unread count in the rows against a naive recount of the
 * records; and that seqs are dense. */
#ifndef VERIFY_UNREAD_H
#define VERIFY_UNREAD_H

#include "audit/finding.h"

struct verify_unread {
	uint64_t messages, memberships;
	uint64_t unread; /* in all */
	uint64_t differing;
};

/* The engine has re-executed everything up to `upto` and is settled. finding is
 * set when something differs. */
enum parlor_err verify_unread(struct engine *, uint64_t upto, struct verify_unread *,
			      struct finding *) PARLOR_MUST_CHECK;

/* Re-execution could not take the record at that position: counting says more
 * exactly what is wrong with it, or leaves the finding as it is. */
void verify_unread_diagnose(struct engine *, uint64_t position, struct finding *);

#endif
