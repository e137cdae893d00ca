/* A world of a simulation: one core on one disk, what reckons beside it, and the
 * seed that decides everything. Owns the life of the core: committing, writing
 * back, forgetting, dying and coming back. What is asked of it, and what must hold
 * then, is the business of the world's kind. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "core/kinds.h"
#include "disk.h"
#include "oracle.h"

#include <stdio.h>

#define TRANSCRIPT_LINES 48
#define TRANSCRIPT_WIDTH 200

struct world;

struct world_kind {
	const char *option; /* that names it to test_sim */
	/* The limits, and what reckons; then all of the last. */
	void (*begin)(struct world *);
	void (*end)(struct world *);
	/* One request and what must hold behind it; all that must hold at any time; and
	 * when every row has been written back. */
	void (*step)(struct world *);
	void (*check_all)(struct world *);
	void (*check_rows)(struct world *);
	/* The process is gone and back. */
	void (*boot)(struct world *);
	void (*heard)(struct world *, const struct record *);
	/* What reckons goes along with the disk: all so far is in a commit, that landed, or
	 * what did not land is lost. */
	void (*launched)(struct world *);
	void (*landed)(struct world *);
	void (*restored)(struct world *);
	/* The journal from its beginning, record by record; NULL: that was all. May be NULL. */
	void (*journal)(struct world *, const struct record *);
};
extern const struct world_kind world_of_rooms, world_of_desks;

struct world {
	const struct world_kind *kind;
	uint64_t seed, random;
	int op;
	struct core_limits limits;
	struct disk disk;
	struct core *core;

	struct buf pending; /* records emitted and not yet committed */
	size_t *pending_ends;
	size_t pending_len, pending_cap;
	/* A commit in flight has the first of them. */
	bool flying;
	size_t flown_len;
	uint64_t emitted, emitted_us; /* of the last record that the core gave out */
	uint64_t flown_us, durable_us;

	uint64_t clock_us;
	struct core_call call;

	/* ---- of rooms: the world as it is, as it will be with the commit, and on disk */
	struct oracle now, flown, durable;
	enum record_kind_no last_kind;
	uint64_t last_unread;
	int touched; /* room of the operation, -1: none */

	struct desk_world *desk; /* of desks; NULL */

	/* percent */
	unsigned commit, write_back, evict, crash;

	char transcript[TRANSCRIPT_LINES][TRANSCRIPT_WIDTH];
	unsigned long said;
};

/* The world of a seed, empty, on that disk, which it owns from now on. */
void world_init(struct world *, const struct world_kind *, uint64_t seed, struct disk);
void world_fini(struct world *);

/* One operation and all that is checked and done behind it. */
void world_step(struct world *);
/* Everything written back; the same journal into a new core gives the same. */
void world_end(struct world *);

uint64_t world_random(struct world *);
uint64_t world_below(struct world *, uint64_t n); /* 0 .. n-1 */
bool world_chance(struct world *, unsigned percent);
uint64_t world_one_of(struct world *, const uint64_t *choices, size_t n);
#define ONE_OF(w, ...)                                     \
	world_one_of((w), (const uint64_t[]){__VA_ARGS__}, \
		     sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

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
