#include "sync/owner.h"

#include "base/table.h"

#include <stdlib.h>

struct owner {
	UT_hash_handle hh;
	uint64_t session;
	struct owned *first;
};

static struct owner *find(const struct owners *o, uint64_t session)
{
	struct owner *owner;
	HASH_FIND(hh, o->table, &session, sizeof session, owner);
	return owner;
}

void owners_add(struct owners *o, uint64_t session, struct owned *it)
{
	struct owner *owner = find(o, session);
	if (!owner) {
		owner = mem_new(sizeof *owner);
		owner->session = session;
		HASH_ADD(hh, o->table, session, sizeof owner->session, owner);
	}
	it->owner = owner;
	DL_PREPEND(owner->first, it);
}

void owners_remove(struct owners *o, struct owned *it)
{
	struct owner *owner = it->owner;
	DL_DELETE(owner->first, it);
	it->owner = NULL;
	if (owner->first)
		return;
	HASH_DEL(o->table, owner);
	free(owner);
}

struct owned *owners_first(const struct owners *o, uint64_t session)
{
	const struct owner *owner = find(o, session);
	return owner ? owner->first : NULL;
}
