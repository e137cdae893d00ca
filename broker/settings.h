/* All settings of parlord in one struct, with a table that names, bounds and
 * documents each. Owns the texts; acts on nothing. */
#ifndef BROKER_SETTINGS_H
#define BROKER_SETTINGS_H

#include "core/core.h"

#include "base/conf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Texts are never NULL after settings_init; empty: not set. */
struct settings {
	/* [broker] */
	char *data;   /* directory */
	char *listen; /* for clients */
	char *worker_listen;
	char *keys; /* file; empty: loopback only, no keys */
	char *log_level;

	/* [store] */
	uint64_t map_init_bytes;
	uint64_t map_max_bytes;
	uint64_t headroom_bytes;
	uint64_t dirty_rows_max; /* above it a turn writes back until it is below */
	uint64_t behind_records_max;
	uint64_t write_back_rows; /* of a commit, at most */

	/* [history] */
	uint64_t hot_records; /* newest journal records kept; 0: all */
	uint64_t hot_bytes;   /* of the journal on disk; 0: all */
	uint64_t hot_seconds; /* age of records kept; 0: all */
	bool without_mysql;   /* history goes although no database has it */
	bool snapshots;       /* only what the snapshot has goes */

	/* [limits], and what is known for ever of one tenant */
	struct core_limits core;
	uint64_t page_bytes; /* bodies of a page, about */
	uint64_t frame_bytes;
	uint64_t frame_requests;

	/* [session] */
	uint64_t heartbeat_ms;
	uint64_t timeout_ms;
	uint64_t hello_ms;
	uint64_t sessions;
	uint64_t key_handshakes; /* a second */
	uint64_t session_members;
	uint64_t session_intervals;
	uint64_t session_waiting;
	uint64_t session_queue_bytes;
	uint64_t queue_bytes; /* of all sessions */
	uint64_t subscriber_entries;
	uint64_t credit; /* the most a client may hold */

	/* [tenant]: the share of one tenant, so that it cannot use up what others need */
	uint64_t tenant_sessions;
	uint64_t tenant_waiting;     /* requests that wait for MySQL */
	uint64_t tenant_queries;     /* of them, history queries at workers */
	uint64_t tenant_releases;    /* and rooms that are sent again */
	uint64_t tenant_queue_bytes; /* queued for its sessions, together */
	uint64_t tenant_entries;     /* of subscriber_entries */

	/* [turn] */
	uint64_t turn_requests; /* of one turn, and records of one commit */
	uint64_t turn_bytes;    /* of one turn: received and recorded, each; of replies a fourth */
	uint64_t turn_steps;    /* of one turn, through memory; a row that is read counts as 16 */
	uint64_t turn_rows, turn_deliveries, turn_ms;

	/* [sync] */
	uint64_t partitions;
	uint64_t batch_records;
	uint64_t batch_bytes;
	uint64_t worker_heartbeat_ms;
	uint64_t worker_lease_ms;
	uint64_t archive_queries; /* history queries at workers, all sessions */
	uint64_t archive_timeout_ms;
};

extern const struct conf_row settings_rows[];

/* The defaults. */
void settings_init(struct settings *);
void settings_fini(struct settings *);

/* From a file, over what is there. One line in `why` (at least 256 bytes). */
enum parlor_err settings_read(struct settings *, const char *path, char *why,
			      size_t why_size) PARLOR_MUST_CHECK;
/* One, by its name ("session.timeout_ms"): the command line's. */
enum parlor_err settings_set(struct settings *, const char *name, const char *value, char *why,
			     size_t why_size) PARLOR_MUST_CHECK;
/* What no single range can say: heartbeat below timeout, a body fits a frame,
 * and so on. Call once all is read. */
enum parlor_err settings_check(const struct settings *, char *why,
			       size_t why_size) PARLOR_MUST_CHECK;

/* A commented example of a configuration with every default. */
void settings_print_default(FILE *);

#endif
