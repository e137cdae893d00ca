/* A worker of a town: the worker's own service over its own link, one turn of
 * its loop at a time. It may be killed between any two, and stand still. */
#ifndef TOWN_TOWN_WORKER_H
#define TOWN_TOWN_WORKER_H

#include "chance.h"

#include "base/err.h"

struct town_worker;
struct job;
struct database;

struct town_worker *town_worker_new(const char *name, struct database *);
/* Without a goodbye: what it was told is forgotten. */
void town_worker_kill(struct town_worker *);
void town_worker_turn(struct town_worker *);
/* What it does next, NULL: nothing, or an assignment. Of which partition; and whether
 * it has tried, and has yet to learn how the commit ended. */
const struct job *town_worker_job(const struct town_worker *, uint32_t *partition, bool *in_doubt);
/* Under which it has the partition, 0: it has not. */
uint64_t town_worker_epoch(const struct town_worker *, uint32_t partition);

#endif
