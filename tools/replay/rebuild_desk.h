/* A desk from the tables that workers kept: its rows, before all else, for their numbers
 * stay what they were; what became of its conversations, as parts of the history; and the
 * end, when nobody is asked any more. */
#ifndef REBUILD_DESK_H
#define REBUILD_DESK_H

#include "history.h"
#include "rebuild_lmdb.h"

/* Before history_read. The database's errors, or r->err. */
enum parlor_err rebuild_desk_rows(struct db *, struct rebuild *) PARLOR_MUST_CHECK;

#define REBUILD_DESK_HISTORY 9
extern const struct history_source rebuild_desk_history[REBUILD_DESK_HISTORY];

/* When all was told; what it adds is news to the database. */
enum parlor_err rebuild_desk_withdraw(struct rebuild *) PARLOR_MUST_CHECK;

#endif
