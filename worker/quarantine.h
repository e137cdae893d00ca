/* The rooms of a partition that the database refuses: from the first refused record
 * on, a room's records are skipped while the partition's mark moves on, until the
 * broker sends them again (Release). Owns the table in memory and its copy in
 * sync_quarantine. */
#ifndef WORKER_QUARANTINE_H
#define WORKER_QUARANTINE_H

#include "mark.h"

#include <uthash.h>

/* More rooms than this in one partition are no bad rows but a bad database: the
 * partition stands still instead. */
#define QUARANTINE_ROOMS_MAX 1000
#define QUARANTINE_ERROR_MAX 256

struct quarantine_room {
	char *tenant;
	char *room;
	uint64_t position; /* its first record that is not applied */
	char error[QUARANTINE_ERROR_MAX];
	UT_hash_handle hh;
};

/* Zeroed is empty. */
struct quarantine {
	struct quarantine_room *rooms;
};

void quarantine_fini(struct quarantine *);
struct quarantine_room *quarantine_find(const struct quarantine *, const char *tenant,
					const char *room);
size_t quarantine_count(const struct quarantine *);
void quarantine_add(struct quarantine *, const char *tenant, const char *room, uint64_t position,
		    const char *error);
void quarantine_remove(struct quarantine *, struct quarantine_room *);

/* Replaces the table by what the database says. */
enum parlor_err quarantine_load(struct quarantine *, struct db *,
				const struct mark *) PARLOR_MUST_CHECK;
/* Inside a transaction. The table in memory is changed after the commit. */
enum parlor_err quarantine_write(struct db *, const struct mark *, const char *tenant,
				 const char *room, uint64_t position,
				 const char *error) PARLOR_MUST_CHECK;
enum parlor_err quarantine_erase(struct db *, const struct mark *,
				 const struct quarantine_room *) PARLOR_MUST_CHECK;

#endif
