/* The state machine of the broker: rooms, members, memberships, messages and
 * unread counts, a noun a file beside this one. A request is decided against the
 * state, becomes records, and the records are applied; whoever calls makes them
 * durable before anyone is told. Owns the state in memory and what of it is not
 * yet written back. Does no I/O: time and randomness come in, records go out
 * through a sink, rows it does not hold come through a read interface, rows it
 * changed leave through write-back.
 *
 * For the requests of all nouns: one that is refused emits no record and changes
 * nothing. One that is accepted has been applied when the call returns; its
 * records were emitted in order. Texts are taken as valid UTF-8 within the wire's
 * bounds; what they mean is checked here. Spans in results borrow from the state
 * and hold until the next call that changes it or until core_evict.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "core/call.h"
#include "core/engine/meter.h"
#include "core/row.h"

struct core;

struct core_sink {
	void *ctx;
	void (*record)(void *ctx, const struct record *);
};

struct core_limits {
	uint64_t name_bytes;
	uint64_t avatar_bytes;
	uint64_t body_bytes;
	uint64_t client_id_bytes;
	uint64_t room_members;
	uint64_t request_members;
	uint64_t mentions; /* <= RECORD_MENTIONS_MAX */
	uint64_t page;
	uint64_t members;                      /* of all tenants, known for ever */
	uint64_t rooms;                        /* of all tenants, known for ever */
	uint64_t tenant_members, tenant_rooms; /* of them, of one tenant */
	uint64_t tenants;
	uint64_t desks, teams, seats, team_seats; /* rows of a desk, of all tenants */
	uint64_t desk_rows;                       /* of each other kind of them */
	uint64_t conversations_open;
	uint64_t tenant_desks, tenant_teams, tenant_seats, tenant_team_seats; /* of one tenant */
	uint64_t tenant_desk_rows, tenant_conversations;
	/* How the index of messages stands in rows, and how many rooms of an inbox are
	 * read at a time: 0 but in tests, which want little to be much. */
	uint64_t keys_recent_blocks, keys_in_range, own_row_every, inbox_rooms;
	/* Of how many teams, and seats in them, a report is counted: likewise. */
	uint64_t report_teams, report_seats;
	uint64_t resident_bytes; /* of rows in memory, and of lists of them: beyond it clean
				  * ones are dropped, and read again when needed */
};
extern const struct core_limits core_limits_default;

struct core *core_new(const struct core_limits *, struct core_rows, struct core_sink);
void core_free(struct core *);

/* Not OK once the store failed in the middle of a request, when records of it
 * had been emitted: what is not yet durable must be given up, that is, the
 * process ends and recovers. */
enum parlor_err core_broken(const struct core *) PARLOR_MUST_CHECK;

/* ---- time --------------------------------------------------------------------- */

/* What has become due by now is decided, the earliest first, and recorded as if it had
 * been asked for; so much of it at once that a turn stays short. *more: there is more.
 * Re-executing a journal calls this never: what came of it are records. */
enum parlor_err core_tick(struct core *, const struct core_call *, bool *more) PARLOR_MUST_CHECK;
/* When something is due next, by the clock of core_call; UINT64_MAX: never. */
uint64_t core_due(const struct core *);

/* ---- recovery and write-back ---------------------------------------------- */

/* Loads the counters. Then every record behind what the store calls covered is applied
 * by core_apply, oldest first; those already contained in rows change nothing. */
enum parlor_err core_load(struct core *) PARLOR_MUST_CHECK;
enum parlor_err core_apply(struct core *, const struct record *) PARLOR_MUST_CHECK;
/* Position of the last record applied or emitted. */
uint64_t core_position(const struct core *);
/* Of the last request: the time that its records have. Never goes back. */
uint64_t core_time(const struct core *);

/* Rows changed and not yet written. */
size_t core_dirty(const struct core *);
/* Those of them that are written before all others, such as names. */
size_t core_dirty_first(const struct core *);
/* What they will take when they are written, about. */
size_t core_dirty_bytes(const struct core *);
/* A pass of write-back has begun and not ended. */
bool core_writing(const struct core *);
/* Gives the next rows of the pass, beginning one when none is under way: about
 * rows_max of them, fewer at its end, a deletion with
 * value.data NULL. Rows given are in flight: they are clean, and stay in memory
 * until the caller says how the transaction went that has them and the records
 * emitted so far, so that meanwhile nothing is read that is older. Returns how many.
 * *covered: every change up to this position is in rows when it has landed. */
size_t core_write_back(struct core *, size_t rows_max, core_put_fn *, void *ctx, uint64_t *covered);
/* The transaction with all rows given so far is durable, and rows are read as it
 * left them. */
void core_landed(struct core *);
/* It failed and changed nothing: the rows are dirty again. */
void core_unlanded(struct core *);
/* Drops clean rows beyond limits.resident_bytes; call when nothing is borrowed. */
void core_evict(struct core *);

struct core_counts {
	uint64_t rooms_resident, memberships_resident, members_resident, blocks_resident;
	uint64_t resident_bytes;
	uint64_t dirty_rows, rooms, members, tenants, evicted;
	uint64_t deadlines, expired;             /* rows about which something is due; was */
	uint64_t rooms_refused, members_refused; /* requests, for want of a number */
};
void core_counts(const struct core *, struct core_counts *);

/* Steps and rows of whatever is asked from now on are charged to that meter, which
 * must live on; NULL: to nobody. */
void core_charge(struct core *, struct meter *);

#endif
