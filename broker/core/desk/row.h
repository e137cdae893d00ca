/* Conversations, stints and the desk's counters as they are stored, in records and in rows:
 * structs of plain values and their bytes. Owns these forms, and nothing in memory. */
#ifndef DESK_ROW_H
#define DESK_ROW_H

#include "core/engine/field.h"

enum conversation_state {
	CONVERSATION_DEFERRED = 1,
	CONVERSATION_WAITING,
	CONVERSATION_OFFERED,
	CONVERSATION_BOT,
	CONVERSATION_ACTIVE,
	CONVERSATION_HELD,
	CONVERSATION_CLOSED
};
enum spoke_last { SPOKE_NOBODY = 0, SPOKE_VISITOR = 3, SPOKE_SEAT = 4 };

/* Times that end in _desk_us are the desk's, the others are of the wall. Seats, teams and
 * the like are numbers of rows. */
struct row_conversation {
	struct span id, room_id, visitor_id, product;
	uint64_t desk, team, room, visitor, type, business, reopens, content;
	uint8_t state, priority, level, spoke, close_why, queue_why, score;
	bool robot;     /* who serves is one */
	bool overflows; /* the overflow team may take it, too */

	uint64_t key;           /* in the queue; the smallest is served first */
	uint64_t asked_desk_us; /* when it asked, without any head start */
	uint64_t waits_desk_us; /* since when it waits, this time */
	uint64_t wanted;        /* seat that was asked for */
	uint64_t reserved;      /* seat that it waits for */
	uint64_t reserved_until_desk_us;

	uint64_t offer, offer_team, offer_until_desk_us;
	uint64_t accepted; /* number of the offer by which who serves came to it; 0: by none */
	uint8_t offer_why;
	struct number_list offered;  /* seats that the live offer went to */
	struct number_list excluded; /* of each: seat, since when, until when in desk time */
	uint32_t offers;

	uint64_t seat, serving_team; /* who serves, and as whose; a robot that stays, too */
	uint32_t stints;
	uint64_t stint;       /* number of the row of the last one */
	uint64_t human_stint; /* of the last one of a human */
	uint64_t human_seat;
	uint64_t since_desk_us; /* of the stint, or of the state */

	uint64_t transfer, transfer_seat, transfer_team, transfer_until_desk_us;
	uint8_t transfer_wait;
	uint32_t transfers, takeaways, asks;
	uint64_t reminded_seq; /* of the message about whose answer was reminded */
	uint8_t reminded_sla;  /* bits */
	uint8_t texts;         /* bits: those that were said */

	uint64_t first_seq, last_seq;
	uint64_t opened_desk_us, visitor_spoke_desk_us, seat_spoke_desk_us;
	uint64_t spoke_seq; /* of the last words of whoever spoke last */
	uint64_t opened_us, queued_us, assigned_us, first_response_us, last_message_us, closed_us;
	uint64_t rating_until_us;
	uint64_t told; /* position of the record that this row was in */
};
struct row_stint {
	uint64_t no, seat, agent, started_us, last_us, ended_us, from_seq, to_seq, wait_ms;
	uint8_t how, end_why;
	bool robot;
};

struct row_desk_state {
	uint64_t given;     /* numbers, so far */
	uint64_t offset_us; /* of the desk's time to that of records, modulo 2^64 */
	uint64_t offers;    /* of all, numbered */
	uint64_t as_of;
};

/* Nobody is asked any more; it is not passed on any more. */
void conversation_clear_offer(struct row_conversation *);
void conversation_clear_transfer(struct row_conversation *);

/* All of its row, encoded as records have it. */
void conversation_put_row(struct buf *, const struct row_conversation *);
bool conversation_get_row(struct span, struct row_conversation *);
void stint_put_row(struct buf *, const struct row_stint *);
bool stint_get_row(struct span, struct row_stint *);

/* The numbers of such a list. */
uint64_t numbers_at(const struct number_list *, size_t i);

#endif
