/* What the recorded run tells of people: how long a conversation took once it was served, and
 * when its agent wrote in it; how each agent answered offers; how long visitors waited. Owns what
 * it was told; the other run asks it. */
#ifndef WHATIF_PAST_H
#define WHATIF_PAST_H

#include "core/core.h"
#include "whatif/patience.h"

#include <uthash.h>

enum answer_kind { ANSWER_NONE, ANSWER_ACCEPT, ANSWER_DECLINE, ANSWER_EXPIRE };
struct past_answer {
	uint64_t delay_us;
	enum answer_kind kind;
};
struct past_agent {
	UT_hash_handle hh; /* key: member */
	uint64_t member;
	uint64_t handled, handled_us; /* conversations that it had last, and what they took */
	struct past_answer *answers;  /* in order of the offers */
	size_t answers_len, answers_cap;
	size_t next; /* of the other run */
};
struct past_key {
	uint32_t tenant;
	char id[ROW_ID_MAX + 1];
};
struct past_visit {
	UT_hash_handle hh; /* key: key */
	struct past_key key;
	uint64_t room, visitor;
	uint64_t opened_us, served_us, since_us; /* desk time; in all, and since when it is */
	uint64_t agent;                          /* member that had it last; 0: nobody */
	bool serving, ended, before;             /* before: it was opened before what was told */
	uint64_t waited_us;                      /* until it was served, or left */
	uint64_t *posts;                         /* of agents: behind so much of what it took */
	size_t posts_len, posts_cap;
	struct past_offer {
		uint64_t member, at_us;
		size_t answer;
	} offers[8]; /* that are live */
	size_t offers_len;
	void *again; /* of the other run, which frees it */
};
struct past {
	struct past_visit *visits;
	struct past_agent *agents;
	struct past_room {
		UT_hash_handle hh; /* key: room */
		uint64_t room;
		struct past_visit *visit; /* its last one */
		bool apart; /* of the other run: what happens in it is no more what happened */
	} * rooms;
	struct past_agent all; /* everybody's answers, and conversations */
	struct patience patience;
};

void past_see(struct past *, const struct record *, uint64_t desk_us);
/* All was told. */
void past_end(struct past *);
void past_fini(struct past *);

/* NULL: nothing was told of it. */
struct past_visit *past_visit(struct past *, uint32_t tenant, struct span id);
/* Of a room that has had a conversation; NULL: it had none. */
struct past_room *past_room(struct past *, uint64_t room);
/* What one takes it: what it took, as this agent is faster or slower than the one who had it.
 * speed false: what it took. */
double past_factor(const struct past *, const struct past_visit *, uint64_t member, bool speed);
uint64_t past_handle_us(const struct past *, const struct past_visit *);
/* The agent's next answer, over and over; of somebody who never answered, everybody's. */
struct past_answer past_answer(struct past *, uint64_t member);

#endif
