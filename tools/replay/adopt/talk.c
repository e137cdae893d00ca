#include "adopt/talk.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

void talks_fini(struct talks *all)
{
	struct talk *t, *next;
	HASH_CLEAR(hh_guest, all->by_visitor);
	HASH_ITER (hh, all->by_id, t, next) {
		HASH_DEL(all->by_id, t);
		free(t);
	}
	buf_fini(&all->key);
}

static void put_key(struct talks *all, const char *tenant, const char *of, const char *id)
{
	buf_clear(&all->key);
	buf_put(&all->key, tenant, strlen(tenant) + 1);
	if (of)
		buf_put(&all->key, of, strlen(of) + 1);
	buf_put(&all->key, id, strlen(id) + 1);
}

struct talk *talk_find(struct talks *all, const char *tenant, const char *id)
{
	struct talk *t;
	put_key(all, tenant, NULL, id);
	HASH_FIND(hh, all->by_id, all->key.data, all->key.len, t);
	return t;
}

struct talk *talk_of_visitor(struct talks *all, const char *tenant, const char *desk,
			     const char *visitor)
{
	struct talk *t;
	put_key(all, tenant, desk, visitor);
	HASH_FIND(hh_guest, all->by_visitor, all->key.data, all->key.len, t);
	return t;
}

struct talk *talk_add(struct talks *all, const struct talk *like)
{
	struct buf keys = {0};
	put_key(all, like->tenant, NULL, like->id);
	buf_put(&keys, all->key.data, all->key.len);
	put_key(all, like->tenant, like->desk, like->visitor);
	buf_put(&keys, all->key.data, all->key.len);
	struct talk *t = mem_new(sizeof *t + keys.len);
	*t = *like;
	memcpy(t->key, keys.data, keys.len);
	t->key_len = keys.len - all->key.len;
	HASH_ADD_KEYPTR(hh, all->by_id, t->key, t->key_len, t);
	HASH_ADD_KEYPTR(hh_guest, all->by_visitor, t->key + t->key_len, all->key.len, t);
	t->open = true;
	buf_fini(&keys);
	return t;
}

void talk_ended(struct talks *all, struct talk *t)
{
	if (t->open)
		HASH_DELETE(hh_guest, all->by_visitor, t);
	t->open = false;
}

void talk_free(struct talks *all, struct talk *t)
{
	talk_ended(all, t);
	HASH_DELETE(hh, all->by_id, t);
	free(t);
}

struct hash128 talk_hash(struct talks *all, const struct talk *t)
{
	put_key(all, t->tenant, t->desk, t->visitor);
	return hash128(all->key.data, all->key.len);
}
