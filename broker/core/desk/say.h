/* What a desk says in the room of a conversation: its texts, each once for its cause, as
 * notices in the commit of what they tell of. Private to the core. */
#ifndef DESK_SAY_H
#define DESK_SAY_H

#include "core/desk/conversation.h"

enum text_which {
	TEXT_NONE,
	TEXT_WELCOME,
	TEXT_QUEUED,
	TEXT_NO_SERVICE,
	TEXT_CLOSING,
	TEXT_TRANSFERRED,
	TEXT_GONE,
	TEXT_TIMEOUT,
	TEXT_RATING
};

/* The text that goes with a change, if there is one and it was not said before: the change
 * remembers that it is said now. */
const struct row_text *say_prepare(struct core *, struct conversation_change *, enum text_which);
/* Said behind the change; NULL: nothing. */
void say_text(struct core *, struct conversation *, const struct row_text *);

/* How visitors know who sits there. */
struct span say_name(const struct seat *);

#endif
