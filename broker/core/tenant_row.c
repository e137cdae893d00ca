#include "core/tenant_row.h"

#include "core/name.h"

#include <stdlib.h>
#include <string.h>

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
				     .fields = row_tenant_fields,
				     .fields_at = offsetof(struct tenant, row),
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

struct names_scan {
	struct core *core;
	bool bad;
};

static bool take_name(void *arg, const void *key, size_t key_len, struct span value)
{
	struct names_scan *scan = arg;
	struct core *c = scan->core;
	struct tenant_names *names = &c->tenant_names;
	uint64_t no;
	scan->bad = key_len <= ROW_NAME_PREFIX || key_len > ROW_NAME_PREFIX + ROW_ID_MAX ||
		    !row_get_number(value, &no) || no == 0 || no > c->state.tenants ||
		    names->ends[no];
	if (scan->bad)
		return false;
	size_t len = key_len - ROW_NAME_PREFIX;
	buf_put(&names->text, (const uint8_t *)key + ROW_NAME_PREFIX, len);
	buf_put_u8(&names->text, (uint8_t)len);
	names->ends[no] = names->text.len;
	return true;
}

enum parlor_err tenant_names_load(struct core *c)
{
	struct names_scan scan = {.core = c};
	struct tenant_names *names = &c->tenant_names;
	struct row_key from;
	names->ends = mem_new(((size_t)c->state.tenants + 1) * sizeof *names->ends);
	names->last = c->state.tenants;
	row_key_name(&from, 'T', 0, (struct span){"", 0});
	enum parlor_err err = row_engine_scan(&c->engine, &from, 1, take_name, &scan);
	return !err && scan.bad ? PARLOR_E_STORE_CORRUPT : err;
}

void tenant_names_fini(struct tenant_names *names)
{
	free(names->ends);
	buf_fini(&names->text);
}

size_t tenant_names_bytes(const struct tenant_names *names)
{
	return names->ends ? ((size_t)names->last + 1) * sizeof *names->ends + names->text.cap : 0;
}

/* Empty: it has none. */
static struct span name_of(const struct tenant_names *names, uint32_t no)
{
	size_t end = names->ends && no <= names->last ? names->ends[no] : 0;
	if (!end)
		return (struct span){NULL, 0};
	size_t len = names->text.data[end - 1];
	return (struct span){names->text.data + end - 1 - len, len};
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

	struct span id = name_of(&c->tenant_names, no);
	return id.len ? tenant_add(c, no, id, out) : PARLOR_E_OK;
}
