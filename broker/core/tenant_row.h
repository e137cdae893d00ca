/* Tenants in memory. Private to the core. */
#ifndef CORE_TENANT_ROW_H
#define CORE_TENANT_ROW_H

#include "core/tables.h"

/* Finding: PARLOR_E_OK with *out NULL when there is none; other codes are failures of
 * the store. */
enum parlor_err tenant_find(struct core *, struct span id, struct tenant **) PARLOR_MUST_CHECK;
enum parlor_err tenant_find_no(struct core *, uint32_t no, struct tenant **) PARLOR_MUST_CHECK;
/* The caller has made sure that there is none. */
enum parlor_err tenant_add(struct core *, uint32_t no, struct span id,
			   struct tenant **) PARLOR_MUST_CHECK;

/* Once, when the state has been read: names stand in rows in the order of names. */
enum parlor_err tenant_names_load(struct core *) PARLOR_MUST_CHECK;
void tenant_names_fini(struct tenant_names *);
size_t tenant_names_bytes(const struct tenant_names *);

#endif
