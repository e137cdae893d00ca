/* What a row of a desk's configuration refers to: desks, teams, agents and seats by their
 * ids, found and checked, and members introduced. Private to the core. */
#ifndef DESK_CONFIG_REFS_H
#define DESK_CONFIG_REFS_H

#include "core/call.h"
#include "core/desk/tables.h"

/* What a request names, found. */
struct config_refs {
	struct core *core;
	const struct core_call *call;
	struct tenant *tenant; /* NULL: it is new */
	uint32_t tenant_no;
	struct desk *desk;
	struct team *team;
	struct member *member;
	struct seat *seat;
};

/* The numbers of the row, whose texts are there. remove: its key is enough. */
enum parlor_err config_refs_find(struct config_refs *, enum config_no, void *is,
				 bool remove) PARLOR_MUST_CHECK;
/* Its tenant and its member are known from here on, when they are new. */
enum parlor_err config_refs_introduce_party(struct config_refs *, enum config_no,
					    void *is) PARLOR_MUST_CHECK;

#endif
