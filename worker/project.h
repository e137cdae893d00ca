/* chat_group.unread as people query it: the projection of room.counted - seen,
 * and chat_group.group_name, that of room.group_name. Owns the statements; when
 * they run, and for which rooms, is decided in partition.h. */
#ifndef WORKER_PROJECT_H
#define WORKER_PROJECT_H

#include "db/db.h"

#include <stdbool.h>

struct project_room {
	const char *tenant;
	const char *room;
	uint64_t counted;
	uint64_t last_seq; /* 0: leave unread alone */
	bool renamed;      /* look the name up, too */
};

/* Zeroed is empty. Texts are borrowed. */
struct projection {
	struct project_room *list;
	size_t len;
	size_t cap;
};

void projection_add(struct projection *, struct project_room);
void projection_fini(struct projection *);

/* For all members of these rooms. Sorts. */
enum parlor_err project_rooms(struct db *, struct projection *) PARLOR_MUST_CHECK;

#endif
