/* The topics of a partition that the database refuses: from the first refused record
 * on, the records about a topic are skipped while the partition's mark moves on, until the
 * broker sends them again (Release). Owns the table in memory and its copy in
 * sync_quarantine. */
#ifndef WORKER_QUARANTINE_H
#define WORKER_QUARANTINE_H

#include "mark.h"
#include "topic.h"
#include "worker_bounds.h"

#include <uthash.h>

/* More topics than this in one partition are no bad rows but a bad database: the
 * partition stands still instead. */
#define QUARANTINE_TOPICS_MAX WORKER_QUARANTINED_MAX
#define QUARANTINE_ERROR_MAX 256

struct quarantine_topic {
	struct topic topic; /* its texts lie in the key */
	char *key;
	uint64_t position; /* its first record that is not applied */
	char error[QUARANTINE_ERROR_MAX];
	UT_hash_handle hh;
};

/* Zeroed is empty. */
struct quarantine {
	struct quarantine_topic *topics;
};

void quarantine_fini(struct quarantine *);
struct quarantine_topic *quarantine_find(const struct quarantine *, struct topic);
size_t quarantine_count(const struct quarantine *);
void quarantine_add(struct quarantine *, struct topic, uint64_t position, const char *error);
void quarantine_remove(struct quarantine *, struct quarantine_topic *);

/* Replaces the table by what the database says. */
enum parlor_err quarantine_load(struct quarantine *, struct db *,
				const struct mark *) PARLOR_MUST_CHECK;
/* Inside a transaction. The table in memory is changed after the commit. */
enum parlor_err quarantine_write(struct db *, const struct mark *, struct topic, uint64_t position,
				 const char *error) PARLOR_MUST_CHECK;
enum parlor_err quarantine_erase(struct db *, const struct mark *, struct topic) PARLOR_MUST_CHECK;

#endif
