/* verify: some rooms of one tenant, and all that the tables have of them, in the
 * database and as re-executed. One statement a table for all of them. */
#ifndef VERIFY_MYSQL_ROOMS_H
#define VERIFY_MYSQL_ROOMS_H

#include "audit/record_text.h"
#include "db/db.h"
#include "verify_mysql.h"

#define MYSQL_ROOMS_MAX 64

struct mysql_room {
	char id[ROW_ID_MAX + 1], name[1024];
	uint64_t no;
	struct row_room row; /* its texts are not to be used */
	bool projected, left_out;
	uint64_t rows; /* of the table that is compared, so far */
};

struct mysql_rooms {
	struct verify_mysql *v;
	struct engine *engine;
	struct finding *finding;
	const char *tenant;
	uint32_t tenant_no;
	struct mysql_room rooms[MYSQL_ROOMS_MAX]; /* in order of ids */
	size_t len;
	const struct mysql_table *table; /* that is compared */
	struct mysql_room *room;         /* whose row is */
	char member[ROW_ID_MAX + 1];     /* that the row is about; empty: none */
	struct record_text record_text;
	enum parlor_err err;
};

/* Everything is borrowed. */
void mysql_rooms_init(struct mysql_rooms *, struct verify_mysql *, struct engine *,
		      struct finding *, const char *tenant);
void mysql_rooms_fini(struct mysql_rooms *);
/* In order of ids. True: it is full, compare now. */
bool mysql_rooms_add(struct mysql_rooms *, struct span id, uint64_t no);
/* Those added since; `differing` of the verify_mysql says whether there is a finding. */
enum parlor_err mysql_rooms_compare(struct mysql_rooms *) PARLOR_MUST_CHECK;

bool verify_mysql_leaves_out(const struct verify_mysql *, const char *tenant, const char *room);

/* ---- for the nouns --------------------------------------------------------------- */

struct mysql_table {
	const char *select; /* begins with the column of the room's id, and ends in it */
	/* A row of p->room, in order of the second column; it is counted already. */
	void (*check)(struct mysql_rooms *p, const struct span *cells);
	/* There are no more of p->room: whether that is all. */
	void (*end)(struct mysql_rooms *p);
};
#define MYSQL_US(column) "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " column ")"

/* As re-executed. */
enum parlor_err mysql_row(struct mysql_rooms *, const struct row_key *,
			  struct span *value) PARLOR_MUST_CHECK;

/* Differences of the row, or of the room behind the last row. True: this is the first one;
 * the finding's expected and found are to be set. */
bool mysql_differ(struct mysql_rooms *, const char *what);
void mysql_check_number(struct mysql_rooms *, const char *what, uint64_t expected,
			struct span cell);
void mysql_check_text(struct mysql_rooms *, const char *what, struct span expected,
		      struct span cell);
/* They differ. */
void mysql_check_words(struct mysql_rooms *, const char *what, const char *expected,
		       const char *found);
/* So many rows should have been counted; `prefix` is said before a number. */
void mysql_check_rows(struct mysql_rooms *, const char *what, const char *prefix,
		      uint64_t expected);

#endif
