#include "core/tenant_row.h"

#include "core/name.h"

#include <assert.h>
#include <string.h>

static void put_tenant(struct buf *b, const struct row *row)
{
	row_put_tenant(b, &((const struct tenant *)row)->row);
}

static bool get_tenant(struct row *row, struct span value)
{
	return row_get_tenant(value, &((struct tenant *)row)->row);
}

static void drop_tenant(void *core, struct row *row)
{
	struct core *c = core;
	struct tenant *t = (struct tenant *)row;
	if (t->no)
		HASH_DELETE(by_id, c->tenants_by_id, t);
}

const struct row_kind tenant_kind = {.name = "tenant",
				     .no = KIND_TENANT,
				     .table = ROW_NAMES,
				     .sub = ROW_TENANT,
				     .size = sizeof(struct tenant),
				     .put = put_tenant,
				     .get = get_tenant,
				     .drop = drop_tenant};

enum parlor_err tenant_add(struct core *c, uint32_t no, struct span id, struct tenant **out)
{
	struct row *row;
	bool read;
	enum parlor_err err = row_load(&c->engine, &tenant_kind, no, 0, NULL, &row, &read);
	if (err)
		return err;
	/* It has no row before its first room or member. */
	if (!row)
		row = row_add(&c->engine, &tenant_kind, no, 0, NULL);
	row->refs++; /* it stays */
	struct tenant *t = (struct tenant *)row;
	t->no = no;
	memcpy(t->text, id.data, id.len);
	t->id = (struct span){t->text, id.len};
	HASH_ADD_KEYPTR(by_id, c->tenants_by_id, t->text, id.len, t);
	*out = t;
	return PARLOR_E_OK;
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
	*out = (struct tenant *)row_find(&c->engine, &tenant_kind, no, 0);
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
