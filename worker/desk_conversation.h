/* Conversations as a run of records leaves them, in desk_conversation. Changes tell all of
 * a conversation; between them, what is posted and read in its room moves its last words
 * and read positions: one row a conversation, whatever was said. */
#ifndef WORKER_DESK_CONVERSATION_H
#define WORKER_DESK_CONVERSATION_H

#include "noun.h"

/* What is told of a conversation, in any of its events: they have one form. */
static inline const Parlor__ConversationChanged *desk_told(const Parlor__Event *event)
{
	return event->kind_case == PARLOR__EVENT__KIND_OFFER         ? event->offer
	       : event->kind_case == PARLOR__EVENT__KIND_OFFER_ENDED ? event->offer_ended
	       : event->kind_case == PARLOR__EVENT__KIND_TRANSFER    ? event->transfer
								     : event->conversation;
}

/* What happened in a room that may be a conversation's: one of the three. */
struct desk_item {
	const Parlor__Conversation *changed;
	const Parlor__Message *posted;
	const Parlor__HasRead *read;
	uint64_t seq; /* of what was posted or read */
	uint64_t position;
	uint64_t time_us;
	size_t next; /* index in items of the next of its room, + 1; 0: none */
};

/* A conversation before and behind an item. Texts are of records or of `texts`. */
struct desk_now {
	const char *tenant;
	const char *id;
	const char *visitor;
	const char *agent;                /* "": nobody serves */
	const Parlor__Conversation *told; /* by the last change; NULL: it is as in the table */
	uint64_t no;
	uint64_t first_seq;
	int state;
	bool robot;
	bool responded;
	uint32_t asks;
	int spoke;
	uint64_t spoke_seq; /* of the last message of the visitor or who serves */
	uint64_t visitor_read_seq;
	uint64_t agent_read_seq;
	uint64_t first_response_us; /* 0: not told */
	uint64_t last_message_us;   /* 0: not told */
	uint64_t position;          /* 0: nothing has happened */
	uint64_t time_us;
	char *texts;
	struct desk_now *next; /* of the same room, the latest first */
};

struct desk_room {
	const struct fold_room *room;
	size_t first, last; /* items, + 1 */
	bool asks;          /* the table has to say what was there */
	struct desk_now *conversations;
	UT_hash_handle hh; /* key: room */
};

struct fold_conversations {
	struct desk_room *rooms;
	struct desk_item *items;
	size_t items_len, items_cap;
};

/* All items of a room behind one another: what its conversations are now. */
void desk_room_walk(const struct fold_conversations *, struct desk_room *);

extern const struct noun desk_conversation_noun;

#endif
