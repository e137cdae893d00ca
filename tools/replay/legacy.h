/* The tables as chat products had them before: chat_group, group_member and
 * group_message, whatever their columns beside the few that matter. Owns finding
 * them and the queries that read them; judges no row. */
#ifndef LEGACY_H
#define LEGACY_H

#include "db/db.h"

#define LEGACY_WHY_MAX 512
#define LEGACY_NAME_MAX 64

enum legacy_table { LEGACY_GROUP, LEGACY_MEMBER, LEGACY_MESSAGE };
#define LEGACY_TABLES 3
#define LEGACY_COLUMNS_MAX 12

struct legacy {
	struct db *db; /* open, with or without a database chosen */
	const char *schema;
	const char *tenant_column; /* NULL: ent_id, if there is one */
	const char *zone;          /* "+08:00": of DATETIME columns */
	bool moved;                /* they stand aside already */
	struct {
		char name[LEGACY_NAME_MAX + 1]; /* empty: there is none */
		bool has[LEGACY_COLUMNS_MAX];
		bool local_time; /* created_at knows no time zone */
	} tables[LEGACY_TABLES];
};

/* Finds the tables by name and columns. db, schema and what stands above are set.
 * CONFIG or a failure of the database, in words in why. */
enum parlor_err legacy_find(struct legacy *, char *why) PARLOR_MUST_CHECK;
/* Whether something says which of two messages of the same time came first. */
bool legacy_ordered(const struct legacy *);

/* Spans borrow during the call; empty where there is no such column. */
struct legacy_row {
	struct span tenant, room, member; /* MESSAGE: the sender */
	struct span name, avatar;         /* GROUP: of the room; else of the member */
	struct span body;
	int64_t type, content_type, unread;
	bool timed;
	uint64_t time_us;
};
typedef void legacy_fn(void *arg, const struct legacy_row *);

/* Oldest first: by time, then id. Messages without their bodies come in no order. */
enum parlor_err legacy_read(struct legacy *, enum legacy_table, legacy_fn *,
			    void *arg) PARLOR_MUST_CHECK;
enum parlor_err legacy_read_senders(struct legacy *, legacy_fn *, void *arg) PARLOR_MUST_CHECK;

/* Rows of each table; to see that nobody writes. */
enum parlor_err legacy_count(struct legacy *, uint64_t counts[LEGACY_TABLES]) PARLOR_MUST_CHECK;

/* Names, avatars, nickname and status of a table `member` that was moved aside, into
 * Parlor's, which db has chosen. Not copied when its columns are others. */
enum parlor_err legacy_copy_members(struct legacy *, bool *copied) PARLOR_MUST_CHECK;
/* Whether rooms stand in Parlor's own table there. */
enum parlor_err legacy_has_rooms(struct legacy *, const char *schema,
				 bool *rooms) PARLOR_MUST_CHECK;

#endif
