/* The core's kinds of row, as structs linked to each other: tenants, members,
 * rooms, memberships, blocks of messages. Loads them and what they need, and keeps
 * the lists between them; which of them are resident, dirty and written is the
 * engine's. Knows no rule of rooms or messages. Private to the core. */
#ifndef CORE_TABLES_H
#define CORE_TABLES_H

#include "core/activity.h"
#include "core/core.h"
#include "core/engine/engine.h"
#include "core/recent.h"
#include "core/room_order.h"

/* The key of an id: the tenant's number, then the id. */
#define ID_KEY_MAX (sizeof(uint32_t) + ROW_ID_MAX)

/* The inbox of a member, once it was asked for. */
struct inbox {
	struct room_order rooms;
	uint64_t next;   /* rooms from that number on have not been read */
	uint64_t active; /* what was active behind it has not been looked at */
	bool whole;      /* every room of the member has been read */
};

struct member {
	struct row base;
	UT_hash_handle by_id; /* key: id_key */
	uint64_t no;
	struct row_member row; /* row.id borrows from id_key */
	uint8_t id_key[ID_KEY_MAX];
	struct membership *unlisted; /* what the rows of rooms on disk lack */
	uint64_t past_last;          /* first row of the membership that ended last */
	struct inbox *inbox;         /* once it was asked for */
};

struct membership {
	struct row base;
	struct room *room;
	struct member *member;
	struct row_membership row; /* name and avatar borrow from text */
	char *text;
	uint64_t own_row;                                 /* first row of the last ROW_OWN */
	bool indexed;                                     /* its rows beside its own are given */
	bool unlisted;                                    /* they have not landed */
	struct membership *unlisted_prev, *unlisted_next; /* room->unlisted */
	struct membership *room_prev, *room_next;         /* room->memberships */
	struct membership *member_prev, *member_next;     /* member->unlisted */
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
	struct row_room row; /* id borrows from id_key, name from name */
	uint8_t id_key[ID_KEY_MAX];
	char *name;
	struct recent recent; /* idempotency keys of the last messages, once it was posted to */
	struct key_places key_places; /* of older ones */
	struct membership *memberships;
	bool all_members;
	struct membership *unlisted; /* what the rows of ids on disk lack */
	struct block *tail;          /* where the next message goes, once it was looked for */
	struct block *blocks;
};

struct tenant {
	UT_hash_handle by_no;
	UT_hash_handle by_id;
	uint32_t no;
	struct span id;
	char *text;
	struct row_tenant row;
	bool dirty, in_flight;                      /* the row; either: */
	struct tenant *changed_prev, *changed_next; /* in core.changed_tenants */
};

/* Members whose inboxes are being read (inbox.c). */
#define INBOX_HOLDS 8
struct inbox_holds {
	struct member *members[INBOX_HOLDS];
	unsigned next;
};

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
	struct tenant *tenants_by_no, *tenants_by_id;
	struct tenant *changed_tenants;
	uint64_t rooms_refused, members_refused; /* for want of a number */
	struct member *members_by_id;
	struct room *rooms_by_id;
	struct activity activity;
	struct inbox_holds inboxes;
	struct buf scratch;
	struct buf scan;
};

enum { KIND_MEMBER, KIND_ROOM, KIND_MEMBERSHIP, KIND_BLOCK, KIND_KEYS };
extern const struct row_kind member_kind, room_kind, membership_kind, block_kind;

void tables_init(struct core *, struct core_rows);
void tables_free(struct core *);

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
/* Makes every membership of the room resident. The list may hold tombstones. */
enum parlor_err tables_load_members(struct core *, struct room *) PARLOR_MUST_CHECK;

/* Adding: the caller has made sure that there is none. */
enum parlor_err tables_add_tenant(struct core *, uint32_t no, struct span id,
				  struct tenant **) PARLOR_MUST_CHECK;
/* Its row has changed, and is written with the next slice. */
void tables_touch_tenant(struct core *, struct tenant *);
struct member *tables_add_member(struct core *, uint64_t no, const struct row_member *);
struct room *tables_add_room(struct core *, uint64_t no, const struct row_room *);
/* Revives a tombstone when there is one. */
struct membership *tables_add_membership(struct core *, struct room *, struct member *,
					 const struct row_membership *);
void tables_new_name(struct core *, char kind, uint32_t tenant, struct span id, uint64_t number);

void tables_set_room_name(struct core *, struct room *, struct span name);
void tables_set_profile(struct core *, struct membership *, struct span name, struct span avatar);

/* Every so many own counted messages have a row, so that counting those up to a
 * seq begins near it. ms: NULL when the member has left. */
void tables_new_own(struct core *, const struct record *, struct membership *);
/* The seq of the first of these messages behind seq; 0: there is none. */
enum parlor_err tables_own_behind(struct core *, const struct membership *, uint64_t seq,
				  uint64_t *behind) PARLOR_MUST_CHECK;

/* The membership has changed: joined, left, read or posted. */
void tables_tell_inbox(struct core *, const struct membership *);
void tables_drop_inbox(struct member *);
void tables_resize_member(struct core *, struct member *);

/* Changed: to be written back. */
void tables_touch_room(struct core *, struct room *);
void tables_touch_member(struct core *, struct member *);
void tables_touch_membership(struct core *, struct membership *);
void tables_remove_membership(struct core *, struct membership *, uint64_t position);

/* The block, read when it is not resident; an empty one when there is none. */
enum parlor_err tables_block(struct core *, struct room *, uint64_t no,
			     struct block **) PARLOR_MUST_CHECK;
/* Without looking: no row can hold it yet. */
struct block *tables_add_block(struct core *, struct room *, uint64_t no);
/* Its bytes have changed. */
void tables_touch_block(struct core *, struct block *);
/* NULL: it is not resident. */
const struct block *tables_resident_block(const struct core *, uint64_t room, uint64_t no);
/* The one that the next message goes into; it stays. */
void tables_set_tail(struct core *, struct room *, struct block *);
/* Bytes of the room beside its row, after its name or its recent keys have changed. */
void tables_resize_room(struct core *, struct room *);

#endif
