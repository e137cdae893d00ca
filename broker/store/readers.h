/* Whether a reader is seen by the process that writes: only then are the pages it
 * reads not used again under it. Owns what LMDB does not tell by itself: a lock
 * table that has no space, could not be opened, or is not the one the broker looks at. */
#ifndef STORE_READERS_H
#define STORE_READERS_H

#include "store/fault.h"

#include <lmdb.h>

/* The broker, which holds parlor.lock: readers find there which lock.mdb is its. */
void readers_note_table(int lock_fd, const char *dir);
/* A reader, before it opens the environment: a broker that is running must look at
 * the table that is there now. */
enum parlor_err readers_check_table(const char *dir, struct why) PARLOR_MUST_CHECK;
/* Before a directory that has data is opened, by whoever it is: the table's space on disk.
 * STORE_FULL when there is none. */
enum parlor_err readers_reserve_table(const char *dir, struct why) PARLOR_MUST_CHECK;
/* Who left without a word keeps no pages. 0 or LMDB's error. */
int readers_drop_ended(MDB_env *);
/* Once it is open, in any process: a read transaction can be had and is in the table. */
enum parlor_err readers_check_slot(MDB_env *, const char *dir, struct why) PARLOR_MUST_CHECK;

#endif
