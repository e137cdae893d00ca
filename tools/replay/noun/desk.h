/* What is told of conversations, for whoever shows them. */
#ifndef NOUN_DESK_H
#define NOUN_DESK_H

#include <parlor/parlor.pb-c.h>

/* Of an event about a conversation; NULL: it is about something else. */
const Parlor__ConversationChanged *desk_change_of(const Parlor__Event *);

#endif
