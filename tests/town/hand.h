/* A worker of a town: the worker's own service over its own link, one turn of
 * its loop at a time. It may be killed between any two, and stand still. */
#ifndef TOWN_HAND_H
#define TOWN_HAND_H

#include "chance.h"

#include "base/err.h"

struct hand;
struct database;

struct hand *hand_new(const char *name, struct database *);
/* Without a goodbye: what it was told is forgotten. */
void hand_kill(struct hand *);
void hand_turn(struct hand *);
/* Under which it has the part, 0: it has not. */
uint64_t hand_epoch(const struct hand *, uint32_t part);

#endif
