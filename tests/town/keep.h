/* The broker of a town: its real core, recovery, commit and sync over a store
 * in memory, in the order of the loop: decide, commit (in flight or at once),
 * and only then answer and deliver. May be killed between any two of them. In
 * the place of sessions and outbox stands a list of answers, which are wanted to
 * be of what is committed. */
#ifndef TOWN_KEEP_H
#define TOWN_KEEP_H

#include "chance.h"
#include "core/message.h"
#include "road.h"
#include "store_memory.h"
#include "turn/commit.h"

#define EFFECTS 512

/* What a request that was taken has to hear once it is committed. */
struct effect {
	int client;
	unsigned no, try;
	enum parlor_err err;
	struct core_posted posted;
};

/* Effects by number, which is what stands in the turns' replies; and those that were
 * put down and go with the next flush. */
struct outbox {
	struct effect effects[EFFECTS];
	uint32_t made, answered; /* numbers, modulo EFFECTS */
	uint32_t down[EFFECTS];
	size_t down_len;
};

struct keep {
	struct commit commit;
	struct fanout fanout; /* nobody listens: live_deliver is ours */
	struct meter meter;
	struct outbox outbox;
	struct chance *chance;
	struct road *road;
	struct store *store; /* outlives the process */
	struct commit_limits commit_limits;
	struct retention retention; /* what it begins with */
	struct core_limits limits;
	struct sync_settings sync_settings;
	struct sync_hooks hooks;
	void *ctx;
	void (*answer)(void *ctx, const struct effect *);
	void (*heard)(void *ctx, const struct record *); /* as it is decided; NULL: nobody */

	void *router;
	uint64_t delivered; /* up to this position */
	/* The loop's clock, and when it was moved. */
	uint64_t now_us, moved_us;
	uint64_t starts, flights;
};

void keep_start(struct keep *);
void keep_kill(struct keep *);

/* A turn: begin, what is due, requests with their effects, then the others in this order. */
void keep_begin(struct keep *);
/* False: it was not asked, since nothing is due, or there is no space. */
bool keep_tick(struct keep *);
struct core_call keep_call(struct keep *, const char *tenant);
struct effect *keep_effect(struct keep *);
/* False: a commit failed, and it must be killed. */
bool keep_commit(struct keep *);
void keep_sync(struct keep *);
void keep_answer(struct keep *);

/* Nothing is decided that is not committed. */
bool keep_rests(const struct keep *);
void keep_write_all(struct keep *);
/* The journal from the beginning in another one gives the same state. */
void keep_execute_again(struct keep *);

#endif
