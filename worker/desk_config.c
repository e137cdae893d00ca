/* The rows that say how a desk works, one table a kind (proto/desk.proto). */
#include "noun.h"

#define TABLE(table, ...)                                                         \
	{                                                                         \
		.name = (table), .migration = 4, .key = { "ent_id", __VA_ARGS__ } \
	}
static const struct table tables[] = {
	TABLE("desk", "desk"),
	TABLE("desk_team", "desk", "team"),
	TABLE("desk_agent", "agent"),
	TABLE("desk_seat", "desk", "agent"),
	TABLE("desk_team_seat", "desk", "team", "agent"),
	TABLE("desk_visitor", "visitor"),
	TABLE("desk_group", "group"),
	TABLE("desk_type", "type"),
	TABLE("desk_route", "desk", "by", "value"),
	TABLE("desk_text", "desk", "team", "which"),
	TABLE("desk_hours", "hours"),
	TABLE("desk_business", "desk", "business"),
	TABLE("desk_seat_business", "desk", "agent", "business"),
	TABLE("desk_party", "member_id"),
};
const struct noun desk_config_noun = {NOUN_LIST(tables)};
