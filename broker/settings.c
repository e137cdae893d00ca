#include "settings.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/partition.h"
#include "core/room_members.h"
#include "worker_bounds.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TIB (GIB * 1024)
#define HOUR_MS UINT64_C(3600000)
/* What a frame has to hold beside the body of its one request. */
#define FRAME_BESIDE_BODY (64 * KIB)
/* A frame of a worker has place for a message at least, one to a worker for a batch and a
 * message more. */
#define BODY_MAX (WORKER_FRAME_MAX - FRAME_BESIDE_BODY)
#define BATCH_MAX (32 * MIB)
_Static_assert(BATCH_MAX + WORKER_FRAME_MAX <= BATCH_FRAME_MAX, "a batch fits its frame");
#define PAGE_MAX 10000
_Static_assert(PAGE_MAX < CORE_MEMBERS_LIST_MAX, "a page of members can be asked for");

#define TEXT(section, key, field, text)                                                  \
	{                                                                                \
		section "." key, CONF_TEXT, offsetof(struct settings, field), 0, 0, text \
	}
#define NUMBER(section, key, low, high, text)                                                  \
	{                                                                                      \
		section "." #key, CONF_NUMBER, offsetof(struct settings, key), low, high, text \
	}

#define CORE(section, key, low, high, text)                                                    \
	{                                                                                      \
		section "." #key, CONF_NUMBER, offsetof(struct settings, core.key), low, high, \
			text                                                                   \
	}

#define SWITCH(section, key, text)                                                        \
	{                                                                                 \
		section "." #key, CONF_SWITCH, offsetof(struct settings, key), 0, 0, text \
	}

#define REPLACED(section, key, text)                           \
	{                                                      \
		section "." #key, CONF_REPLACED, 0, 0, 0, text \
	}

const struct conf_row settings_rows[] = {
	TEXT("broker", "data", data, "directory of everything the broker keeps"),
	TEXT("broker", "listen", listen, "address for clients; port * is any free one"),
	TEXT("broker", "worker_listen", worker_listen, "address for workers"),
	TEXT("broker", "keys", keys,
	     "file of CURVE keys (parlord --make-keys); without one only loopback is bound"),
	TEXT("broker", "log_level", log_level, "error, warn, info or debug"),

	NUMBER("store", map_init_bytes, MIB, 64 * TIB, "size of the LMDB map at first"),
	NUMBER("store", map_max_bytes, MIB, 64 * TIB,
	       "the map grows up to this; then posts are refused until there is room"),
	NUMBER("store", headroom_bytes, MIB, TIB,
	       "kept free in map and file, beside what changed rows will take, so that these are "
	       "written, and deleting and starting work, when all else is full"),
	NUMBER("store", dirty_rows_max, 1000, 100000000,
	       "changed rows in memory; more of them are written back with every commit, or "
	       "writing is refused while there is no room for them"),
	NUMBER("store", behind_records_max, 100, 1000000000,
	       "records that a start has to apply again, about; rows are written back in time"),
	NUMBER("store", write_back_rows, 64, 1000000, "rows written back with one commit at most"),

	NUMBER("history", hot_records, 0, UINT64_MAX,
	       "newest journal records kept; older ones go once MySQL has them; 0: all"),
	NUMBER("history", hot_bytes, 0, UINT64_MAX,
	       "the same by the journal's size on disk, about; what any limit names goes"),
	NUMBER("history", hot_seconds, 0, UINT32_MAX, "the same by the records' age"),
	SWITCH("history", without_mysql,
	       "they go although MySQL has them not: no database, and no history from before"),
	SWITCH("history", snapshots,
	       "only records go that the snapshot has (parlor-replay snapshot), so that verify can "
	       "begin there"),

	/* No higher than what a column of schema/0001_tables.sql surely holds, or the
	 * room goes into quarantine: VARCHAR counts characters, MEDIUMTEXT bytes. */
	CORE("limits", name_bytes, 1, 512, "name of a room or member; MySQL's column ends there"),
	CORE("limits", avatar_bytes, 1, 2 * KIB, "avatar of a member; MySQL's column ends there"),
	CORE("limits", body_bytes, 1, BODY_MAX, "body of a message; a worker's frame ends there"),
	CORE("limits", client_id_bytes, 1, 64, "client message id; MySQL's column ends there"),
	CORE("limits", room_members, 1, 1000000,
	     "members of a room; when it is dissolved all of them leave in one turn"),
	CORE("limits", request_members, 1, 100000, "members named in one request"),
	CORE("limits", mentions, 0, RECORD_MENTIONS_MAX, "members mentioned in one post"),
	CORE("limits", page, 1, PAGE_MAX, "items of a page"),
	NUMBER("limits", page_bytes, 4 * KIB, 64 * MIB,
	       "bodies of a page together, about; a page ends early there"),
	CORE("limits", members, 1, UINT32_MAX, "members of all tenants, known for ever"),
	CORE("limits", rooms, 1, UINT32_MAX, "rooms of all tenants, known for ever"),
	CORE("limits", tenants, 1, 10000000, "tenants"),
	CORE("limits", resident_bytes, 64 * KIB, 64 * TIB,
	     "rows kept in memory, together; those longest not used go, and are read again"),
	REPLACED("limits", rooms_resident, "limits.resident_bytes is for all rows"),
	REPLACED("limits", memberships_resident, "limits.resident_bytes is for all rows"),
	REPLACED("limits", members_resident, "limits.resident_bytes is for all rows"),
	NUMBER("limits", frame_bytes, 64 * KIB, GIB,
	       "a frame of the protocol; who sends a larger one is disconnected"),
	NUMBER("limits", frame_requests, 1, 100000, "requests of one frame"),

	NUMBER("session", heartbeat_ms, 10, HOUR_MS, "a client says something at least this often"),
	NUMBER("session", timeout_ms, 20, HOUR_MS, "silence after which a session ends"),
	NUMBER("session", hello_ms, 100, HOUR_MS,
	       "a connection without a session is closed after this"),
	NUMBER("session", key_handshakes, 1, 1000000,
	       "connections of one key in a second; keys that are not known count as one"),
	NUMBER("session", sessions, 1, 1000000,
	       "sessions; fewer when the process may not open that many descriptors"),
	NUMBER("session", session_members, 1, 10000000, "members attached to one session"),
	NUMBER("session", session_intervals, 1, 100000000,
	       "rooms joined or left that a resuming session may have missed; beyond it is reset"),
	NUMBER("session", session_waiting, 1, 100000,
	       "requests of one session that wait for MySQL"),
	NUMBER("session", session_queue_bytes, 64 * KIB, GIB,
	       "queued for one session; then its events come from the journal later, its requests "
	       "wait"),
	NUMBER("session", queue_bytes, 4 * MIB, 64 * GIB,
	       "queued for all sessions; from half of it on each has its fair part; an eighth is "
	       "for what "
	       "they sent and has to wait"),
	NUMBER("session", subscriber_entries, 1, UINT32_MAX,
	       "pairs of a session and a room it listens to"),
	NUMBER("session", credit, 1, UINT32_MAX, "events a client may ask for in advance"),

	NUMBER("tenant", tenant_sessions, 1, 1000000, "sessions of one tenant"),
	CORE("tenant", tenant_rooms, 1, UINT32_MAX, "rooms of one tenant, known for ever"),
	CORE("tenant", tenant_members, 1, UINT32_MAX, "members of one tenant, known for ever"),
	NUMBER("tenant", tenant_waiting, 1, 1000000,
	       "requests of one tenant that wait for MySQL; those of all are 65536"),
	NUMBER("tenant", tenant_queries, 1, 100000, "history queries of one tenant at workers"),
	NUMBER("tenant", tenant_releases, 1, 16,
	       "rooms of one tenant that are sent again, out of quarantine; those of all are 16"),
	NUMBER("tenant", tenant_queue_bytes, 64 * KIB, 64 * GIB,
	       "queued for the sessions of one tenant; from half of it on each of them has its "
	       "fair part"),
	NUMBER("tenant", tenant_entries, 1, UINT32_MAX,
	       "pairs of a session of one tenant and a room it listens to"),

	NUMBER("turn", turn_requests, 1, 1000000,
	       "requests of one turn, and records of one commit"),
	NUMBER("turn", turn_bytes, 64 * KIB, GIB,
	       "bytes of a turn: received and recorded, each; of replies a fourth"),
	NUMBER("turn", turn_steps, 1000, 1000000000,
	       "steps of one turn through rooms, members and messages; a row read counts as 16"),
	NUMBER("turn", turn_rows, 100, 1000000000, "rows that one turn reads from the store"),
	NUMBER("turn", turn_deliveries, 1000, 1000000000,
	       "records of one commit times the sessions that each is delivered to"),
	NUMBER("turn", turn_ms, 1, 10000,
	       "time after which a turn takes no further request, commit and delivery aside"),

	/* A record has one byte for its partition. */
	NUMBER("sync", partitions, 1, PARTITION_NONE - 1,
	       "partitions of the journal; fixed when the data directory is made"),
	NUMBER("sync", batch_records, 1, 100000, "records of a batch to a worker"),
	NUMBER("sync", batch_bytes, 4 * KIB, BATCH_MAX, "bytes of a batch to a worker"),
	NUMBER("sync", worker_heartbeat_ms, 10, HOUR_MS,
	       "a worker says something at least this often"),
	NUMBER("sync", worker_lease_ms, 20, HOUR_MS,
	       "silence after which a worker's partitions go to others"),
	NUMBER("sync", archive_queries, 1, 100000, "history queries at workers, of all sessions"),
	NUMBER("sync", archive_timeout_ms, 100, HOUR_MS, "a history query is given up after this"),
	{.name = NULL},
};

static char *text_new(const char *text)
{
	return mem_text(text, strlen(text));
}

void settings_init(struct settings *s)
{
	*s = (struct settings){
		.data = text_new("./parlor-data"),
		.listen = text_new("tcp://127.0.0.1:5570"),
		.worker_listen = text_new("tcp://127.0.0.1:5571"),
		.keys = text_new(""),
		.log_level = text_new("info"),
		.map_init_bytes = 256 * MIB,
		.map_max_bytes = TIB,
		.headroom_bytes = 64 * MIB,
		.dirty_rows_max = 600000,
		.behind_records_max = 250000,
		.write_back_rows = 2000,
		.hot_records = 0,
		.page_bytes = MIB,
		.frame_bytes = 4 * MIB,
		.frame_requests = 1000,
		.heartbeat_ms = 5000,
		.timeout_ms = 15000,
		.hello_ms = 10000,
		.key_handshakes = 500,
		.sessions = 8192,
		.session_members = 10000,
		.session_intervals = 100000,
		.session_waiting = 1000,
		.session_queue_bytes = 4 * MIB,
		.queue_bytes = 512 * MIB,
		.subscriber_entries = 10000000,
		.credit = 1000000,
		.tenant_sessions = 2048,
		.tenant_waiting = 16384,
		.tenant_queries = 250,
		.tenant_releases = 4,
		.tenant_queue_bytes = 128 * MIB,
		.tenant_entries = 2500000,
		.turn_requests = 4096,
		.turn_bytes = 8 * MIB,
		.turn_steps = 500000,
		.turn_rows = 20000,
		.turn_deliveries = 262144,
		.turn_ms = 2,
		.partitions = 16,
		.batch_records = 4000,
		.batch_bytes = 2 * MIB,
		.worker_heartbeat_ms = 2000,
		.worker_lease_ms = 10000,
		.archive_queries = 1000,
		.archive_timeout_ms = 10000,
		.core = core_limits_default,
	};
}

void settings_fini(struct settings *s)
{
	conf_fini(settings_rows, s);
}

enum parlor_err settings_read(struct settings *s, const char *path, char *why, size_t why_size)
{
	return conf_read(path, settings_rows, s, why, why_size);
}

enum parlor_err settings_set(struct settings *s, const char *name, const char *value, char *why,
			     size_t why_size)
{
	return conf_set(settings_rows, s, name, value, why, why_size);
}

enum parlor_err settings_check(const struct settings *s, char *why, size_t why_size)
{
	enum log_level level;
	const struct {
		bool broken;
		const char *text;
	} rules[] = {
		{!*s->data, "broker.data is empty"},
		{!*s->listen, "broker.listen is empty"},
		{!*s->worker_listen, "broker.worker_listen is empty"},
		{log_level_parse(s->log_level, &level) != 0,
		 "broker.log_level must be error, warn, info or debug"},
		{s->map_init_bytes > s->map_max_bytes,
		 "store.map_init_bytes is above store.map_max_bytes"},
		{s->headroom_bytes > s->map_max_bytes / 2,
		 "store.headroom_bytes is above half of store.map_max_bytes"},
		{s->core.body_bytes + FRAME_BESIDE_BODY > s->frame_bytes,
		 "limits.frame_bytes must be at least 64k above limits.body_bytes"},
		{s->page_bytes > s->frame_bytes / 2,
		 "limits.page_bytes is above half of limits.frame_bytes"},
		{s->heartbeat_ms > s->timeout_ms / 2,
		 "session.heartbeat_ms is above half of session.timeout_ms"},
		{s->queue_bytes < s->session_queue_bytes,
		 "session.queue_bytes is below session.session_queue_bytes"},
		{s->worker_heartbeat_ms > s->worker_lease_ms / 2,
		 "sync.worker_heartbeat_ms is above half of sync.worker_lease_ms"},
	};
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].broken) {
			(void)snprintf(why, why_size, "%s", rules[i].text);
			return PARLOR_E_CONFIG;
		}
	return PARLOR_E_OK;
}

/* ---- the example ------------------------------------------------------------------------ */

/* In the largest unit that says it exactly; a number that is no size has none. */
static void print_number(FILE *out, const char *name, uint64_t n)
{
	static const char *const units[] = {"", "k", "M", "G"};
	size_t unit = 0;
	bool size = strstr(name, "_bytes") != NULL;
	for (; size && n && n % KIB == 0 && unit < 3; unit++)
		n /= KIB;
	fprintf(out, "%" PRIu64 "%s", n, units[unit]);
}

static void print_row(FILE *out, const struct conf_row *row, const struct settings *s)
{
	const void *at = (const char *)s + row->offset;
	const char *key = strchr(row->name, '.') + 1;
	fprintf(out, "\n# %s", row->doc);
	if (row->type == CONF_SWITCH) {
		fprintf(out, " (on or off)\n;%s = %s\n", key, *(const bool *)at ? "on" : "off");
	} else if (row->type == CONF_NUMBER) {
		fprintf(out, " (");
		print_number(out, row->name, row->min);
		fprintf(out, row->max == UINT64_MAX ? " or more" : " to ");
		if (row->max != UINT64_MAX)
			print_number(out, row->name, row->max);
		fprintf(out, ")\n;%s = ", key);
		print_number(out, row->name, *(const uint64_t *)at);
		fprintf(out, "\n");
	} else {
		fprintf(out, "\n;%s = %s\n", key, *(char *const *)at);
	}
}

void settings_print_default(FILE *out)
{
	struct settings s;
	settings_init(&s);
	fprintf(out, "# Settings of parlord with their defaults: take the ';' away to change one.\n"
		     "# Sizes take k, M and G. Times are in milliseconds.\n");
	const char *section = "";
	for (const struct conf_row *row = settings_rows; row->name; row++) {
		size_t len = (size_t)(strchr(row->name, '.') - row->name) + 1;
		if (row->type == CONF_REPLACED)
			continue;
		if (strncmp(section, row->name, len) != 0)
			fprintf(out, "\n[%.*s]\n", (int)len - 1, row->name);
		section = row->name;
		print_row(out, row, &s);
	}
	settings_fini(&s);
}
