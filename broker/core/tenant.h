/* Tenants: each has a number, given when a request first names it. */
#ifndef CORE_TENANT_H
#define CORE_TENANT_H

#include "core/call.h"

/* NOT_FOUND when no tenant has that number. */
enum parlor_err core_tenant_id(struct core *, uint32_t tenant, struct span *id) PARLOR_MUST_CHECK;
/* Number of the call's tenant, introducing it when unknown: TENANT_FULL. */
enum parlor_err core_tenant_intern(struct core *, const struct core_call *,
				   uint32_t *tenant) PARLOR_MUST_CHECK;
/* 0 when unknown. */
enum parlor_err core_tenant_find(struct core *, struct span id, uint32_t *tenant) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns -------------------------------------------------- */

struct tenant;

/* The tenant of a call, introduced when it is new: TENANT_FULL. */
enum parlor_err tenant_introduce(struct core *, const struct core_call *,
				 struct tenant **) PARLOR_MUST_CHECK;

/* Whether so many new ones have numbers left, in all and in its share: TENANT_FULL.
 * NULL: the tenant is new, too. */
enum parlor_err tenant_capacity(struct core *, const struct tenant *, uint64_t rooms,
				uint64_t members) PARLOR_MUST_CHECK;

/* The record makes a room, or a member, which its tenant's share has less of. */
enum parlor_err tenant_apply(struct core *, const struct record *, bool room) PARLOR_MUST_CHECK;

#endif
