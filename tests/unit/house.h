/* A broker with a directory of its own, whose loop does not run. */
#ifndef HOUSE_H
#define HOUSE_H

#include "api/broker.h"

#include <parlor/parlor.pb-c.h>

struct house {
	void *world; /* its directory: store_world.h */
	struct broker broker;
};

/* In a turn of its store. Names of settings, a value behind each, and NULL; NULL: none. */
struct house *house_open(const char *const settings[]);
void house_close(struct house *);
/* The same for a test of cmocka: with one setting, or none, in a turn; and how it is torn down. */
struct broker *house_with(void **state, const char *name, const char *value);
int house_teardown(void **state);

/* Another turn, as far as clients are served in it: neither time nor steps matter. */
void house_turn(struct broker *);
/* A frame of the peer of that number, carried out as far as the turn goes; its session, or
 * NULL. */
struct session *house_hears(struct broker *, uint8_t peer, Parlor__Request **, size_t n);
/* Which says hello to that tenant. */
Parlor__Request *house_hello(char *tenant);
/* The session of a peer that says it. */
struct session *house_meets(struct broker *, uint8_t peer, char *tenant);

#endif
