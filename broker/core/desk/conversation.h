/* A conversation changes: all of its row as it is afterwards goes into a record, with what
 * else the change is about, and from the record into memory, where queues and loads follow.
 * Owns this one way; decides nothing. Private to the core. */
#ifndef DESK_CONVERSATION_H
#define DESK_CONVERSATION_H

#include "core/desk/tables.h"
#include "core/desk/view.h"
#include "core/record_kind.h"

/* Nobody asked for it, or said why. */
#define NO_ONE ((struct span){NULL, 0})

/* Begun from the row as it is; the caller changes `row`, and says what else there is. */
struct conversation_change {
	struct conversation *of; /* NULL: a new one */
	uint64_t no;
	uint32_t tenant;
	struct row_conversation row;
	uint64_t given, offers;        /* numbers that the change gives */
	const struct row_stint *stint; /* that begins or ends, */
	uint32_t stint_n;              /* which of the conversation's it is */
	struct seat *seat;             /* who is offered it, or serves */
	struct team_seat *team_seat;   /* whose turn it was; NULL: nobody's */
	uint64_t turn, pass;
	uint64_t ready_us, idle_us; /* of the seat; 0: as it was */
	bool missed, answered;      /* the seat's agent has missed an offer; or has not */
	const struct decision *decision;
	struct offer_view *offer;       /* seat and team are filled in */
	struct transfer_view *transfer; /* its parties are filled in */
	struct team *told;              /* whose watchers hear of it; NULL: its own team's */
	uint8_t how;                    /* of an offer's end */
	uint8_t reminded;
	struct span by, comment, why;
	/* Lists that the row has from now on; a row borrows from them. */
	struct buf offered, excluded;
};

void conversation_begin(struct conversation_change *, struct core *, struct conversation *);
/* A number that nothing has had. */
uint64_t conversation_give(struct conversation_change *);
/* Recorded and applied. */
void conversation_emit(struct core *, enum record_kind_no, struct conversation_change *);

/* The live offer goes to that seat, too; or no more. */
void conversation_add_offered(struct conversation_change *, uint64_t seat);
void conversation_drop_offered(struct conversation_change *, uint64_t seat);
bool conversation_is_offered(const struct row_conversation *, uint64_t seat);
/* Not to that seat until then; those whose time is over go. */
void conversation_exclude(struct conversation_change *, uint64_t seat, uint64_t now_us,
			  uint64_t until_us);

/* What is derived from the open ones: when the run begins. */
void conversation_link(struct core *, struct conversation *);

#endif
