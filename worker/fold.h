/* What a run of records comes to: the messages to insert, and the last state
 * of each room, membership, profile and presence that they touch. Pure: knows
 * the records, no database and no clock. All values are absolute, so that
 * writing a fold twice is writing it once; within a fold records are taken in
 * order (who leaves and joins again is in).
 *
 * Texts are borrowed from the records, which must outlive the fold. */
#ifndef WORKER_FOLD_H
#define WORKER_FOLD_H

#include "base/buf.h"

#include <parlor/worker.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

enum fold_membership_state {
	FOLD_MEMBERSHIP_CHANGED, /* was there before, and still is */
	FOLD_MEMBERSHIP_JOINED,
	FOLD_MEMBERSHIP_LEFT
};

/* One member in one room. */
struct fold_membership {
	const struct fold_room *room;
	const char *member;
	enum fold_membership_state state;
	bool profile_set; /* type, name, avatar; always when JOINED */
	bool seen_set;
	bool read_set;
	int type;
	const char *name;
	const char *avatar;
	uint64_t seen;
	uint64_t read_seq;
	uint64_t joined_seq;
	uint64_t joined_us;
	struct fold_membership *next; /* of the same room */
	UT_hash_handle hh;
};

struct fold_room {
	const char *tenant;
	const char *room;
	bool changed; /* name, state, history_open are known */
	bool created;
	bool renamed;
	bool dissolved; /* memberships of before are gone; memberships folded here came after */
	bool posted;    /* unread of every member may be another */
	const char *name;
	int state;
	bool history_open;
	uint64_t created_us;
	uint64_t counted;  /* 0: not told */
	uint64_t last_seq; /* 0: not told */
	uint32_t members;  /* about */
	uint64_t time_us;  /* of the last record */
	uint64_t position; /* of the last record */
	struct fold_membership *memberships;
	UT_hash_handle hh;
};

struct fold_message {
	const struct fold_room *room;
	const Parlor__Message *message;
	uint64_t position;
	uint64_t time_us;
	bool recalled; /* its body goes nowhere */
};

/* Of a message that was posted before these records. */
struct fold_recall {
	const struct fold_room *room;
	uint64_t seq;
};

/* A member of a tenant: name and avatar as last told by any room. */
struct fold_profile {
	const char *tenant;
	const char *member;
	const char *name;
	const char *avatar;
	uint64_t position;
	UT_hash_handle hh;
};

struct fold_presence {
	const char *tenant;
	const char *member;
	int presence; /* Parlor__Presence */
	uint64_t last_seen_us;
	uint64_t position;
	UT_hash_handle hh;
};

/* Zeroed is an empty fold. The tables keep the order of first mention. */
struct fold {
	struct fold_room *rooms;
	struct fold_membership *memberships;
	struct fold_profile *profiles;
	struct fold_presence *presences;
	struct fold_message *messages;
	size_t messages_len, messages_cap;
	struct fold_recall *recalls;
	size_t recalls_len, recalls_cap;
	uint64_t boot_position; /* of the last BOOT; 0: none */
	uint64_t boot_us;
	struct buf key; /* scratch */
};

/* Records of kinds that this build does not know change nothing. False when
 * the record lacks what its kind needs: nothing was folded then. */
bool fold_add(struct fold *, const Parlor__SyncRecord *);
void fold_fini(struct fold *);
/* Profiles and presences in key order. */
void fold_sort(struct fold *);

/* The room a record is about, "" when it is about none. */
const char *fold_record_room(const Parlor__SyncRecord *);

#endif
