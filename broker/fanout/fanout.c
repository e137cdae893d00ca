#include "fanout/fanout.h"

#include "core/tenant.h"

struct session *fanout_watchers(const struct fanout *f, uint32_t tenant)
{
	struct span id;
	if (core_tenant_id(f->core, tenant, &id) != PARLOR_E_OK)
		return NULL;
	return session_watchers(f->sessions, id);
}
