#include "client/attached.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct attached_member *find(const struct attached *r, const char *member)
{
	struct attached_member *m;

	HASH_FIND_STR(r->members, member, m);
	return m;
}

static void drop(struct attached *r, struct attached_member *m)
{
	HASH_DEL(r->members, m);
	free(m->id);
	free(m);
}

void attached_add(struct attached *r, const char *member)
{
	struct attached_member *m;

	if (find(r, member))
		return;
	m = mem_new(sizeof *m);
	m->id = mem_text(member, strlen(member));
	HASH_ADD_KEYPTR(hh, r->members, m->id, strlen(m->id), m);
}

void attached_remove(struct attached *r, const char *member)
{
	struct attached_member *m = find(r, member);

	if (m)
		drop(r, m);
}

void attached_set_presence(struct attached *r, const char *member, Parlor__Presence presence)
{
	struct attached_member *m = find(r, member);

	if (m)
		m->presence = presence;
}

char **attached_ids(const struct attached *r, size_t *n)
{
	size_t count = HASH_COUNT(r->members);
	char **ids = mem_new((count + 1) * sizeof *ids);

	*n = 0;
	for (struct attached_member *m = r->members; m; m = m->hh.next)
		ids[(*n)++] = m->id;
	return ids;
}

void attached_fini(struct attached *r)
{
	struct attached_member *m, *next;

	HASH_ITER (hh, r->members, m, next)
		drop(r, m);
}
