/* A moment of a journal as people name it: a position, or a time as RFC 3339
 * (2026-11-21T18:38:33Z) or in milliseconds since 1970, which is what a number
 * of twelve digits and more is. */
#ifndef AUDIT_MOMENT_H
#define AUDIT_MOMENT_H

#include "audit/source.h"

struct moment {
	bool is_time;
	uint64_t position;
	uint64_t time_us;
};

/* False: neither. */
bool moment_parse(struct moment *, const char *text);
/* The last record up to then: 0 is before the first. VALUE: behind the end. */
enum parlor_err moment_position(const struct moment *, struct source *,
				uint64_t *position) PARLOR_MUST_CHECK;

#endif
