/* The views under other systems' names (schema/0005_seed_views.sql). Only read by others:
 * no record is written there. */
#include "noun.h"

#define VIEW(view)                                             \
	{                                                      \
		.name = (view), .migration = 5, .yields = true \
	}
static const struct table tables[] = {
	VIEW("users"),
	VIEW("conversations"),
	VIEW("messages"),
	VIEW("agent_status"),
	VIEW("seat"),
	VIEW("session"),
	VIEW("session_mapping"),
	VIEW("busi_supplier_mapping"),
	VIEW("busi_seat_mapping"),
	VIEW("supplier"),
	VIEW("tp_customer_service_fans_group"),
	VIEW("tp_customer_service_fans"),
	VIEW("tp_customer_service_fans_visitors"),
	VIEW("tp_customer_service_fans_visitors_type"),
	VIEW("tp_customer_service_fans_message"),
	VIEW("tp_customer_service_users_message"),
	VIEW("tp_customer_service_users"),
	VIEW("tp_customer_service_users_job"),
	VIEW("tp_customer_service_users_change"),
};
const struct noun seed_view_noun = {NOUN_LIST(tables)};
