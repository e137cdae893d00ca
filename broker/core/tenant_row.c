#include "core/tenant_row.h"

#include "core/name.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum parlor_err tenant_add(struct core *c, uint32_t no, struct span id, struct tenant **out)
{
	struct row_key key;
	struct span value;
	struct row_tenant row = {0};
	row_key_tenant(&key, no);
	enum parlor_err err = row_engine_get(&c->engine, &key, &value);
	if (!err && !row_get_tenant(value, &row))
		err = PARLOR_E_STORE_CORRUPT;
	if (err && err != PARLOR_E_NOT_FOUND)
		return err;
	struct tenant *t = mem_new(sizeof *t);
	t->row = row;
	t->no = no;
	t->text = mem_text(id.data, id.len);
	t->id = (struct span){t->text, id.len};
	HASH_ADD(by_no, c->tenants_by_no, no, sizeof t->no, t);
	HASH_ADD_KEYPTR(by_id, c->tenants_by_id, t->text, id.len, t);
	*out = t;
	return PARLOR_E_OK;
}

void tenant_touch(struct core *c, struct tenant *t)
{
	if (!t->dirty && !t->in_flight)
		DL_APPEND2(c->changed_tenants, t, changed_prev, changed_next);
	t->dirty = true;
}

enum parlor_err tenant_find(struct core *c, struct span id, struct tenant **out)
{
	*out = c->last_tenant;
	if (*out && span_equal((*out)->id, id))
		return PARLOR_E_OK;
	HASH_FIND(by_id, c->tenants_by_id, id.data, id.len, *out);
	if (*out)
		c->last_tenant = *out;
	if (*out || id.len > ROW_ID_MAX)
		return PARLOR_E_OK;

	uint64_t number;
	enum parlor_err err = name_number(c, 'T', 0, id, &number);
	if (!err && number)
		err = tenant_add(c, (uint32_t)number, id, out);
	return err;
}

struct tenant_search {
	uint64_t no;
	struct span id;
	uint8_t bytes[ROW_ID_MAX];
};

static bool match_tenant(void *arg, const void *key, size_t key_len, struct span value)
{
	struct tenant_search *search = arg;
	uint64_t number;
	if (!row_get_number(value, &number) || number != search->no)
		return true;
	assert(key_len >= ROW_NAME_PREFIX && key_len - ROW_NAME_PREFIX <= ROW_ID_MAX);
	search->id = (struct span){search->bytes, key_len - ROW_NAME_PREFIX};
	memcpy(search->bytes, (const uint8_t *)key + ROW_NAME_PREFIX, search->id.len);
	return false;
}

enum parlor_err tenant_find_no(struct core *c, uint32_t no, struct tenant **out)
{
	*out = c->last_tenant;
	if (*out && (*out)->no == no)
		return PARLOR_E_OK;
	HASH_FIND(by_no, c->tenants_by_no, &no, sizeof no, *out);
	if (*out) {
		c->last_tenant = *out;
		return PARLOR_E_OK;
	}

	/* Names are stored by name: the few tenants are searched once each. */
	struct tenant_search search = {.no = no};
	struct row_key from;
	row_key_name(&from, 'T', 0, (struct span){"", 0});
	enum parlor_err err = row_engine_scan(&c->engine, &from, 1, match_tenant, &search);
	if (!err && search.id.data)
		err = tenant_add(c, no, search.id, out);
	return err;
}

void tenant_free_all(struct core *c)
{
	struct tenant *t, *next;
	HASH_ITER (by_no, c->tenants_by_no, t, next) {
		HASH_DELETE(by_no, c->tenants_by_no, t);
		HASH_DELETE(by_id, c->tenants_by_id, t);
		free(t->text);
		free(t);
	}
}
