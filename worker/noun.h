/* A noun of the database as data: the tables that are its own, with the migration that
 * made them, what its records come to, and how that is written. Each noun's file ends
 * in its struct noun; nouns.c joins them. */
#ifndef WORKER_NOUN_H
#define WORKER_NOUN_H

#include "db/db.h"
#include "fold.h"
#include "mark.h"

#define TABLE_KEY_MAX 5

struct table {
	const char *name;
	unsigned migration;                 /* that makes it */
	const char *key[TABLE_KEY_MAX + 1]; /* its primary key's columns; a view has none */
	bool of_room;    /* its rows are of the room that the key's second column names */
	bool of_journal; /* all of its rows are of the journal that the database has */
	bool yields;     /* where something else has its name, it is left out */
};

/* Several nouns may fold records of one kind. */
struct fold_kind {
	Parlor__RecordKind kind;
	Parlor__Event__KindCase event; /* that such a record has */
	void (*add)(struct fold *, void *state, const Parlor__SyncRecord *);
};

struct noun {
	const struct table *tables;
	size_t tables_len;
	const struct fold_kind *kinds;
	size_t kinds_len;
	size_t state_bytes; /* of what it keeps in a fold, zeroed at first; 0: nothing */
	/* Inside the caller's transaction. Opens, fences and commits nothing. */
	enum parlor_err (*write)(struct db *, const struct fold *, void *state,
				 const struct mark *);
	void (*free)(void *state); /* what the state points to */
};
#define NOUN_LIST(list) .list = (list), .list##_len = sizeof(list) / sizeof(list)[0]

#endif
