#include "ctl.h"

/* One line a noun, in the order of the help. */
#define NOUNS(NOUN)       \
	NOUN(room)        \
	NOUN(label)       \
	NOUN(member)      \
	NOUN(message)     \
	NOUN(reading)     \
	NOUN(follow)      \
	NOUN(desk)        \
	NOUN(desk_row)    \
	NOUN(desk_why)    \
	NOUN(desk_report) \
	NOUN(desk_event)  \
	NOUN(operation)

#define DECLARED(name) extern const struct noun name##_noun;
NOUNS(DECLARED)
#define LISTED(name) &name##_noun,
const struct noun *const nouns[] = {NOUNS(LISTED) NULL};
