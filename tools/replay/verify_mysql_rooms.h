/* verify: some rooms of one tenant, their members and messages, in the database
 * and as re-executed. One statement a table for all of them. */
#ifndef VERIFY_MYSQL_ROOMS_H
#define VERIFY_MYSQL_ROOMS_H

#include "verify_mysql.h"

#define MYSQL_ROOMS_MAX 64

struct mysql_room {
	char id[ROW_ID_MAX + 1], name[1024];
	uint64_t no;
	struct row_room row; /* its texts are not to be used */
	bool found, projected, left_out;
	uint32_t memberships, profiles, labels; /* rows found */
	uint64_t last_seq;                      /* of the messages found */
};

struct mysql_rooms {
	struct verify_mysql *v;
	struct engine *engine;
	struct finding *finding;
	const char *tenant;
	uint32_t tenant_no;
	struct mysql_room rooms[MYSQL_ROOMS_MAX]; /* in order of ids */
	size_t len;
	struct record_text *record_text;
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

#endif
