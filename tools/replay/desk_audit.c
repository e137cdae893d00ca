#include "desk_audit.h"

#include "desk/stays.h"

#include <inttypes.h>
#include <stdio.h>

static const struct desk_check checks[CHECKS] = {
	[CHECK_ONCE] = {"once", "served once", "D1, D5",
			"one agent at a time, by one offer that ends once"},
	[CHECK_ORDER] = {"order", "in order", "D4, D12",
			 "nobody was passed whom the same agent could have served before"},
	[CHECK_LIMITS] = {"limits", "limits held", "D2", "of seats, agents and seats in a team"},
	[CHECK_LOST] = {"lost", "nobody lost", "D1", "each one waits, is served or was closed"},
	[CHECK_OWNED] = {"owned", "handed over", "D8", "somebody has it all the while"},
	[CHECK_IDLE] = {"idle", "nobody idle", "D3",
			"nobody waited for two seconds while a seat could serve"},
	[CHECK_ROOM] = {"room", "in the room", "D6", "who serves, and not longer"},
	[CHECK_UNREAD] = {"unread", "unread", "D7",
			  "of who serves, message by message since the conversation began"},
	[CHECK_PLACE] = {"place", "places", "D9", "one more than those who stand before"},
};

const struct desk_check *desk_check(enum ledger_check check)
{
	return &checks[check];
}

static void note_fault(void *ctx, enum ledger_check check, uint64_t position, const char *text)
{
	struct desk_audit *a = ctx;
	if (a->ledger.faults[check] > DESK_FAULTS_SHOWN)
		return;
	struct desk_fault *f = &a->faults[a->faults_len++];
	f->check = check;
	f->position = position;
	snprintf(f->text, sizeof f->text, "%s", text);
}

static enum parlor_err expect(void *arg, const struct entry *entry, const struct record *r)
{
	struct desk_audit *a = arg;
	(void)entry;
	if (r->kind == RECORD_OPENED)
		stays_expect(&a->ledger, r->room);
	return PARLOR_E_OK;
}

enum parlor_err desk_audit_begin(struct desk_audit *a, struct source *source)
{
	a->source = source;
	a->upto = source->last;
	a->faults_len = 0;
	ledger_init(&a->ledger, note_fault, a);
	stays_only_expected(&a->ledger);
	return source_walk(source, source->first, a->upto, expect, a);
}

void desk_audit_fini(struct desk_audit *a)
{
	ledger_fini(&a->ledger);
}

void desk_audit_come(struct desk_audit *a, const struct record *r)
{
	if (r->position <= a->upto)
		ledger_come(&a->ledger, r);
}

enum parlor_err desk_audit_take(struct desk_audit *a, const struct entry *entry,
				const struct record *r)
{
	if (entry->position > a->upto || ledger_take(&a->ledger, r))
		return PARLOR_E_OK;
	return source_fault(a->source, PARLOR_E_STORE_CORRUPT, entry->position,
			    "journal entry %" PRIu64 ": not what a record of a desk is",
			    entry->position);
}

void desk_audit_end(struct desk_audit *a)
{
	ledger_end(&a->ledger);
}

uint64_t desk_audit_faults(const struct desk_audit *a)
{
	uint64_t n = 0;
	for (size_t check = 0; check < CHECKS; check++)
		n += a->ledger.faults[check];
	return n;
}
