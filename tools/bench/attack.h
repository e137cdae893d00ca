/* A tenant that takes what it can get: six attacks, each known by a letter, each sent
 * through so many sessions as fast as the broker takes it, by a thread with a ZeroMQ
 * context of its own. Owns the attacker's rooms and connections; measures nothing but
 * what it was answered. */
#ifndef BENCH_ATTACK_H
#define BENCH_ATTACK_H

#include <stdint.h>

#define ATTACKS "abcdef"

struct attack_shape {
	uint64_t messages;  /* of the room of b and c */
	uint64_t members;   /* of each room of d */
	uint64_t sessions;  /* that ask */
	uint64_t listeners; /* of f: further sessions, which only listen */
};

struct attack_counts {
	uint64_t requests; /* sent */
	uint64_t answered; /* refusals included */
	uint64_t busy;     /* of them, refused as BUSY */
	uint64_t full;     /* refused as TENANT_FULL */
	uint64_t ended;    /* sessions that the broker ended; they come back */
};

/* What the letter is called in a report, NULL: there is no such attack. */
const char *attack_name(char letter);

/* Makes the rooms of these attacks. */
void attack_prepare(const char *letters, const struct attack_shape *, const char *endpoint);

struct attack;
struct attack *attack_begin(char letter, const struct attack_shape *, const char *endpoint);
/* Asks for nothing more. */
void attack_stop(struct attack *);
/* Stops it, and says what came of it. */
struct attack_counts attack_end(struct attack *);

#endif
