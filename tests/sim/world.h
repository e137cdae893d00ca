/* A world of a simulation: one core on one disk, the oracle beside it, and the
 * seed that decides everything. Owns the life of the core: committing, writing
 * back, forgetting, dying and coming back. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "core/kinds.h"
#include "disk.h"
#include "oracle.h"

#include <stdio.h>

#define TRANSCRIPT_LINES 48
#define TRANSCRIPT_WIDTH 200

struct world {
	uint64_t seed, random;
	int op;
	struct core_limits limits;
	struct disk disk;
	struct core *core;
	struct oracle now, durable;

	struct buf pending; /* records emitted and not yet committed */
	size_t *pending_ends;
	size_t pending_len, pending_cap;
	/* A commit in flight has the first of them; the world as it will be then. */
	bool flying;
	size_t flown_len;
	struct oracle flown;
	uint64_t emitted, emitted_us; /* of the last record that the core gave out */
	enum record_kind_no last_kind;
	uint64_t last_unread;

	uint64_t clock_us;
	struct core_call call;
	int touched; /* room of the operation, -1: none */

	/* percent */
	unsigned commit, write_back, evict, crash;

	char transcript[TRANSCRIPT_LINES][TRANSCRIPT_WIDTH];
	unsigned long said;
};

/* The world of a seed, empty, on that disk, which it owns from now on. */
void world_init(struct world *, uint64_t seed, struct disk);
void world_fini(struct world *);

/* One operation and all that is checked and done behind it. */
void world_step(struct world *);
/* Everything written back; the same journal into a new core gives the same. */
void world_end(struct world *);

uint64_t world_random(struct world *);
uint64_t world_below(struct world *, uint64_t n); /* 0 .. n-1 */
bool world_chance(struct world *, unsigned percent);

/* A line of the transcript. */
__attribute__((format(printf, 2, 3))) void world_say(struct world *, const char *, ...);
/* Tells seed, operation and transcript, and ends the process. */
__attribute__((format(printf, 4, 5), noreturn)) void world_fail(struct world *, const char *file,
								int line, const char *, ...);

#define WANT(w, condition, ...)                                                           \
	do {                                                                              \
		if (!(condition))                                                         \
			world_fail((w), __FILE__, __LINE__, #condition ": " __VA_ARGS__); \
	} while (0)
#define WANT_SAME(w, a, b)                                                                      \
	do {                                                                                    \
		unsigned long long got_ = (unsigned long long)(a),                              \
				   want_ = (unsigned long long)(b);                             \
		if (got_ != want_)                                                              \
			world_fail((w), __FILE__, __LINE__, "%s is %llu, %s is %llu", #a, got_, \
				   #b, want_);                                                  \
	} while (0)

#endif
