/* Who could serve whom, as the records of a journal tell it: teams, seats, agents, who is
 * there, what each of them has at a moment and how long it had it. Everything is counted
 * from records alone; knows no queue and judges nothing. */
#ifndef DESK_ROSTER_H
#define DESK_ROSTER_H

#include "core/desk/form.h"
#include "core/desk/rank.h"
#include "core/record.h"
#include "core/row.h"

#include <uthash.h>

#define ROSTER_ID (ROW_ID_MAX + 1)

struct roster_desk {
	uint64_t no;
	char id[ROSTER_ID];
	uint8_t strategy;
	UT_hash_handle hh;
};

/* What came of conversations: of those that were opened in a team, and of what was asked
 * of its seats. */
struct roster_figures {
	uint64_t opened, served;
	uint64_t by_robot; /* closed, and only a robot had it */
	uint64_t left;     /* closed, and nobody had it */
	uint64_t *waits;   /* of those served, in microseconds of the desk's clock */
	size_t waits_len, waits_cap;
	uint64_t offers, offer_ends[6];                 /* by enum offer_end */
	uint64_t transfers, transfer_ends[6];           /* by enum transfer_end */
	uint64_t returned, gone, unanswered, overtaken; /* overtaken: see rules.c */
	uint64_t ratings, score_sum;
};

struct visit;

/* Who of a team could take one more, and who waits for that: kept up by idle.c. */
struct roster_open {
	struct visit *free[DESK_LEVELS], *helped, *kept;
	struct roster_post *ready;
	struct rank_tree resting;   /* by the end of their rest */
	uint64_t set_us, levels_us; /* its row, or who is there, changed last */
	struct rank_node in_due;    /* to be looked at, */
	uint64_t due_us;            /* then */
};

struct roster_team {
	uint64_t no;
	uint32_t tenant;
	struct roster_desk *desk;
	char id[ROSTER_ID], overflow[ROSTER_ID];
	uint8_t strategy, sticky_full;
	bool hold_frees, handoff_keeps, levels_wait, removed;
	uint64_t weight_us, boost_us[DESK_PRIORITIES];
	struct roster_post *posts;          /* first of them */
	struct rank_tree queue, overflowed; /* of visits: those of its own, those it helps with */
	struct roster_open open;
	/* Of its queue: how many stand there, and how often that changed since all its places
	 * were counted (standing.c). */
	size_t stand, moves;
	struct roster_team *next_moved;
	struct roster_figures figures;
	UT_hash_handle hh;
};

struct roster_agent {
	uint64_t member; /* its number */
	char id[ROSTER_ID];
	uint64_t max, load;
	uint8_t mode;
	bool robot, off;
	struct roster_seat *seats;
	UT_hash_handle hh;
};

struct roster_seat {
	uint64_t no, max, load, ready_us;
	uint8_t mode;
	bool bind, off;
	struct roster_agent *agent;
	struct roster_post *posts;
	struct roster_seat *next; /* of the agent */
	UT_hash_handle hh;
};

/* A seat in a team, also where it has no row there any more, or never had. */
struct roster_post {
	uint64_t key[2]; /* team, seat */
	struct roster_team *team;
	struct roster_seat *seat;
	bool stands;  /* its row is there */
	uint64_t row; /* its number */
	uint8_t level;
	uint64_t max, load;
	struct roster_post *next_of_team, *prev_of_team, *next_of_seat;
	/* Time in which it had a conversation of the team, and in which it was available or
	 * had one; as of when, and what holds since. */
	uint64_t busy_us, available_us, as_of_us, serves;
	bool available;
	uint64_t offers, offer_ends[6], conversations;
	/* Whether it could take one more, since when, or from when on. */
	enum roster_can { CANNOT, RESTS, READY } can;
	bool was_available, changed;
	uint64_t since_us, rests_us;
	struct roster_post *next_ready, *prev_ready, *next_changed;
	struct rank_node in_resting;
	UT_hash_handle hh;
};

struct roster_online {
	uint64_t member;
	UT_hash_handle hh;
};

struct roster {
	struct roster_desk *desks;
	struct roster_team *teams;
	struct roster_agent *agents;
	struct roster_seat *seats;
	struct roster_post *posts;
	struct roster_online *online;
	struct roster_post *changed; /* since whoever looks at them has emptied the list */
	uint64_t now_us;             /* of the desk's time, since the first record */
};

void roster_fini(struct roster *);

/* Rows of a desk and presence; others change nothing. False: a row that cannot be. */
bool roster_take(struct roster *, const struct record *);
/* All that has a time has it up to now. */
void roster_settle(struct roster *);

/* NULL: there is none. */
struct roster_team *roster_team(const struct roster *, uint64_t no);
struct roster_seat *roster_seat(const struct roster *, uint64_t no);
/* Of a team and a seat that are known; else NULL. */
struct roster_post *roster_post(struct roster *, uint64_t team, uint64_t seat);
struct roster_team *roster_overflow(const struct roster *, const struct roster_team *);

enum strategy roster_strategy(const struct roster_team *);
bool roster_available(const struct roster *, const struct roster_seat *);
/* For one more. */
bool roster_has_room(const struct roster_seat *, const struct roster_post *);
/* The lowest level of the team where a human is available. */
unsigned roster_lowest_level(const struct roster *, const struct roster_team *);
/* What the seat has is other than it was: so may be what it and its agent could take. */
void roster_changed(struct roster *, struct roster_seat *);
/* One that is served there begins (1) or ends (-1). */
void roster_serves(struct roster *, struct roster_post *, int by);

#endif
