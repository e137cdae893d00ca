/* A desk of Startalk's tables as files of a directory (dump_table.h): seat, supplier and
 * session_mapping, and if they are there session, busi_supplier_mapping, busi_seat_mapping.
 * They are read twice, so that what happened comes in the order in which it did: of each
 * row that tells something it keeps where it lies, of each session what became of it; about
 * 200 bytes a session. */
#ifndef OLD_STARTALK_H
#define OLD_STARTALK_H

#include "adopt/dump_table.h"
#include "adopt/old_row.h"

struct old_startalk;

/* *first_us: the earliest time in them; 0: there is none. CONFIG, NOT_FOUND, IO, with words
 * in why (DUMP_WHY_MAX). On failure, too, *out is to be closed. */
enum parlor_err old_startalk_open(struct old_startalk **out, const char *dir, uint64_t *first_us,
				  char *why) PARLOR_MUST_CHECK;
enum parlor_err old_startalk_read(struct old_startalk *, old_row_fn *, void *arg) PARLOR_MUST_CHECK;
void old_startalk_close(struct old_startalk *);

#endif
