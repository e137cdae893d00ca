#include "api/kinds.h"

#include "api/request.h"

#include <assert.h>

/* One line a noun: its table stands at the end of its file. */
#define NOUNS(NOUN)        \
	NOUN(session)      \
	NOUN(presence)     \
	NOUN(room)         \
	NOUN(members)      \
	NOUN(label)        \
	NOUN(message)      \
	NOUN(reading)      \
	NOUN(inbox)        \
	NOUN(desk)         \
	NOUN(conversation) \
	NOUN(sync)         \
	NOUN(stats)

#define DECLARED(noun) extern const struct request_noun noun##_requests;
NOUNS(DECLARED)
#define LISTED(noun) &noun##_requests,
static const struct request_noun *const nouns[] = {NOUNS(LISTED)};

void request_kinds_init(struct request_kinds *all)
{
	*all = (struct request_kinds){0};
	for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++)
		for (const struct request_kind *kind = nouns[i]->kinds;
		     kind < nouns[i]->kinds + nouns[i]->len; kind++) {
			assert(kind->no <= REQUEST_NO_MAX && !all->by_no[kind->no]);
			all->by_no[kind->no] = kind;
		}
}

const struct request_kind *request_kind(const struct request_kinds *all, unsigned no)
{
	return no <= REQUEST_NO_MAX ? all->by_no[no] : NULL;
}
