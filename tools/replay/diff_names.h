/* The names that one side of a comparison has of something, in order. Owns the walk over
 * their rows. */
#ifndef DIFF_NAMES_H
#define DIFF_NAMES_H

#include "audit/pager.h"

struct names {
	struct pager pager;
	char name[ROW_ID_MAX + 1]; /* empty: ended */
	uint64_t number;
	bool ended;
};

/* Of that kind; tenant 0 has none, but of tenants. */
enum parlor_err names_init(struct names *, struct core_rows, char kind,
			   uint64_t tenant) PARLOR_MUST_CHECK;
enum parlor_err names_next(struct names *) PARLOR_MUST_CHECK;
void names_fini(struct names *);
/* As strcmp of the two that stand there; who has ended is behind all. */
int names_order(const struct names *a, const struct names *b);

#endif
