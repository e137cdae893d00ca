#include "fold.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A key of up to three texts, each with its NUL, which no text holds. */
static void put_key(struct fold *fold, const char *a, const char *b, const char *c)
{
	buf_clear(&fold->key);
	buf_put(&fold->key, a, strlen(a) + 1);
	buf_put(&fold->key, b, strlen(b) + 1);
	buf_put(&fold->key, c, strlen(c) + 1);
}

/* A zeroed entry of `size` bytes with the key behind it. */
static void *new_entry(const struct fold *fold, size_t size)
{
	char *entry = mem_new(size + fold->key.len);
	memcpy(entry + size, fold->key.data, fold->key.len);
	return entry;
}

static struct fold_room *room_of(struct fold *fold, const Parlor__SyncRecord *r)
{
	struct fold_room *room;
	put_key(fold, r->tenant, r->event->room, "");
	HASH_FIND(hh, fold->rooms, fold->key.data, fold->key.len, room);
	if (!room) {
		room = new_entry(fold, sizeof *room);
		room->tenant = r->tenant;
		room->room = r->event->room;
		HASH_ADD_KEYPTR(hh, fold->rooms, room + 1, fold->key.len, room);
	}
	if (r->counted)
		room->counted = r->counted;
	if (r->members > room->members)
		room->members = r->members;
	room->time_us = r->event->time_us;
	room->position = r->event->position;
	return room;
}

static struct fold_membership *membership_of(struct fold *fold, struct fold_room *room,
					     const char *member)
{
	struct fold_membership *membership;
	put_key(fold, room->tenant, room->room, member);
	HASH_FIND(hh, fold->memberships, fold->key.data, fold->key.len, membership);
	if (!membership) {
		membership = new_entry(fold, sizeof *membership);
		membership->room = room;
		membership->member = member;
		membership->name = membership->avatar = "";
		membership->next = room->memberships;
		room->memberships = membership;
		HASH_ADD_KEYPTR(hh, fold->memberships, membership + 1, fold->key.len, membership);
	}
	return membership;
}

static void fold_profile(struct fold *fold, const Parlor__SyncRecord *r,
			 const Parlor__MemberSpec *spec)
{
	struct fold_profile *profile;
	put_key(fold, r->tenant, spec->member, "");
	HASH_FIND(hh, fold->profiles, fold->key.data, fold->key.len, profile);
	if (!profile) {
		profile = new_entry(fold, sizeof *profile);
		profile->tenant = r->tenant;
		profile->member = spec->member;
		profile->name = profile->avatar = "";
		HASH_ADD_KEYPTR(hh, fold->profiles, profile + 1, fold->key.len, profile);
	}
	/* A room that knows no name does not take away what another told. */
	if (*spec->name)
		profile->name = spec->name;
	if (*spec->avatar)
		profile->avatar = spec->avatar;
	profile->position = r->event->position;
}

static bool add_boot(struct fold *fold, const Parlor__SyncRecord *r)
{
	struct fold_presence *p;
	struct fold_presence *next;
	fold->boot_position = r->event->position;
	fold->boot_us = r->event->time_us;
	HASH_ITER (hh, fold->presences, p, next) {
		if (p->presence == PARLOR__PRESENCE__PRESENCE_OFFLINE)
			continue;
		p->presence = PARLOR__PRESENCE__PRESENCE_OFFLINE;
		p->last_seen_us = r->event->time_us;
		p->position = r->event->position;
	}
	return true;
}

static bool add_presence(struct fold *fold, const Parlor__SyncRecord *r)
{
	struct fold_presence *p;
	if (r->event->kind_case != PARLOR__EVENT__KIND_PRESENCE)
		return false;
	const Parlor__MemberPresence *told = r->event->presence;
	put_key(fold, r->tenant, told->member, "");
	HASH_FIND(hh, fold->presences, fold->key.data, fold->key.len, p);
	if (!p) {
		p = new_entry(fold, sizeof *p);
		p->tenant = r->tenant;
		p->member = told->member;
		HASH_ADD_KEYPTR(hh, fold->presences, p + 1, fold->key.len, p);
	}
	p->presence = (int)told->presence;
	p->last_seen_us = told->last_seen_us;
	p->position = r->event->position;
	return true;
}

static void dissolve(struct fold_room *room)
{
	room->dissolved = true;
	for (struct fold_membership *membership = room->memberships; membership;
	     membership = membership->next)
		membership->state = FOLD_MEMBERSHIP_LEFT;
}

/* Created, renamed, closed, reopened, dissolved: the event tells all of it. */
static bool add_room_change(struct fold *fold, const Parlor__SyncRecord *r)
{
	if (r->event->kind_case != PARLOR__EVENT__KIND_ROOM_CHANGED)
		return false;
	const Parlor__RoomChanged *told = r->event->room_changed;
	struct fold_room *room = room_of(fold, r);
	room->changed = true;
	room->name = told->name;
	room->state = (int)told->state;
	room->history_open = told->history_open;
	if (r->kind == PARLOR__RECORD_KIND__RECORD_ROOM_CREATED) {
		room->created = true;
		room->created_us = r->event->time_us;
	}
	if (r->kind == PARLOR__RECORD_KIND__RECORD_ROOM_RENAMED)
		room->renamed = true;
	if (told->state == PARLOR__ROOM_STATE__ROOM_DISSOLVED)
		dissolve(room);
	return true;
}

static void set_profile(struct fold_membership *membership, const Parlor__MemberSpec *spec)
{
	membership->profile_set = true;
	membership->type = (int)spec->type;
	membership->name = spec->name;
	membership->avatar = spec->avatar;
}

static bool add_joined(struct fold *fold, const Parlor__SyncRecord *r)
{
	if (r->event->kind_case != PARLOR__EVENT__KIND_JOINED)
		return false;
	const Parlor__MemberSpec *spec = r->event->joined;
	struct fold_membership *membership = membership_of(fold, room_of(fold, r), spec->member);
	membership->state = FOLD_MEMBERSHIP_JOINED;
	set_profile(membership, spec);
	membership->seen_set = membership->read_set = true;
	membership->seen = r->seen;
	membership->read_seq = r->read_seq;
	membership->joined_seq = r->read_seq; /* who joins has read all there is */
	membership->joined_us = r->event->time_us;
	fold_profile(fold, r, spec);
	return true;
}

static bool add_left(struct fold *fold, const Parlor__SyncRecord *r)
{
	if (r->event->kind_case != PARLOR__EVENT__KIND_LEFT)
		return false;
	membership_of(fold, room_of(fold, r), r->event->left->member)->state = FOLD_MEMBERSHIP_LEFT;
	return true;
}

static bool add_member_changed(struct fold *fold, const Parlor__SyncRecord *r)
{
	if (r->event->kind_case != PARLOR__EVENT__KIND_MEMBER_CHANGED)
		return false;
	const Parlor__MemberSpec *spec = r->event->member_changed;
	set_profile(membership_of(fold, room_of(fold, r), spec->member), spec);
	fold_profile(fold, r, spec);
	return true;
}

static struct fold_message *new_message(struct fold *fold)
{
	if (fold->messages_len == fold->messages_cap) {
		fold->messages_cap = fold->messages_cap ? 2 * fold->messages_cap : 64;
		fold->messages =
			mem_resize(fold->messages, fold->messages_cap, sizeof *fold->messages);
	}
	return &fold->messages[fold->messages_len++];
}

static bool add_posted(struct fold *fold, const Parlor__SyncRecord *r)
{
	if (r->event->kind_case != PARLOR__EVENT__KIND_POSTED)
		return false;
	const Parlor__Message *m = r->event->posted;
	struct fold_room *room = room_of(fold, r);
	room->posted = true;
	room->last_seq = m->seq;
	*new_message(fold) = (struct fold_message){.room = room,
						   .message = m,
						   .position = r->event->position,
						   .time_us = r->event->time_us,
						   .recalled = m->recalled};
	/* Only a member's own counted message moves its `seen`, and never to 0;
	 * for the system, or a notice in a stranger's name, there is no row. */
	if (!*m->sender || !r->seen)
		return true;
	struct fold_membership *membership = membership_of(fold, room, m->sender);
	membership->seen_set = true;
	membership->seen = r->seen;
	return true;
}

static bool add_recalled(struct fold *fold, const Parlor__SyncRecord *r)
{
	if (r->event->kind_case != PARLOR__EVENT__KIND_RECALLED)
		return false;
	uint64_t seq = r->event->recalled->seq;
	const struct fold_room *room = room_of(fold, r);
	for (size_t i = fold->messages_len; i > 0; i--) {
		struct fold_message *m = &fold->messages[i - 1];
		if (m->room != room || m->message->seq != seq)
			continue;
		m->recalled = true;
		return true;
	}
	if (fold->recalls_len == fold->recalls_cap) {
		fold->recalls_cap = fold->recalls_cap ? 2 * fold->recalls_cap : 16;
		fold->recalls = mem_resize(fold->recalls, fold->recalls_cap, sizeof *fold->recalls);
	}
	fold->recalls[fold->recalls_len++] = (struct fold_recall){room, seq};
	return true;
}

static bool add_read(struct fold *fold, const Parlor__SyncRecord *r)
{
	if (r->event->kind_case != PARLOR__EVENT__KIND_READ)
		return false;
	struct fold_membership *membership =
		membership_of(fold, room_of(fold, r), r->event->read->member);
	membership->seen_set = membership->read_set = true;
	membership->seen = r->seen;
	membership->read_seq = r->read_seq;
	return true;
}

typedef bool add_fn(struct fold *, const Parlor__SyncRecord *);

static add_fn *const adders[] = {
	[PARLOR__RECORD_KIND__RECORD_BOOT] = add_boot,
	[PARLOR__RECORD_KIND__RECORD_ROOM_CREATED] = add_room_change,
	[PARLOR__RECORD_KIND__RECORD_ROOM_RENAMED] = add_room_change,
	[PARLOR__RECORD_KIND__RECORD_ROOM_STATE] = add_room_change,
	[PARLOR__RECORD_KIND__RECORD_JOINED] = add_joined,
	[PARLOR__RECORD_KIND__RECORD_LEFT] = add_left,
	[PARLOR__RECORD_KIND__RECORD_MEMBER_CHANGED] = add_member_changed,
	[PARLOR__RECORD_KIND__RECORD_POSTED] = add_posted,
	[PARLOR__RECORD_KIND__RECORD_RECALLED] = add_recalled,
	[PARLOR__RECORD_KIND__RECORD_READ] = add_read,
	[PARLOR__RECORD_KIND__RECORD_PRESENCE] = add_presence,
};

bool fold_add(struct fold *fold, const Parlor__SyncRecord *r)
{
	size_t kind = (size_t)r->kind;
	if (!r->event || kind >= sizeof adders / sizeof adders[0] || !adders[kind])
		return false;
	return adders[kind](fold, r);
}

static int profile_order(const struct fold_profile *a, const struct fold_profile *b)
{
	int order = strcmp(a->tenant, b->tenant);
	return order ? order : strcmp(a->member, b->member);
}

static int presence_order(const struct fold_presence *a, const struct fold_presence *b)
{
	int order = strcmp(a->tenant, b->tenant);
	return order ? order : strcmp(a->member, b->member);
}

void fold_sort(struct fold *fold)
{
	HASH_SORT(fold->profiles, profile_order);
	HASH_SORT(fold->presences, presence_order);
}

void fold_fini(struct fold *fold)
{
	struct fold_room *room, *next_room;
	struct fold_membership *membership, *next_membership;
	struct fold_profile *profile, *next_profile;
	struct fold_presence *presence, *next_presence;
	HASH_ITER (hh, fold->memberships, membership, next_membership) {
		HASH_DEL(fold->memberships, membership);
		free(membership);
	}
	HASH_ITER (hh, fold->rooms, room, next_room) {
		HASH_DEL(fold->rooms, room);
		free(room);
	}
	HASH_ITER (hh, fold->profiles, profile, next_profile) {
		HASH_DEL(fold->profiles, profile);
		free(profile);
	}
	HASH_ITER (hh, fold->presences, presence, next_presence) {
		HASH_DEL(fold->presences, presence);
		free(presence);
	}
	free(fold->messages);
	free(fold->recalls);
	buf_fini(&fold->key);
	*fold = (struct fold){0};
}

const char *fold_record_room(const Parlor__SyncRecord *r)
{
	return r->event ? r->event->room : "";
}
