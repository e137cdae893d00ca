/* verify: the database against the journal as far as the database says it is.
 * Owns one connection, and on it one snapshot that is taken before the journal
 * is looked at: what the database has then, the journal has too. Writes
 * nothing there.
 *
 * Each partition of the journal has a mark of its own. The state to compare with is
 * re-executed up to the marks: every partition's records up to its mark and none
 * behind it, which is a state like any other, for no record is about rooms of
 * two partitions. Rooms in quarantine are left out; room.members and updated_at,
 * which are about right, and the profiles in `member`, which rooms share, are
 * not compared. Rows of the desk: desk_cells.c says which columns are not, and those of its
 * configuration that were changed behind the mark of its partition. */
#ifndef VERIFY_MYSQL_H
#define VERIFY_MYSQL_H

#include "audit/finding.h"

#include "db/url.h"

struct quarantined;

struct verify_mysql {
	struct url url;
	struct db *db;
	uint64_t marks[PARTITION_NONE], projected[PARTITION_NONE];
	uint64_t broker_id;
	uint32_t partitions;
	uint64_t low, high; /* of the marks */
	struct quarantined *quarantined;
	uint64_t rooms, members, messages;
	uint64_t lagging;  /* unread columns that are not brought up to date yet */
	uint64_t left_out; /* rooms in quarantine */
	uint64_t desk_rows;
	uint64_t desk_ahead; /* of them those of its configuration that were changed since */
	uint64_t differing;
	char why[512]; /* after a failure */
};

/* Connects. Close it also after a failure. */
enum parlor_err verify_mysql_open(struct verify_mysql *, const char *url) PARLOR_MUST_CHECK;
void verify_mysql_close(struct verify_mysql *);

/* Takes the snapshot; a newer one when it is called again. */
enum parlor_err verify_mysql_begin(struct verify_mysql *) PARLOR_MUST_CHECK;
/* Reads the marks of the source's journal and holds them against it. When they
 * do not fit, `differing` is not 0 and finding says why. */
enum parlor_err verify_mysql_marks(struct verify_mysql *, struct source *,
				   struct finding *) PARLOR_MUST_CHECK;
struct desk_told;
/* The engine was limited to `marks`, has run, which was told, and is settled. */
enum parlor_err verify_mysql(struct verify_mysql *, struct engine *, struct desk_told *,
			     struct finding *) PARLOR_MUST_CHECK;

#endif
