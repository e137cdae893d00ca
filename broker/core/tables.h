/* The core's state in memory: tenants, members, rooms, memberships and blocks of
 * messages as structs linked to each other. What is done with each stands in the file
 * of its rows (member_row.h, ...); which of them are resident, dirty and written is the
 * engine's. Private to the core. */
#ifndef CORE_TABLES_H
#define CORE_TABLES_H

#include "core/activity.h"
#include "core/core.h"
#include "core/engine/engine.h"
#include "core/recent.h"
#include "core/room_order.h"
#include "core/tree.h"

#include <stddef.h>

/* The key of an id: the tenant's number, then the id. */
#define ID_KEY_MAX (sizeof(uint32_t) + ROW_ID_MAX)

/* The inbox of a member, once it was asked for. */
struct inbox {
	struct room_order rooms;
	uint64_t next;   /* rooms from that number on have not been read */
	uint64_t active; /* what was active behind it has not been looked at */
	bool whole;      /* every room of the member has been read */
	struct inbox *gone_next;
};

struct member {
	struct row base;
	UT_hash_handle by_id; /* key: id_key */
	uint64_t no;
	struct row_member row; /* row.id borrows from id_key */
	uint8_t id_key[ID_KEY_MAX];
	struct tree_node *unlisted; /* what the rows of rooms on disk lack, by room */
	uint64_t past_last;         /* first row of the membership that ended last */
	struct inbox *inbox;        /* once it was asked for */
};

struct membership {
	struct row base;
	struct room *room;
	struct member *member;
	struct row_membership row; /* name and avatar borrow from text */
	char *text;
	uint64_t own_row;                         /* first row of the last ROW_OWN */
	bool indexed;                             /* its rows beside its own are given */
	bool unlisted;                            /* they have not landed */
	bool unlisted_here;                       /* the same, and the member is in the room */
	struct membership *room_prev, *room_next; /* room->memberships */
	struct tree_node of_member;               /* member->unlisted */
	struct tree_node of_room;                 /* room->unlisted */
};

/* A block of messages: the last one of its room, or not yet landed. */
struct block {
	struct row base;
	struct room *room;
	struct buf bytes;
	unsigned len;              /* messages */
	struct block *prev, *next; /* room->blocks */
};

/* Where ranges of idempotency keys are in memory, by the first bits of the hashes
 * (keys.c): a place is of the range found there last. */
struct key_places {
	struct key_range **ranges; /* 1 << bits of them; NULL while none is resident */
	uint8_t bits;
	uint8_t depth; /* of the deepest range that was resident */
};

struct room {
	struct row base;
	UT_hash_handle by_id;
	uint64_t no;
	struct row_room row; /* id borrows from id_key, the others from what follows */
	uint8_t id_key[ID_KEY_MAX];
	char *name, *labels;
	struct recent recent; /* idempotency keys of the last messages, once it was posted to */
	struct key_places key_places; /* of older ones */
	struct membership *memberships;
	uint64_t members_next;      /* those of lower numbers are in memory; UINT64_MAX: all */
	bool members_loading;       /* by pieces, and meanwhile */
	bool members_dropped;       /* some have left memory again: there is little of it */
	struct tree_node *unlisted; /* members that the rows of ids on disk lack, by id */
	struct block *tail;         /* where the next message goes, once it was looked for */
	struct block *blocks;
	struct conversation *talk; /* that of its row, once it was found open; NULL: look */
};

/* The names that stood in rows when the broker started, by number: rows have them in the
 * order of names, so that finding one by its number would be a walk over all of them. */
struct tenant_names {
	size_t *ends;    /* in text, of each number; 0: it has none */
	uint32_t last;   /* number */
	struct buf text; /* of each the name, and its length in a byte */
};

/* One that was found once stays: those that came since have their names nowhere else by
 * number. */
struct tenant {
	struct row base;
	UT_hash_handle by_id;
	uint32_t no;
	struct span id; /* borrows from text */
	char text[ROW_ID_MAX];
	struct row_tenant row;
	uint64_t members_reserved;
};

/* Members whose inboxes are being read (inbox.c), and inboxes that are to be freed. */
#define INBOX_HOLDS 8
struct inbox_holds {
	struct member *members[INBOX_HOLDS];
	unsigned next;
	struct inbox *gone;
	uint64_t gone_bytes;
};

struct desk_state;

struct core {
	struct core_limits limits;
	struct core_sink sink;
	struct row_state state; /* position: the last record; covered: see engine */
	uint64_t now_us;        /* latest time heard of */
	enum parlor_err broken;

	/* Found last: what is applied is what was just decided about. */
	struct tenant *last_tenant;
	struct member *last_member;
	struct room *last_room;
	struct membership *last_membership;

	struct engine engine;
	struct tenant *tenants_by_id;
	struct tenant_names tenant_names;
	uint64_t rooms_refused, members_refused; /* for want of a number */
	uint64_t members_reserved;               /* of all tenants */
	struct member *members_by_id;
	struct room *rooms_by_id;
	struct activity activity;
	struct inbox_holds inboxes;
	struct desk_state *desk;
	struct buf scratch;
	struct buf scan;
};

/* The engine's row is the struct's beginning. */
_Static_assert(offsetof(struct tenant, base) == 0 && offsetof(struct member, base) == 0 &&
		       offsetof(struct membership, base) == 0 && offsetof(struct room, base) == 0 &&
		       offsetof(struct block, base) == 0,
	       "a row is cast to what it is");

enum {
	KIND_MEMBER,
	KIND_ROOM,
	KIND_MEMBERSHIP,
	KIND_BLOCK,
	KIND_KEYS,
	KIND_TENANT,
	KIND_CONFIG,
	KIND_VISITOR,
	KIND_GUEST,
	KIND_CONVERSATION,
	KIND_STINT,
	KINDS_OF_ROWS
};
_Static_assert(KINDS_OF_ROWS <= ENGINE_KINDS_MAX, "the engine has a pool for each");
extern const struct row_kind tenant_kind, member_kind, room_kind, membership_kind, block_kind;

#endif
