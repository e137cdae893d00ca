/* verify: the desk's tables, row by row in order of their numbers, beside what the journal
 * gives: rows of the configuration, conversations and stints as re-executed, offers,
 * transfers and ratings as they were told. Finds rows that are missing, that are too many,
 * and values that differ. */
#ifndef VERIFY_MYSQL_DESK_H
#define VERIFY_MYSQL_DESK_H

#include "desk_told.h"
#include "verify_mysql.h"

/* As verify_mysql; told: by the run up to the marks. */
enum parlor_err verify_mysql_desk(struct verify_mysql *, struct engine *, struct desk_told *,
				  struct finding *) PARLOR_MUST_CHECK;

#endif
