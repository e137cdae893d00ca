#include "diff_names.h"

#include "audit/finding.h"

#include <string.h>

/* Keys are the kind, the tenant's number and the name: only the name is common. */
#define NAME_AT 5

enum parlor_err names_next(struct names *n)
{
	struct span key, value;
	enum parlor_err err = n->ended ? PARLOR_E_NOT_FOUND : pager_next(&n->pager, &key, &value);
	n->ended = err == PARLOR_E_NOT_FOUND;
	if (n->ended)
		return PARLOR_E_OK;
	if (!err && (key.len < NAME_AT || !row_get_number(value, &n->number)))
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		audit_text(n->name, sizeof n->name,
			   (struct span){(const uint8_t *)key.data + NAME_AT, key.len - NAME_AT});
	return err;
}

enum parlor_err names_init(struct names *n, struct core_rows rows, char kind, uint64_t tenant)
{
	struct row_key from;
	*n = (struct names){.ended = false};
	row_key_name(&from, kind, (uint32_t)tenant, (struct span){NULL, 0});
	pager_init_at(&n->pager, rows, &from, from.len);
	/* A tenant that the side does not have has nothing there. */
	n->ended = kind != 'T' && !tenant;
	return names_next(n);
}

void names_fini(struct names *n)
{
	pager_fini(&n->pager);
}

int names_order(const struct names *a, const struct names *b)
{
	return a->ended || b->ended ? a->ended - b->ended : strcmp(a->name, b->name);
}
