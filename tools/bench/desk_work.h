/* The work of a desk: people ask, are given a seat, ten messages go to and fro,
 * the conversation ends and the next one asks. As many are open at once as the
 * shape says, so that now seats wait for people, now people for seats. Owns
 * the conversations and what each link is doing; knows no system: hooks do.
 * What must be true afterwards is in the book. */
#ifndef BENCH_DESK_WORK_H
#define BENCH_DESK_WORK_H

#include "desk_book.h"
#include "histogram.h"
#include "load.h"
#include "report.h"

#include "base/buf.h"

enum desk_step {
	DESK_OPEN,
	DESK_POST,
	DESK_CLOSE,
	DESK_MATCH, /* the oldest of a team, if there is a seat: it was left waiting */
};

struct desk_ask {
	enum desk_step step;
	uint32_t conversation; /* from 1; not of MATCH */
	uint32_t person;       /* from 0: below the shape's people, one conversation at a time */
	uint32_t team;
	uint32_t seat; /* who serves; not of OPEN */
	uint32_t post; /* from 0 */
	struct span body;
};

/* A link does one thing at a time. */
struct desk_hooks {
	size_t links;
	/* Takes it; may keep it until wait. */
	void (*ask)(void *ctx, size_t link, const struct desk_ask *);
	/* Sends what was taken, waits for something to come, a tenth of a second at
	 * most, and reads it: desk_done, desk_given. */
	void (*wait)(void *ctx);
	/* People may be left waiting beside a free seat: is asked to MATCH in the end. */
	bool forgets;
	void *ctx;
};

struct desk_result {
	double seconds;
	uint64_t closed, posted;               /* in the measured time */
	uint64_t all;                          /* conversations, of all the time */
	uint64_t forgotten;                    /* left waiting in the end, beside a free seat */
	struct histogram opens, posts, closes; /* ns, each until it is done */
};

struct desk_work;

struct desk_work *desk_work_new(const struct desk_shape *, const struct desk_hooks *);
void desk_work_free(struct desk_work *);

/* Runs to the end: everybody served, nobody left. Of the plan: times and mark. */
void desk_work_run(struct desk_work *, const struct load_plan *, struct desk_result *);
void desk_work_figures(const struct desk_result *, struct row *);

/* For hooks. order: see desk_book.h; 0 where the system has none: not booked. */
void desk_done(struct desk_work *, size_t link, uint64_t order);
void desk_given(struct desk_work *, uint32_t conversation, uint32_t seat, uint64_t order);

struct desk_book *desk_work_book(struct desk_work *);
uint64_t desk_work_opened(const struct desk_work *);

#endif
