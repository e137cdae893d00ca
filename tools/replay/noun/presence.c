#include "core/member.h"
#include "noun/noun.h"
#include "rebuild_lmdb.h"

#include <stdio.h>
#include <string.h>

static const char *const presences[] = {"", "offline", "online", "busy", NULL};

static void what_presence(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "presence: %s is %s", e->presence->member,
		 kind_word(presences, r->presence.now));
}

static void draft_presence(struct draft *d, const Parlor__Event *e)
{
	d->from = e->presence->member;
	d->body = kind_word(presences, (int)e->presence->presence);
}

/* ---- requests ------------------------------------------------------------------- */

static enum parlor_err send_attach(struct operation *d, operation_send_fn *fn)
{
	char *member = operation_text(d->member);
	return OPERATION_SEND(d, fn, ATTACH, attach, Attach, .members = &member, .n_members = 1);
}

static enum parlor_err send_detach(struct operation *d, operation_send_fn *fn)
{
	char *member = operation_text(d->member);
	return OPERATION_SEND(d, fn, DETACH, detach, Detach, .members = &member, .n_members = 1);
}

static enum parlor_err send_presence(struct operation *d, operation_send_fn *fn)
{
	return OPERATION_SEND(
		d, fn, PRESENCE_SET, presence_set, PresenceSet, .member = operation_text(d->member),
		.presence = strcmp(d->event.body, "busy") == 0 ? PARLOR__PRESENCE__PRESENCE_BUSY
							       : PARLOR__PRESENCE__PRESENCE_ONLINE);
}

const struct operation_kind operation_attach = {send_attach, OPERATION_APART,
						.counted = OPERATION_COUNTED(presences)};
const struct operation_kind operation_detach = {send_detach, OPERATION_APART,
						.counted = OPERATION_COUNTED(presences)};
const struct operation_kind operation_presence = {send_presence, OPERATION_APART,
						  .counted = OPERATION_COUNTED(presences)};

/* What a line comes to depends on who is online: workload.c knows. */
static const struct kind kinds[] = {
	{.record = RECORD_PRESENCE,
	 .event = PARLOR__EVENT__KIND_PRESENCE,
	 .what = what_presence,
	 .type = "presence",
	 .needs = LINE_NEEDS_FROM,
	 .draft = draft_presence,
	 .bodies = presences},
};

/* ---- from the tables --------------------------------------------------------------- */

static enum parlor_err rebuild_seen(struct rebuild *r, const struct history_row *f)
{
	uint64_t no;
	const struct core_call call = rebuild_call(f);
	r->counts.members++;
	return f->numbers[0] ? import_last_seen(builder_core(r->builder), &call, f->member)
			     : core_member_intern(builder_core(r->builder), &call, f->member, &no);
}

static const struct history_source history[] = {
	{HISTORY_KNOWS,
	 "member",
	 {"COALESCE(last_seen, '1970-01-01 00:00:00')", "ent_id", NULL, NULL, "uuid",
	  "last_seen IS NOT NULL"},
	 rebuild_seen},
};

const struct replay_noun replay_presence = {NOUN_LIST(kinds), NOUN_LIST(history)};
