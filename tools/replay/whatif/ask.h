/* What was asked of a desk, as its records tell, asked again of a core that decides. Owns how
 * a record's event becomes a request; knows nothing of the answer but that it is one. */
#ifndef WHATIF_ASK_H
#define WHATIF_ASK_H

#include "audit/record_text.h"
#include "whatif/cause.h"
#include "whatif/decider.h"

struct ask {
	struct decider *decider; /* borrowed */
	struct record_text text, first;
};
void ask_init(struct ask *, struct decider *);
void ask_fini(struct ask *);

/* Whose seat it is; empty: nobody's. */
enum parlor_err ask_agent(struct decider *, uint32_t tenant, uint64_t seat,
			  char agent[ROW_ID_MAX + 1]) PARLOR_MUST_CHECK;

/* By a cause that is a request, at the moment's time. STORE_CORRUPT: its event cannot be
 * read; others: the request is refused. */
enum parlor_err ask_again(struct ask *, const struct moment *, struct cause) PARLOR_MUST_CHECK;

#endif
