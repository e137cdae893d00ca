/* Whose turn it is: deficit round robin over groups, and over the flows of a group
 * (tenants, and the sessions of a tenant). What a flow did is charged to it and to its
 * group; who has spent more than its part waits behind the others, until rounds or
 * turns have paid it back. Owns the order of those that wait and what each has left;
 * knows no session, no frame, and not what a cost is made of. */
#ifndef FRONT_DRR_H
#define FRONT_DRR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A flow has this part of its group's quantum, so that one flow cannot use up what its
 * group may have at once. */
#define DRR_FLOW_PART 4
/* Quanta that are owed at most: who worked while nobody else did is not made to wait for
 * it much longer than a single dear piece of work would make it wait. */
#define DRR_OWED_MAX 16
/* Turns of a window, and of them in how many a group does something to be company in this window
 * and the next: who only says now and then that it is there makes nobody's work smaller. */
#define DRR_WINDOW_TURNS 256
#define DRR_COMPANY_TURNS 8

/* What is left of a part; zeroed it is full. */
struct drr_part {
	int64_t spent; /* more than a quantum: it waits */
	uint64_t turn; /* of the last payment */
};

struct drr_flow {
	struct drr_part part;
	struct drr_group *group; /* the caller sets it */
	bool waits;
	struct drr_flow *prev, *next; /* in group->flows, while it waits */
};

struct drr_group {
	struct drr_part part;
	uint64_t turn, turns;   /* the last in which it was charged; how many of that window */
	struct drr_flow *flows; /* that wait, whose turn is next first */
	struct drr_group *prev, *next;
};

struct drr {
	int64_t quantum; /* of a group, for a round and for a turn; the caller sets it */
	uint64_t turn;
	size_t company, company_before; /* groups that are, of this window and the last */
	struct drr_group *groups;       /* with flows that wait, whose turn is next first */
	size_t waiting;                 /* flows */
};

/* A new turn pays a quantum to everybody who does not wait, as far as it is owed. */
void drr_turn(struct drr *);

/* Whether the flow and its group have something left of their parts: what it brings
 * need not wait. */
bool drr_may(const struct drr *, struct drr_flow *);
/* Whether it may go on with what it has begun: others wait, or not, and it may owe a
 * quantum beyond its part. */
bool drr_may_go_on(const struct drr *, struct drr_flow *);
void drr_charge(struct drr *, struct drr_flow *, uint64_t cost);
/* More than one group has been busy of late: none has the turns to itself. */
bool drr_has_company(const struct drr *);

/* Something of what the group did is not paid back yet. */
bool drr_owes(const struct drr *, struct drr_group *);

/* It has something to do from now on: behind the others, or again before them. */
void drr_wait(struct drr *, struct drr_flow *);
void drr_wait_first(struct drr *, struct drr_flow *);
/* It has not: nothing happens when it did not wait. */
void drr_leave(struct drr *, struct drr_flow *);

/* The flow whose turn it is, with something left; it goes on waiting. NULL: none. */
struct drr_flow *drr_next(struct drr *);

#endif
