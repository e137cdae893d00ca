/* What is shown of conversations, to who asks and who is told: structs of plain values, and
 * their fields in the order of the messages of proto/desk.proto. Texts are borrowed. */
#ifndef DESK_VIEW_H
#define DESK_VIEW_H

#include "core/engine/field.h"

struct conversation_view {
	uint64_t no;
	struct span conversation, room, desk, team, visitor, agent, type, product;
	uint64_t desk_no, team_no, visitor_no, agent_no, seat_no, type_no;
	uint64_t business, reopens, first_seq, last_seq, stint, offer, transfer;
	uint64_t opened_us, queued_us, assigned_us, first_response_us, last_message_us, closed_us;
	uint64_t rating_until_us, position;
	uint32_t asks;
	uint8_t state, priority, spoke, level, close_why, score;
	bool robot;
};
struct stint_view {
	uint64_t no;
	struct span agent;
	uint64_t agent_no, seat_no, from_seq, to_seq, started_us, last_us, ended_us, wait_ms;
	uint32_t n;
	uint8_t how, end_why;
	bool robot;
};
struct offer_view {
	uint64_t offer;
	struct span agent, team;
	uint64_t agent_no, seat_no, team_no, expires_ms;
	uint32_t misses;
	uint8_t why, end;
};
struct transfer_view {
	uint64_t no;
	struct span from_agent, to_agent, to_team, by, note;
	uint64_t from_agent_no, to_agent_no, to_team_no, by_no, asked_us, ended_us;
	bool let_go;
	uint8_t end;
};
struct decision {
	uint64_t score, of, second_seat, second_score, second_of;
	struct span second_agent;
	uint32_t ready, offline, full, excluded, place;
	uint8_t strategy, why, level;
};

extern const struct field conversation_view_fields[], stint_view_fields[], offer_view_fields[],
	transfer_view_fields[], decision_fields[];

/* What is told of a change beside the conversation; NULL and empty: nothing. */
struct conversation_told {
	const struct conversation_view *conversation;
	uint64_t before; /* position of the record about it before this one */
	const struct stint_view *stint;
	const struct offer_view *offer;
	const struct transfer_view *transfer;
	const struct decision *decision;
	uint8_t queued;   /* why it waits */
	uint8_t reminded; /* of what */
	struct span by, comment, why;
};

#endif
