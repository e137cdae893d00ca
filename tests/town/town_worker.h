/* A worker of a town: the worker's own service over its own link, one turn of
 * its loop at a time. It may be killed between any two, and stand still. */
#ifndef TOWN_TOWN_WORKER_H
#define TOWN_TOWN_WORKER_H

#include "chance.h"

#include "base/err.h"

struct town_worker;
struct database;

struct town_worker *town_worker_new(const char *name, struct database *);
/* Without a goodbye: what it was told is forgotten. */
void town_worker_kill(struct town_worker *);
void town_worker_turn(struct town_worker *);
/* Whether it has yet to learn how a commit of its ended, and of which partition. */
bool town_worker_in_doubt(const struct town_worker *, uint32_t *partition);
/* Under which it has the partition, 0: it has not. */
uint64_t town_worker_epoch(const struct town_worker *, uint32_t partition);

#endif
