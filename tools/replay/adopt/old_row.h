/* What foreign tables say of a desk, as rows of a few kinds, whatever they are called
 * there: who reads them makes these, oldest first, and who builds a desk takes them.
 * Judges nothing. */
#ifndef OLD_ROW_H
#define OLD_ROW_H

#include "core/desk/form.h"

enum old_kind {
	OLD_CONFIG, /* a desk, an agent, a visitor ... */
	OLD_OPENED,
	OLD_SAID,
	OLD_TAKEN, /* an agent serves it from here on */
	OLD_CLOSED,
	OLD_SPOKE, /* somebody did; what is not known */
	OLD_SEEN,  /* a member was there last */
	OLD_LOST,  /* a transfer of nothing that is known */
	OLD_UNREADABLE
};

/* Spans borrow during the call. */
struct old_row {
	enum old_kind kind;
	const char *table; /* and what the row is known by in it */
	struct span key;
	uint64_t time_us; /* 0: none */
	struct span tenant;

	struct span conversation; /* empty: the one that its visitor has */
	struct span visitor;      /* SAID, TAKEN: who that is */
	struct span member;       /* OPENED: who asks; SAID: who speaks, empty: unknown; SEEN */
	struct span agent;        /* OPENED: who is to have it in the end, or empty; TAKEN */
	struct span desk, team, type, product, body;
	uint64_t ends_us; /* OPENED: when it was closed; 0: it was not */
	uint64_t said_us; /* SAID: as the row has it; time_us is not before its conversation */
	bool read;        /* SAID: by whom it was for */
	bool answered;    /* that is not in the tables: what one has answered one has read */
	bool moved;       /* TAKEN: who served before has passed it on, */
	bool gone;        /* or was not there any more; CLOSED: so was who served last */
	uint8_t spoke;    /* SPOKE: enum spoke_last; NOBODY: not known */
	uint64_t asks;    /* SPOKE: of the visitor, so far; 0: not known */
	bool stranger;    /* OPENED: who asks is a number that no row has */
	bool odd;         /* OPENED: of a status that cannot be; CONFIG: of a role that is none */

	enum config_no config; /* CONFIG */
	union row_any row;
	bool part; /* CONFIG: the row before was of the same one */
	bool bare; /* only that there was one is known of that time */
};
typedef void old_row_fn(void *arg, const struct old_row *);

#endif
