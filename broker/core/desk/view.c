#include "core/desk/view.h"

#define V(member) FIELD(struct conversation_view, member)
const struct field conversation_view_fields[] = {V(no),
						 V(conversation),
						 V(room),
						 V(desk),
						 V(desk_no),
						 V(team),
						 V(team_no),
						 V(visitor),
						 V(visitor_no),
						 V(agent),
						 V(agent_no),
						 V(seat_no),
						 V(robot),
						 V(state),
						 V(type),
						 V(type_no),
						 V(product),
						 V(business),
						 V(priority),
						 V(reopens),
						 V(first_seq),
						 V(last_seq),
						 V(asks),
						 V(spoke),
						 V(level),
						 V(stint),
						 V(offer),
						 V(transfer),
						 V(opened_us),
						 V(queued_us),
						 V(assigned_us),
						 V(first_response_us),
						 V(last_message_us),
						 V(closed_us),
						 V(close_why),
						 V(rating_until_us),
						 V(score),
						 V(position),
						 FIELDS_END};

#define S(member) FIELD(struct stint_view, member)
const struct field stint_view_fields[] = {S(no),      S(n),          S(agent),   S(agent_no),
					  S(seat_no), S(robot),      S(how),     S(from_seq),
					  S(to_seq),  S(started_us), S(last_us), S(ended_us),
					  S(end_why), S(wait_ms),    FIELDS_END};

#define O(member) FIELD(struct offer_view, member)
const struct field offer_view_fields[] = {O(offer),   O(agent),  O(agent_no),   O(seat_no),
					  O(why),     O(end),    O(expires_ms), O(team),
					  O(team_no), O(misses), FIELDS_END};

#define T(member) FIELD(struct transfer_view, member)
const struct field transfer_view_fields[] = {
	T(no),      T(from_agent), T(from_agent_no), T(to_agent), T(to_agent_no),
	T(to_team), T(to_team_no), T(let_go),        T(by),       T(by_no),
	T(note),    T(end),        T(asked_us),      T(ended_us), FIELDS_END};

#define D(member) FIELD(struct decision, member)
const struct field decision_fields[] = {
	D(strategy), D(why),         D(ready),        D(level),        D(score),
	D(of),       D(second_seat), D(second_score), D(second_of),    D(offline),
	D(full),     D(excluded),    D(place),        D(second_agent), FIELDS_END};
