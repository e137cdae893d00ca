#include "places.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct face {
	UT_hash_handle hh;
	char id[];
};

/* Under the tenant's number and the recorded id. */
struct place_slot {
	UT_hash_handle hh;
	struct place place;
	char key[];
};

void places_fini(struct places *all)
{
	struct place_slot *slot, *next;

	HASH_ITER (hh, all->slots, slot, next) {
		HASH_DEL(all->slots, slot);
		MEM_FREE_TABLE(slot->place.faces);
		free(slot->place.id);
		free(slot);
	}
	buf_fini(&all->key);
	*all = (struct places){0};
}

struct place *places_get(struct places *all, uint32_t tenant, const char *id, bool *met)
{
	struct place_slot *slot;

	buf_clear(&all->key);
	buf_put_u32(&all->key, tenant);
	buf_put(&all->key, id, strlen(id));
	HASH_FIND(hh, all->slots, all->key.data, all->key.len, slot);
	*met = slot != NULL;
	if (slot || all->len == PLACES_MAX)
		return slot ? &slot->place : NULL;
	slot = mem_new(sizeof *slot + all->key.len);
	memcpy(slot->key, all->key.data, all->key.len);
	slot->place.tenant = tenant;
	HASH_ADD_KEYPTR(hh, all->slots, slot->key, all->key.len, slot);
	all->len++;
	return &slot->place;
}

bool place_meet(struct place *p, const char *member)
{
	size_t len = strlen(member);
	struct face *face;

	HASH_FIND(hh, p->faces, member, len, face);
	if (face)
		return false;
	face = mem_new(sizeof *face + len + 1);
	memcpy(face->id, member, len);
	HASH_ADD_KEYPTR(hh, p->faces, face->id, len, face);
	return true;
}

uint64_t place_seq(const struct place *p, int64_t recorded)
{
	uint64_t seq = (uint64_t)recorded;

	return p->counted && seq > p->ahead ? seq - p->ahead : 0;
}

bool place_has(const struct operation *d)
{
	return place_seq(d->place, d->event.seq) > 0;
}

bool place_free(const struct place *p, const struct operation_kind *kind)
{
	if (p->out == 0 || (kind == p->last && (kind->rules & OPERATION_AMONG_ITSELF)))
		return true;
	return !((kind->rules | p->last->rules) & OPERATION_ALONE);
}
