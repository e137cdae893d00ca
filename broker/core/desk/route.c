#include "core/desk/route.h"

#include "core/desk/config_row.h"

#include <stdio.h>

struct team *route_by(struct core *c, const struct desk *desk, enum route_by by, struct span value)
{
	struct config_key k;
	if (!value.len)
		return NULL;
	config_key_begin(&k, CONFIG_ROUTE, desk->config->tenant);
	config_key_number(&k, desk->config->base.at.number);
	config_key_number(&k, by);
	config_key_text(&k, value);
	struct config *config = config_find_key(c, &k);
	if (!config || config->removed)
		return NULL;
	return team_find_no(c, ((const struct row_route *)config->is)->team_no);
}

/* By what the business calls this desk. */
static struct team *route_bsuid(struct core *c, const struct desk *desk, uint64_t business)
{
	struct config_key k;
	config_key_begin(&k, CONFIG_BUSINESS, desk->config->tenant);
	config_key_number(&k, desk->config->base.at.number);
	config_key_number(&k, business);
	const struct config *config = config_find_key(c, &k);
	const struct row_business *row = config ? config->is : NULL;
	if (!row || config->removed || row->off)
		return NULL;
	return route_by(c, desk, ROUTE_BSUID, row->bsuid_and_type);
}

struct team *route_business(struct core *c, const struct desk *desk, uint64_t business)
{
	char number[24];
	if (!business)
		return NULL;
	snprintf(number, sizeof number, "%llu", (unsigned long long)business);
	struct team *team = route_by(c, desk, ROUTE_BUSINESS, SPAN_TEXT(number));
	return team ? team : route_bsuid(c, desk, business);
}
