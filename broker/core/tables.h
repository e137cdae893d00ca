/* The core's tables in memory: who is resident, what is dirty, what may go.
 * Loads rows on demand, links them, lists what must be written back. Knows no
 * rule of rooms or messages. Private to the core.
 *
 * What is resident and dirty is newer than the stored row; a membership that
 * was removed stays as a tombstone (gone) until its deletion has landed. A row
 * that was given to a commit is in flight until it has landed: it stays resident,
 * because what can be read from the store is older. */
#ifndef CORE_TABLES_H
#define CORE_TABLES_H

#include "core/core.h"
#include "core/filter.h"

#include "base/mem.h"
#include "base/pool.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define HASH_FUNCTION(keyptr, keylen, hashv) (hashv) = (unsigned)XXH3_64bits(keyptr, keylen)
#define uthash_malloc(size) mem_new(size)
#include <uthash.h>
#include <utlist.h>

/* Chains are walked through cold memory: keep them short. uthash doubles its
 * buckets when one chain is longer than this; at 8 that is about one entry a
 * bucket, at its own 10 two or three. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 8U

/* The key of an id: the tenant's number, then the id. */
#define ID_KEY_MAX (sizeof(uint32_t) + ROW_ID_MAX)

struct member {
	UT_hash_handle by_no;
	UT_hash_handle by_id; /* key: id_key */
	uint64_t no;
	struct row_member row; /* row.id borrows from id_key */
	uint8_t id_key[ID_KEY_MAX];
	struct membership *memberships;
	size_t memberships_len;
	bool all_rooms; /* memberships holds every room of the member */
	bool dirty;
	bool in_flight;
	struct member *dirty_next;
	/* The sum of unread over all rooms, once it was asked for: what each
	 * membership adds to it is in `told`, as of that position for what others
	 * post, always for what the member does. */
	struct {
		bool known;
		uint64_t unread;
		uint64_t rooms;
		uint64_t position;
	} total;
};

struct pair_key {
	uint64_t room;
	uint64_t tail;
};
struct membership {
	UT_hash_handle by_pair; /* room, member */
	struct pair_key key;
	struct room *room;
	struct member *member;
	struct row_membership row; /* name and avatar borrow from text */
	char *text;
	uint64_t told; /* unread of the room in member->total */
	bool gone;
	bool dirty;
	bool in_flight;
	bool indexed;                                 /* its ROW_MEMBERS row is written */
	struct membership *room_prev, *room_next;     /* room->memberships */
	struct membership *member_prev, *member_next; /* member->memberships */
	struct membership *dirty_prev, *dirty_next;   /* room->dirty_memberships or ->frozen */
};

/* A block of messages: the last one of its room, or not yet written. */
struct block {
	UT_hash_handle by_no;
	struct pair_key key; /* room, number */
	struct room *room;
	struct buf bytes;
	unsigned len; /* messages */
	bool dirty;
	bool in_flight;
	struct block *dirty_prev, *dirty_next; /* room->dirty_blocks or ->frozen_blocks */
};

struct room {
	UT_hash_handle by_no;
	UT_hash_handle by_id;
	uint64_t no;
	struct row_room row; /* id borrows from id_key, name from name */
	uint8_t id_key[ID_KEY_MAX];
	char *name;
	struct filter filter; /* of its idempotency keys */
	struct membership *memberships;
	bool all_members;
	bool used; /* since the clock's hand passed */
	bool row_dirty;
	bool row_in_flight;
	bool listed;      /* in the list of dirty rooms */
	bool frozen;      /* in the pass's array and not yet done */
	size_t in_flight; /* rows of it, of its memberships and blocks */
	struct membership *dirty_memberships;
	struct membership *frozen_memberships;
	struct block *tail; /* where the next message goes, once it was looked for */
	struct block *dirty_blocks;
	struct block *frozen_blocks;
	struct room *dirty_next;
	struct room *warm_prev, *warm_next; /* tenant's rooms active since start, newest first */
	bool warm;
};

struct tenant {
	UT_hash_handle by_no;
	UT_hash_handle by_id;
	uint32_t no;
	struct span id;
	char *text;
	struct room *warm;
	size_t warm_len;
	uint64_t warm_floor; /* rooms active behind this position are all warm */
};

/* A pass of write-back: what was dirty when it began, in order of keys. */
struct pass {
	bool active;
	uint64_t position; /* changes up to here are covered when it ends */
	struct pass_room {
		uint64_t no; /* sorting must not touch the rooms */
		struct room *room;
	} * rooms;
	size_t rooms_len, rooms_at;
	struct member **members;
	size_t members_len, members_at;
};

/* A row that never changes again (a name, a stay that ended), to be written. */
struct fresh {
	struct row_key key;
	uint8_t value[24];
	size_t value_len;
};

/* Rows given to a commit that has not landed. */
enum flown_kind { FLOWN_MEMBER, FLOWN_ROOM, FLOWN_MEMBERSHIP, FLOWN_BLOCK };
struct flown {
	enum flown_kind kind;
	void *row;
};
struct flight {
	struct flown *rows;
	size_t len, cap;
	uint64_t covered; /* what rows on disk cover, whatever is in flight */
};

struct core {
	struct core_limits limits;
	struct core_rows rows;
	struct meter *meter, unasked; /* what is charged; what nobody asked for */
	struct core_sink sink;
	struct row_state state; /* position: the last record */
	uint64_t now_us;        /* latest time heard of */
	uint64_t applied;       /* behind state.position while recovery goes on */
	enum parlor_err broken;

	/* Found last: what is applied is what was just decided about. */
	struct tenant *last_tenant;
	struct member *last_member;
	struct room *last_room;
	struct membership *last_membership;

	struct pool member_pool, room_pool, membership_pool, block_pool;
	struct tenant *tenants_by_no, *tenants_by_id;
	struct member *members_by_no, *members_by_id;
	struct room *rooms_by_no, *rooms_by_id;
	struct membership *memberships;
	struct block *blocks;

	struct room *dirty_rooms;
	struct member *dirty_members;
	size_t dirty_rooms_len, dirty_members_len;
	size_t dirty_rows;
	size_t dirty_bytes; /* of them, about */
	/* Before fresh_landed written, from there on in flight, from fresh_at on to be
	 * given. */
	struct fresh *fresh;
	size_t fresh_landed, fresh_at, fresh_len, fresh_cap;
	struct pass pass;
	struct flight flight;
	struct room *hand;
	struct member *member_hand;
	uint64_t evicted;
	struct buf scratch;
	struct buf scan;
};

/* Rows of the store, charged to the meter. */
enum parlor_err tables_get(struct core *, const struct row_key *, struct span *) PARLOR_MUST_CHECK;
enum parlor_err tables_scan(struct core *, const struct row_key *from, size_t prefix_len,
			    core_scan_fn *, void *arg) PARLOR_MUST_CHECK;

/* Finding: PARLOR_E_OK with *out NULL when there is none; other codes are
 * failures of the store. */
enum parlor_err tables_tenant(struct core *, struct span id, struct tenant **) PARLOR_MUST_CHECK;
enum parlor_err tables_tenant_no(struct core *, uint32_t no, struct tenant **) PARLOR_MUST_CHECK;
enum parlor_err tables_member(struct core *, uint32_t tenant, struct span id,
			      struct member **) PARLOR_MUST_CHECK;
enum parlor_err tables_member_no(struct core *, uint64_t no, struct member **) PARLOR_MUST_CHECK;
enum parlor_err tables_room(struct core *, uint32_t tenant, struct span id,
			    struct room **) PARLOR_MUST_CHECK;
enum parlor_err tables_room_no(struct core *, uint64_t no, struct room **) PARLOR_MUST_CHECK;
/* NULL also when the member has left. */
enum parlor_err tables_membership(struct core *, struct room *, struct member *,
				  struct membership **) PARLOR_MUST_CHECK;
/* The same without loading, tombstones included. */
struct membership *tables_resident(struct core *, const struct room *, const struct member *);
/* Makes every membership of the room (of the member) resident. Lists may hold
 * tombstones. */
enum parlor_err tables_load_members(struct core *, struct room *) PARLOR_MUST_CHECK;
enum parlor_err tables_load_rooms(struct core *, struct member *) PARLOR_MUST_CHECK;

/* Adding: the caller has made sure that there is none. */
struct tenant *tables_add_tenant(struct core *, uint32_t no, struct span id);
struct member *tables_add_member(struct core *, uint64_t no, const struct row_member *);
struct room *tables_add_room(struct core *, uint64_t no, const struct row_room *);
/* Revives a tombstone when there is one. */
struct membership *tables_add_membership(struct core *, struct room *, struct member *,
					 const struct row_membership *);
void tables_new_name(struct core *, char kind, uint32_t tenant, struct span id, uint64_t number);

void tables_set_room_name(struct room *, struct span name);
void tables_set_profile(struct membership *, struct span name, struct span avatar);

/* Brings the member's total up to what the membership is now. */
void tables_tell(struct membership *);

/* One more row is to be written, of so many bytes about. */
static inline void tables_count_dirty(struct core *c, size_t bytes)
{
	c->dirty_rows++;
	c->dirty_bytes += bytes;
}

/* Changed: to be written back. */
void tables_list_room(struct core *, struct room *);
void tables_touch_room(struct core *, struct room *);
void tables_touch_member(struct core *, struct member *);
void tables_touch_membership(struct core *, struct membership *);
void tables_remove_membership(struct core *, struct membership *, uint64_t position);
/* The room has a new last activity: it moves to the front of the warm ones. */
void tables_warm(struct tenant *, struct room *);
/* A tombstone whose deletion has landed. */
void tables_forget_gone(struct core *, struct membership *);
/* Landed and clean: may be read again when needed. */
void tables_drop_membership(struct core *, struct membership *);
void tables_drop_room(struct core *, struct room *);
void tables_drop_member(struct core *, struct member *);

void tables_free(struct core *);

#endif
