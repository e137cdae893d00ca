/* What playing one room asks of the broker, step by step: a pure function of
 * the room's events and a few options.
 *
 * The rules. Everyone whose first event is not a join is a member from the
 * start. A join adds, a leave removes; who is there is not added again, who is
 * not there is not removed. Who speaks without being a member is added first.
 * With read_every N, after every N-th message (text or notice) of the room the
 * one who sends the next message reads up to it, if he is a member then.
 *
 * Resuming. A room that was played up to some event must end in the same
 * state when it is played again, but a membership made again would start its
 * unread count anew. So of what lies before only the posts are kept, which the
 * broker knows by their client ids; then everyone who was there is added
 * (nothing to do, as a rule), and the rest follows as ever. Only who left
 * before the next message is not added: a file played to its end changes
 * nothing when it is played again. A REMOVE may then find nobody. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "corpus.h"

enum step_kind { STEP_ADD, STEP_REMOVE, STEP_POST, STEP_READ };

struct step {
	enum step_kind kind;
	bool opening;   /* ADD: from the start, or on resuming; not a join */
	uint32_t event; /* when it is due; of READ: the message read up to */
	uint32_t who;   /* of REMOVE, POST, READ */
	uint32_t crowd; /* of ADD: people from crowd on in the script's list */
	uint32_t crowd_len;
};

struct script {
	struct step *steps;
	size_t len;
	uint32_t *crowd;
	size_t crowd_len;
	uint32_t manager; /* the first agent, or UINT32_MAX */
};

struct script_options {
	uint32_t crowd_max;  /* members one ADD may name, at least 1 */
	uint32_t read_every; /* 0: nobody reads */
	bool resume;         /* the broker has the messages up to resume_event */
	uint32_t resume_event;
};

/* Free with script_fini. */
void script_make(struct script *, const struct corpus_room *, const struct script_options *);
void script_fini(struct script *);

/* Whether two steps may be unanswered at the same time. After a reconnect all
 * that is unanswered is sent again, in order, though it may have been carried
 * out: posts are then recognised, but a member removed and added a second time
 * would lose what was posted in between. So a run of posts, of membership
 * changes and a read each wait for the one before. */
bool script_together(enum step_kind, enum step_kind);

/* The client id of an event's post, and back (false: not one of ours). */
#define SCRIPT_ID_MAX 16
void script_client_id(uint32_t event, char out[SCRIPT_ID_MAX]);
bool script_event(const char *client_id, uint32_t *event);

#endif
