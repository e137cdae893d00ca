/* chat_group.unread as people query it: the projection of room.counted - seen.
 * Owns the statement; when and for whom it runs is decided in part.h. */
#ifndef WORKER_PROJECT_H
#define WORKER_PROJECT_H

#include "pick.h"

/* All members of the rooms, or the members picked: unread, as of which seq,
 * and the room's name. */
enum parlor_err project_rooms(struct db *, struct picks *rooms) PARLOR_MUST_CHECK;
enum parlor_err project_members(struct db *, struct picks *members) PARLOR_MUST_CHECK;

#endif
