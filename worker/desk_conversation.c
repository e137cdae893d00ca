/* Conversations of a desk, who served them when, offers, transfers and ratings. */
#include "noun.h"

#define TABLE(table, ...)                        \
	{                                        \
		.name = (table), .migration = 4, \
		.key = { "ent_id",               \
			 "conversation_id",      \
			 __VA_ARGS__ }           \
	}
static const struct table tables[] = {
	TABLE("desk_conversation", NULL),
	TABLE("desk_stint", "n"),
	TABLE("desk_offer", "offer", "seat_no"),
	TABLE("desk_transfer", "no"),
	TABLE("desk_rating", NULL),
};
const struct noun desk_conversation_noun = {NOUN_LIST(tables)};
