/* What is promised of desks (D1 to D9, D12), recounted from a journal by the ledger of
 * desk/ledger.h. Owns the ledger, the words of its checks and the faults that are shown. What
 * was before the journal's first record is not there to be counted: it has to be whole. */
#ifndef DESK_AUDIT_H
#define DESK_AUDIT_H

#include "audit/source.h"
#include "desk/ledger.h"

#define DESK_FAULTS_SHOWN 20 /* of each check; the others are counted */

struct desk_fault {
	enum ledger_check check;
	uint64_t position;
	char text[LEDGER_TEXT];
};

struct desk_audit {
	struct source *source; /* borrowed */
	struct ledger ledger;
	uint64_t upto; /* what comes behind it is left out */
	struct desk_fault faults[CHECKS * DESK_FAULTS_SHOWN];
	size_t faults_len;
};

struct desk_check {
	const char *key, *name, *promises, *means;
};
const struct desk_check *desk_check(enum ledger_check);

/* Walks the journal once, as far as the source has it now: only rooms that have conversations
 * are followed afterwards. */
enum parlor_err desk_audit_begin(struct desk_audit *, struct source *) PARLOR_MUST_CHECK;
void desk_audit_fini(struct desk_audit *);
/* For whoever says what places there are: in front of each record is taken in by them. */
void desk_audit_come(struct desk_audit *, const struct record *);
/* Each record, in order. */
enum parlor_err desk_audit_take(struct desk_audit *, const struct entry *,
				const struct record *) PARLOR_MUST_CHECK;
void desk_audit_end(struct desk_audit *);
uint64_t desk_audit_faults(const struct desk_audit *);

#endif
