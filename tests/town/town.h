/* A town: one broker, some workers, a database, and clients that post until
 * they hear an answer. A seed decides what happens, and everything in it may
 * die, stand still or be cut off at any step. Owns the life of it; what must
 * hold is asked in check.c. */
#ifndef TOWN_TOWN_H
#define TOWN_TOWN_H

#include "database.h"
#include "desk_side.h"
#include "keep.h"
#include "ledger.h"
#include "town_worker.h"

#define CLIENTS 5
#define TOWN_WORKERS 3
#define PARTITIONS 3
#define POSTS 400
#define ASSIGNED 400
#define DESK (-1) /* the client that is told of assignments */
#define LETTERS 64
#define POISON "poison" /* a body that the database may refuse */

/* A client has one message at a time under way, and says it again until it is
 * answered; then it may say it once more. */
struct client {
	const char *tenant;
	char room[ID_BYTES], sender[ID_BYTES], body[NAME_BYTES];
	unsigned no;    /* of its message, 0: none */
	unsigned tries; /* times that any was asked */
	bool stored, answered;
	uint64_t position; /* of the message that waits for the database */
	uint64_t again_us;
};
/* To the broker, or an answer from it; comes when it is due, is lost, or comes
 * twice, in any order. */
struct note {
	bool used, answer;
	int client;
	unsigned no, try;
	uint64_t due_us;
	enum parlor_err err;
	struct core_posted posted;
};
/* An answer that a client has. */
struct acknowledged {
	unsigned no, tries;
	int client;
	struct core_posted posted;
	char body[NAME_BYTES];
};
struct mark_row {
	uint64_t epoch, position, digest, projected;
};

struct town {
	struct chance chance;
	struct road road;
	struct database database;
	struct keep keep;
	struct ledger ledger;
	struct client clients[CLIENTS];
	struct pending_list pending; /* what they wait for */
	struct pending_share share;
	struct note notes[LETTERS];
	unsigned posts;
	struct acknowledged acknowledged[POSTS];
	size_t acknowledged_len;
	struct desk_side *desk;                /* NULL: there is none */
	struct core_posted assigned[ASSIGNED]; /* of which somebody was told; seq: which stint */
	size_t assigned_len;

	struct town_worker *town_workers[TOWN_WORKERS];
	int town_workers_len;
	uint64_t town_worker_stands_us[TOWN_WORKERS]; /* until then */
	struct mark_row marks[PARTITIONS], dumped[PARTITIONS];
	uint64_t changes; /* of the database, when they were read */
	uint64_t full_until_us, down_until_us;
	bool calm;

	/* per mille and step */
	unsigned kill, town_worker_kill, town_worker_stand, cut, dump, restore, full, down, fail;
	unsigned lost, twice, burst;
	uint64_t kills, town_worker_kills, repeats, refused_full;
};

/* The database is made once and serves one world after another. */
void town_open(struct town *);
void town_close(struct town *);
void town_begin(struct town *, uint64_t seed);
void town_step(struct town *);
/* With all workers and no desk, and nothing goes wrong but what a story does. */
void town_begin_quiet(struct town *, uint64_t seed);
/* All is well from now on: until everything is everywhere. */
void town_settle(struct town *);
void town_end(struct town *);

/* What steps consist of. */
void town_broker_turn(struct town *);
void town_broker_dies(struct town *, const char *when);
void town_worker_dies(struct town *, int i);
/* One of the rooms in quarantine is sent again; false: there is none. */
bool town_release(struct town *);

/* ---- clients.c ---- */

extern const char *const town_tenants[TENANTS];

void town_clients_turn(struct town *);
/* A note of the broker's to the client that waits for this. */
void town_answer(struct town *, const struct effect *);

/* ---- requests.c ---- */

/* Most rooms are there from the beginning. */
void town_make_rooms(struct town *);
void town_take_requests(struct town *);

/* ---- check.c ---- */

/* The broker's state is what a recount of its journal says. */
void check_keep(struct town *);
/* Everything that was acknowledged stands where it was said to be. */
void check_acknowledged(struct town *);
/* Each partition of the database is what the journal says up to its mark. */
void check_database(struct town *);
/* Marks are read anew; who moved one (a worker, or -1) had the right to. */
void check_marks(struct town *, int town_worker);
/* Unread and names as people query them, once all is projected. */
void check_projected(struct town *);
/* The database has the message of that position. */
bool check_stored(struct town *, uint64_t position);

/* ---- desk_rows.c ---- */

/* The desk's tables are what the journal says up to the marks of the rooms, by number, and
 * to that of the first partition. */
void check_desk_rows(struct town *, const uint64_t *marks);

#endif
