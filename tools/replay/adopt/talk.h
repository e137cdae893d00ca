/* Conversations of foreign tables between their first row and their last: found by id, and
 * the open one of a visitor at a desk. Knows no core. */
#ifndef TALK_H
#define TALK_H

#include "core/row.h"

#include "base/buf.h"

#include <uthash.h>

typedef char id_text[ROW_ID_MAX + 1];

struct talk {
	id_text tenant, id, desk, visitor, room;
	id_text agent; /* who serves, or is to; empty: nobody */
	bool open, taken;
	bool made_up;     /* of messages that are of none */
	bool answered;    /* who had read what is not known, but by what they answered */
	uint64_t ends_us; /* 0: not known */
	/* Of messages of the visitor, and of others: read without a gap up to that seq, and
	 * how many are not. */
	struct {
		uint64_t seq;
		bool gap;
		uint64_t unread;
	} said[2];
	UT_hash_handle hh, hh_guest;
	size_t key_len;
	char key[]; /* tenant, conversation; behind it tenant, desk, visitor */
};

/* Zeroed is empty. */
struct talks {
	struct talk *by_id; /* those that ended before their last row, too */
	struct talk *by_visitor;
	struct buf key;
};

void talks_fini(struct talks *);
/* NULL: there is none. */
struct talk *talk_find(struct talks *, const char *tenant, const char *id);
struct talk *talk_of_visitor(struct talks *, const char *tenant, const char *desk,
			     const char *visitor);
/* One like that, which is open. */
struct talk *talk_add(struct talks *, const struct talk *like);
/* It is not its visitor's any more. */
void talk_ended(struct talks *, struct talk *);
void talk_free(struct talks *, struct talk *);
/* A number for each visitor at a desk. */
struct hash128 talk_hash(struct talks *, const struct talk *);

#endif
