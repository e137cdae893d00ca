/* Names: the number behind the id of a tenant, room or member, as it is stored, and
 * the key under which whoever has an id is found in memory. Knows no noun. Private to
 * the core. */
#ifndef CORE_NAME_H
#define CORE_NAME_H

#include "core/tables.h"

/* Of a look-up by id, on the stack. */
struct id_probe {
	uint8_t bytes[ID_KEY_MAX];
	size_t len;
};

void name_key_set(uint8_t key[ID_KEY_MAX], uint32_t tenant, struct span id);
void name_probe(struct id_probe *, uint32_t tenant, struct span id);
/* The stored number behind a name; 0 when there is none. kind: of row_key_name. */
enum parlor_err name_number(struct core *, char kind, uint32_t tenant, struct span id,
			    uint64_t *number) PARLOR_MUST_CHECK;
void name_add(struct core *, char kind, uint32_t tenant, struct span id, uint64_t number);

#endif
