/* A client under test and the broker that the test plays: the clients' callbacks
 * count what they saw, and the words here wait for it, or for what the client
 * sends. Each fails the test when it does not come in time. */
#ifndef CLIENT_WORLD_H
#define CLIENT_WORLD_H

#include "router.h"

#include <stdint.h>

#define PATIENCE_MS 10000
#define JOURNAL 0xfeedfacecafebeefu

/* What the callbacks of one client saw. */
struct seen {
	int sessions, resets, lost;
	int lost_code;
	uint64_t events, last_position;
	int answers;
	int codes[64];
	uint64_t seqs[64];
};

struct world {
	struct router router;
	struct seen seen;
	parlor_client *client;
};

void on_answer(void *arg, int code, const Parlor__Reply *reply);
struct parlor_client_options options_for(struct world *w);
Parlor__Welcome welcome_at(uint64_t position);
Parlor__ToBroker *next_frame(struct world *w);
void until(struct world *w, const int *counter, int value);
void until_events(struct world *w, uint64_t value);
Parlor__ToBroker *next_hello(struct world *w);
void let_in(struct world *w, const Parlor__Welcome *welcome);
int setup(void **state);
int teardown(void **state);
enum parlor_err post(struct world *w, const char *body);
extern const char *const two_members[2];

#endif
