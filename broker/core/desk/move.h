/* A team is taken apart: its conversations go to another one, some at a time. Private to the
 * core. */
#ifndef DESK_MOVE_H
#define DESK_MOVE_H

#include "core/desk/tables.h"

/* At most so many; what others pass on to it stays with who has it. True: there are more. */
bool move_some(struct core *, struct team *from, struct team *to, size_t max);

#endif
