/* Making a turn durable: one transaction with the turn's records, recalled
 * bodies, rows written back, and some trimming. Owns the order of it: journal
 * first, then delivery. While one turn is in flight, that is, with the store's
 * second thread, the next one is decided; one flies at a time. A commit of what
 * was asked for that fails ends the process (README, "What is promised"); what the broker writes of
 * its own accord waits for space. */
#ifndef TURN_COMMIT_H
#define TURN_COMMIT_H

#include "fanout/fanout.h"
#include "sync/sync.h"
#include "turn/late.h"
#include "turn/pacing.h"
#include "turn/retention.h"
#include "turn/turn.h"

struct presence_debt;

struct commit_limits {
	uint64_t dirty_rows;
	uint64_t write_back_rows;
	uint64_t turn_records;
	uint64_t turn_deliveries;
};

struct commit_counts {
	uint64_t commits, records;
	uint64_t put_off; /* deliveries of a commit went on in another turn */
	uint64_t awaited; /* by commit_settle */
};

/* Zeroed but for the pieces, which the loop makes and frees, the limits and the two
 * clocks. */
struct commit {
	struct core *core;
	struct store *store;
	struct sync *sync;
	struct fanout *fanout;
	struct outbox *outbox;
	struct commit_limits limits;
	uint64_t now_us;  /* monotonic, of this turn of the loop */
	uint64_t wall_us; /* of this turn */

	struct turn turn;
	struct turn flight; /* the one before, while its commit is under way */
	bool flying;
	bool rows_alone; /* are what is in flight: no answer waits for them */
	bool landed;     /* it is on disk, and so many of its records are delivered */
	size_t delivered;
	bool failed;        /* nothing may be sent any more */
	size_t turn_before; /* records of the turn that was committed last */
	struct retention retention;
	struct pacing pacing;
	struct late rows_late; /* dirty rows that have no space */
	size_t rows_given;     /* to the commit that is under way */
	struct late trim_late; /* what could be trimmed */
	bool trim_given;       /* to a commit of rows alone */
	struct late boot_late; /* the run's first record, which is all the turn holds */
	struct presence_debt *presence_owed;
	/* tick.c's: */
	bool due_waits;            /* what is due, for space */
	uint64_t tick_late_us_max; /* behind the time when something was due */
	uint64_t served_us;        /* a clock that stands still meanwhile */
	uint64_t ticked_us;        /* of now_us: when it was moved last, */
	uint64_t space_looked_us;  /* and space was looked for */
	struct buf scratch;
	struct commit_counts counts;
};

/* Frees the turns; what presence holds (presence_fini) is gone before. */
void commit_fini(struct commit *);

/* The turn's records, into the commit that the store has begun. */
void commit_append(struct commit *);
/* Commits what is in flight and what the turn holds, if anything, delivers it and
 * answers. On failure, here and below, nothing may be sent any more. */
enum parlor_err commit_turn(struct commit *) PARLOR_MUST_CHECK;
/* The same without waiting for the disk: what the turn holds, its replies too, is in
 * flight then, and the next turn begins. None is in flight. more: there is something to
 * do meanwhile. */
enum parlor_err commit_start(struct commit *, bool more) PARLOR_MUST_CHECK;
/* Delivers and answers what was in flight and has landed, if anything: what is more than a turn
 * delivers, at the next calls, and it is in flight until then. */
enum parlor_err commit_collect(struct commit *) PARLOR_MUST_CHECK;
/* What is in flight is on disk, and commit_collect has not been called since. */
bool commit_waits(const struct commit *);
/* Commits and delivers, only when there is a record that changes who hears a room: who attaches
 * must find the subscribers as the state is. BUSY: it is more than a turn delivers, ask again.
 * The loop waits for the disk meanwhile: counts.awaited says how often. */
enum parlor_err commit_settle(struct commit *) PARLOR_MUST_CHECK;
/* It is BUSY for the rest of this turn. */
bool commit_settles_later(const struct commit *);
/* Deliveries that the turn's records cause: each to each session that listened when this
 * was called next, or comes to listen by one of them. Not those of that many of the last ones,
 * which are on their way into the processor's cache: to ask at once would cost as much as to
 * deliver. */
uint64_t commit_deliveries(struct commit *, size_t but);
/* The end of a turn that has nothing to commit, with nothing before it in flight: its
 * replies are sent, and what was put down with them. Else it does nothing. */
void commit_nothing(struct commit *);
/* When nothing else is to do, and none is in flight: some rows and some trimming are then. */
enum parlor_err commit_idle(struct commit *) PARLOR_MUST_CHECK;
/* Everything dirty to rows, as far as there is space: before a clean stop. */
enum parlor_err commit_all_rows(struct commit *) PARLOR_MUST_CHECK;
/* Space for a request that writes, before it is accepted, and for the rows that are
 * dirty already; STORE_FULL when it cannot be taken now. What is reserved adds up
 * until the turn's commit. */
enum parlor_err commit_reserve(struct commit *, size_t request_bytes) PARLOR_MUST_CHECK;

#endif
