/* What a census found, and the messages, given to a builder in order of time: rooms
 * as they are first heard of, members as they join, then how far everybody has
 * read. Owns the order and the judgement of messages. */
#ifndef RESETTLE_H
#define RESETTLE_H

#include "builder.h"
#include "census.h"

struct resettle {
	struct census *census; /* finished */
	struct legacy *legacy;
	struct builder *builder;
	struct findings *findings;
	/* out */
	uint64_t rooms, messages, unread;
	char why[LEGACY_WHY_MAX];
};

enum parlor_err resettle_run(struct resettle *) PARLOR_MUST_CHECK;

#endif
