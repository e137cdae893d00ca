/* A broker with a directory of its own, whose loop does not run. */
#ifndef HOUSE_H
#define HOUSE_H

#include "api/broker.h"

struct house {
	void *world; /* its directory: store_world.h */
	struct broker broker;
};

/* In a turn of its store. turn_steps: a setting. */
struct house *house_open(const char *turn_steps);
void house_close(struct house *);

#endif
