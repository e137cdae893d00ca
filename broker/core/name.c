#include "core/name.h"

#include <assert.h>
#include <string.h>

void name_key_set(uint8_t key[ID_KEY_MAX], uint32_t tenant, struct span id)
{
	assert(id.len <= ROW_ID_MAX);
	memcpy(key, &tenant, sizeof tenant);
	memcpy(key + sizeof tenant, id.data, id.len);
}

void name_probe(struct id_probe *p, uint32_t tenant, struct span id)
{
	name_key_set(p->bytes, tenant, id);
	p->len = sizeof tenant + id.len;
}

/* The number behind a name; 0 when there is none. */
enum parlor_err name_number(struct core *c, char kind, uint32_t tenant, struct span id,
			    uint64_t *number)
{
	struct row_key key;
	struct span value;
	*number = 0;
	row_key_name(&key, kind, tenant, id);
	enum parlor_err err = row_engine_get(&c->engine, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !row_get_number(value, number))
		err = PARLOR_E_STORE_CORRUPT;
	return err;
}

void name_add(struct core *c, char kind, uint32_t tenant, struct span id, uint64_t number)
{
	struct row_key key;
	row_key_name(&key, kind, tenant, id);
	buf_clear(&c->scratch);
	buf_put_varint(&c->scratch, number);
	(void)first_row_add(&c->engine, &key, buf_span(&c->scratch), 0);
}
