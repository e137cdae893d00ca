/* What a row of a desk's configuration refers to: desks, teams, agents and seats by their
 * ids, found and checked, and members introduced. Private to the core. */
#ifndef DESK_NAMING_H
#define DESK_NAMING_H

#include "core/call.h"
#include "core/desk/tables.h"

/* What a request names, found. */
struct naming {
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
enum parlor_err naming_find(struct naming *, enum config_no, void *is,
			    bool remove) PARLOR_MUST_CHECK;
/* Its tenant and its member are known from here on, when they are new. */
enum parlor_err naming_introduce_party(struct naming *, enum config_no, void *is) PARLOR_MUST_CHECK;

#endif
