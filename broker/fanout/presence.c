#include "fanout/presence.h"

#include "core/presence.h"
#include "front/table.h"
#include "turn/commit.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

/* Record and event, each with the longest id, and their entry. */
#define RECORD_BYTES (4 * ROW_ID_MAX)
/* Of the records that a turn may have, the part that is left to requests. */
#define TURN_SHARE 2

struct presence_debt {
	UT_hash_handle hh; /* the oldest first */
	uint64_t member;
};

void presence_fini(struct broker *b)
{
	struct presence_debt *d, *next;
	HASH_ITER (hh, b->presence_owed, d, next) {
		HASH_DEL(b->presence_owed, d);
		free(d);
	}
}

void presence_settled(struct broker *b, uint64_t member)
{
	struct presence_debt *d;
	HASH_FIND(hh, b->presence_owed, &member, sizeof member, d);
	if (!d)
		return;
	HASH_DEL(b->presence_owed, d);
	free(d);
}

static void owe(struct broker *b, uint64_t member)
{
	struct presence_debt *d;
	HASH_FIND(hh, b->presence_owed, &member, sizeof member, d);
	if (d)
		return;
	d = mem_new(sizeof *d);
	d->member = member;
	HASH_ADD(hh, b->presence_owed, member, sizeof d->member, d);
}

static bool turn_has_room(const struct broker *b)
{
	return b->turn.len < b->settings.turn_requests / TURN_SHARE + 1;
}

static enum parlor_err record(struct broker *b, uint64_t member, bool online)
{
	struct core_call call = {.now_us = b->wall_us};
	return core_presence_set(b->core, &call, member,
				 online ? PRESENCE_IS_ONLINE : PRESENCE_IS_OFFLINE);
}

enum parlor_err presence_changed(struct broker *b, uint64_t member, bool online)
{
	enum parlor_err err = PARLOR_E_STORE_FULL;
	/* Who comes has asked for it, in a request of bounded size. */
	if (online || turn_has_room(b))
		err = commit_room(b, RECORD_BYTES);
	if (err == PARLOR_E_STORE_FULL) {
		owe(b, member);
		return PARLOR_E_OK;
	}
	if (!err)
		err = record(b, member, online);
	if (!err)
		presence_settled(b, member);
	return err;
}

bool presence_pay(struct broker *b)
{
	struct presence_debt *d;
	while ((d = b->presence_owed) != NULL && turn_has_room(b)) {
		enum parlor_err err = commit_room(b, RECORD_BYTES);
		if (err)
			return false;
		err = record(b, d->member, session_devices(b->sessions, d->member) > 0);
		if (err)
			log_error("presence of a member: %s", parlor_err_text(err));
		presence_settled(b, d->member);
	}
	return b->presence_owed;
}

uint64_t presence_owed(const struct broker *b)
{
	return HASH_COUNT(b->presence_owed);
}
