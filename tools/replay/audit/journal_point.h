/* A point of a journal as people name it: a position, or a time as RFC 3339
 * (2026-11-21T18:38:33Z) or in milliseconds since 1970, which is what a number
 * of twelve digits and more is. */
#ifndef AUDIT_JOURNAL_POINT_H
#define AUDIT_JOURNAL_POINT_H

#include "audit/source.h"

struct journal_point {
	bool is_time;
	uint64_t position;
	uint64_t time_us;
};

/* False: neither. */
bool journal_point_parse(struct journal_point *, const char *text);
/* The last record up to then: 0 is before the first. VALUE: behind the end. */
enum parlor_err journal_point_position(const struct journal_point *, struct source *,
				       uint64_t *position) PARLOR_MUST_CHECK;

#endif
