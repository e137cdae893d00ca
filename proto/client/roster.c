#include "client/roster.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct roster_member *find(const struct roster *r, const char *member)
{
	struct roster_member *m;

	HASH_FIND_STR(r->members, member, m);
	return m;
}

static void drop(struct roster *r, struct roster_member *m)
{
	HASH_DEL(r->members, m);
	free(m->id);
	free(m);
}

void roster_add(struct roster *r, const char *member)
{
	struct roster_member *m;

	if (find(r, member))
		return;
	m = mem_new(sizeof *m);
	m->id = mem_text(member, strlen(member));
	HASH_ADD_KEYPTR(hh, r->members, m->id, strlen(m->id), m);
}

void roster_remove(struct roster *r, const char *member)
{
	struct roster_member *m = find(r, member);

	if (m)
		drop(r, m);
}

void roster_set_presence(struct roster *r, const char *member, Parlor__Presence presence)
{
	struct roster_member *m = find(r, member);

	if (m)
		m->presence = presence;
}

char **roster_ids(const struct roster *r, size_t *n)
{
	size_t count = HASH_COUNT(r->members);
	char **ids = mem_new((count + 1) * sizeof *ids);

	*n = 0;
	for (struct roster_member *m = r->members; m; m = m->hh.next)
		ids[(*n)++] = m->id;
	return ids;
}

void roster_fini(struct roster *r)
{
	struct roster_member *m, *next;

	HASH_ITER (hh, r->members, m, next)
		drop(r, m);
}
