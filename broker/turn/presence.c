#include "turn/presence.h"

#include "core/engine/large_table.h"
#include "core/presence.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

#define LARGE_TABLE_LOG2 16U
/* Record and event, each with the longest id, and their entry. */
#define RECORD_BYTES (4 * ROW_ID_MAX)
/* Of the records that a turn may have, the part that is left to requests. */
#define TURN_SHARE 2

struct presence_debt {
	UT_hash_handle hh; /* the oldest first */
	uint64_t member;
};

void presence_fini(struct commit *c)
{
	MEM_FREE_TABLE(c->presence_owed);
}

void presence_settled(struct commit *c, uint64_t member)
{
	struct presence_debt *d;
	HASH_FIND(hh, c->presence_owed, &member, sizeof member, d);
	if (!d)
		return;
	HASH_DEL(c->presence_owed, d);
	free(d);
}

static void owe(struct commit *c, uint64_t member)
{
	struct presence_debt *d;
	HASH_FIND(hh, c->presence_owed, &member, sizeof member, d);
	if (d)
		return;
	d = mem_new(sizeof *d);
	d->member = member;
	HASH_ADD(hh, c->presence_owed, member, sizeof d->member, d);
}

static bool turn_has_space(const struct commit *c)
{
	return c->turn.len < c->limits.turn_records / TURN_SHARE + 1;
}

static enum parlor_err record(struct commit *c, uint64_t member, bool online)
{
	struct core_call call = {.now_us = c->wall_us};
	return core_presence_set(c->core, &call, member,
				 online ? PRESENCE_IS_ONLINE : PRESENCE_IS_OFFLINE);
}

enum parlor_err presence_changed(struct commit *c, uint64_t member, bool online)
{
	enum parlor_err err = PARLOR_E_STORE_FULL;
	/* Who comes has asked for it, in a request of bounded size. */
	if (online || turn_has_space(c))
		err = commit_reserve(c, RECORD_BYTES);
	if (err == PARLOR_E_STORE_FULL) {
		owe(c, member);
		return PARLOR_E_OK;
	}
	if (!err)
		err = record(c, member, online);
	if (!err)
		presence_settled(c, member);
	return err;
}

bool presence_pay(struct commit *c)
{
	struct presence_debt *d;
	while ((d = c->presence_owed) != NULL && turn_has_space(c)) {
		enum parlor_err err = commit_reserve(c, RECORD_BYTES);
		if (err)
			return false;
		err = record(c, d->member, fanout_devices(c->fanout, d->member) > 0);
		if (err)
			log_error("presence of a member: %s", parlor_err_text(err));
		presence_settled(c, d->member);
	}
	return c->presence_owed;
}

uint64_t presence_owed(const struct commit *c)
{
	return HASH_COUNT(c->presence_owed);
}
