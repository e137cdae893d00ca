#include "census.h"

#include "mend.h"

#include "base/mem.h"
#include "core/core.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

static void put_key(struct census *c, const void *head, size_t head_len, const char *tail)
{
	buf_clear(&c->key);
	buf_put(&c->key, head, head_len);
	buf_put(&c->key, tail, strlen(tail) + 1);
}

/* ---- ids and texts ------------------------------------------------------------- */

static void judge_id(struct census *c, const struct mend_id *id, const char *what)
{
	if (id->invalid)
		findings_add(c->findings, FINDING_invalid_id, "%s, now %s", what, id->text);
	else if (id->too_long)
		findings_add(c->findings, FINDING_long_id, "%s, now %s", what, id->text);
}

/* Replaces *text by what the row says, unless that is nothing. */
static void set_text(struct census *c, char **text, struct span raw, size_t max,
		     enum finding too_long)
{
	struct buf mended = {0};
	if (!raw.len)
		return;
	struct mend_text found = mend_text(&mended, raw, max);
	char *valid = mem_text(mended.data, mended.len);
	if (found.invalid)
		findings_add(c->findings, FINDING_invalid_text, "%s", valid);
	if (found.cut)
		findings_add(c->findings, too_long, "%s", valid);
	/* A piece of an address leads nowhere. */
	if (found.cut && too_long == FINDING_long_avatar)
		valid[0] = '\0';
	free(*text);
	*text = valid;
	buf_fini(&mended);
}

/* ---- rooms and memberships --------------------------------------------------------------- */

static struct census_room *new_room(struct census *c, const struct mend_id *tenant,
				    const struct mend_id *id)
{
	struct census_room *room = mem_new(sizeof *room);
	room->tenant = mem_text(c->key.data, c->key.len);
	room->id = room->tenant + strlen(room->tenant) + 1;
	room->name = mem_text("", 0);
	HASH_ADD_KEYPTR(hh, c->rooms, room->tenant, c->key.len, room);
	judge_id(c, tenant, "a tenant");
	judge_id(c, id, "a room");
	return room;
}

static struct census_room *room_of(struct census *c, const struct legacy_row *row, bool add)
{
	struct mend_id tenant, id;
	struct census_room *room;
	mend_id(&tenant, row->tenant);
	mend_id(&id, row->room);
	if (id.empty)
		return NULL;
	const char *name = tenant.empty ? c->tenant : tenant.text;
	put_key(c, name, strlen(name) + 1, id.text);
	HASH_FIND(hh, c->rooms, c->key.data, c->key.len, room);
	return room || !add ? room : new_room(c, &tenant, &id);
}

struct census_room *census_room_of(struct census *c, const struct legacy_row *row)
{
	return room_of(c, row, false);
}

struct census_membership *census_membership_of(struct census *c, const struct census_room *room,
					       const char *member)
{
	struct census_membership *membership;
	put_key(c, &room, sizeof room, member);
	HASH_FIND(hh, c->memberships, c->key.data, c->key.len, membership);
	return membership;
}

/* As a key behind the room's address: what the tables took for equal. */
static void note_alike(struct census *c, struct census_membership *membership)
{
	struct census_membership *other;
	size_t at = sizeof membership->room;
	buf_clear(&c->key);
	buf_put(&c->key, &membership->room, sizeof membership->room);
	for (const char *s = membership->member; *s; s++)
		buf_put_u8(&c->key, (uint8_t)tolower((unsigned char)*s));
	while (c->key.len > at && c->key.data[c->key.len - 1] == ' ')
		c->key.len--;
	HASH_FIND(hh_folded, c->folded, c->key.data, c->key.len, other);
	if (other) {
		findings_add(c->findings, FINDING_alike_ids, "room %s: '%s' and '%s'",
			     membership->room->id, other->member, membership->member);
		return;
	}
	membership->folded = mem_text(c->key.data, c->key.len);
	HASH_ADD_KEYPTR(hh_folded, c->folded, membership->folded, c->key.len, membership);
}

static struct census_membership *new_membership(struct census *c, struct census_room *room,
						const struct mend_id *id)
{
	struct census_membership *membership = mem_new(sizeof *membership);
	put_key(c, &room, sizeof room, id->text);
	char *key = mem_text(c->key.data, c->key.len);
	membership->room = room;
	membership->member = key + sizeof room;
	membership->name = mem_text("", 0);
	membership->avatar = mem_text("", 0);
	HASH_ADD_KEYPTR(hh, c->memberships, key, c->key.len, membership);
	room->memberships++;
	judge_id(c, id, "a member");
	note_alike(c, membership);
	return membership;
}

/* NULL: the row is left out. */
static struct census_membership *membership_of(struct census *c, const struct legacy_row *row,
					       const char *table)
{
	struct mend_id id;
	struct census_room *room = room_of(c, row, true);
	mend_id(&id, row->member);
	if (!room)
		findings_add(c->findings, FINDING_empty_room, "%s: member %s", table, id.text);
	else if (id.empty)
		findings_add(c->findings, FINDING_empty_member, "%s: room %s", table, room->id);
	if (!room || id.empty)
		return NULL;
	struct census_membership *membership = census_membership_of(c, room, id.text);
	return membership ? membership : new_membership(c, room, &id);
}

/* ---- rows ------------------------------------------------------------------------------ */

/* The row's time, no later than now; 0: it has none. */
static uint64_t time_of(struct census *c, const struct legacy_row *row, const char *what)
{
	if (!row->timed)
		return 0;
	uint64_t time_us = row->time_us;
	if (time_us > c->now_us) {
		findings_add(c->findings, FINDING_future_time, "%s", what);
		time_us = c->now_us;
	}
	if (!c->first_us || time_us < c->first_us)
		c->first_us = time_us;
	return time_us;
}

static void set_joined(struct census *c, struct census_membership *membership,
		       const struct legacy_row *row)
{
	uint64_t time_us = time_of(c, row, membership->room->id);
	if (!time_us || (membership->timed && membership->joined_us <= time_us))
		return;
	membership->timed = true;
	membership->joined_us = time_us;
}

static uint8_t type_of(struct census *c, const struct census_membership *membership,
		       const struct legacy_row *row)
{
	if (row->type == MEMBER_TYPE_MANAGER || row->type == MEMBER_TYPE_MEMBER)
		return (uint8_t)row->type;
	findings_add(c->findings, FINDING_member_type, "room %s member %s: %" PRId64,
		     membership->room->id, membership->member, row->type);
	return MEMBER_TYPE_MEMBER;
}

static void set_unread(struct census *c, struct census_membership *membership, int64_t unread)
{
	if (unread < 0)
		findings_add(c->findings, FINDING_negative_unread, "room %s member %s: %" PRId64,
			     membership->room->id, membership->member, unread);
	else if ((uint64_t)unread > membership->unread)
		membership->unread = (uint64_t)unread;
}

static void set_room_name(struct census *c, struct census_room *room, const struct legacy_row *row)
{
	char *before = mem_text(room->name, strlen(room->name));
	set_text(c, &room->name, row->name, core_limits_default.name_bytes, FINDING_long_name);
	if (*before && strcmp(before, room->name) != 0 && !room->names_differ) {
		room->names_differ = true;
		findings_add(c->findings, FINDING_names_differ, "room %s: '%s' and '%s'", room->id,
			     before, room->name);
	}
	free(before);
}

void census_group(void *census, const struct legacy_row *row)
{
	struct census *c = census;
	struct census_membership *membership = membership_of(c, row, "chat_group");
	if (!membership)
		return;
	uint8_t type = type_of(c, membership, row);
	if (membership->in_group)
		findings_add(c->findings, FINDING_duplicate_group,
			     "room %s member %s: unread %" PRIu64 " and %" PRId64,
			     membership->room->id, membership->member, membership->unread,
			     row->unread);
	/* Who manages once manages. */
	if (!membership->in_group || type < membership->type)
		membership->type = type;
	membership->in_group = true;
	set_room_name(c, membership->room, row);
	set_unread(c, membership, row->unread);
	set_joined(c, membership, row);
}

void census_member(void *census, const struct legacy_row *row)
{
	struct census *c = census;
	struct census_membership *membership = membership_of(c, row, "group_member");
	if (!membership)
		return;
	uint8_t type = type_of(c, membership, row);
	if (membership->in_member)
		findings_add(c->findings, FINDING_duplicate_member, "room %s member %s",
			     membership->room->id, membership->member);
	else if (membership->in_group && type != membership->type)
		findings_add(c->findings, FINDING_types_differ, "room %s member %s: %u and %u",
			     membership->room->id, membership->member, membership->type, type);
	if (!membership->in_group && (!membership->in_member || type < membership->type))
		membership->type = type;
	membership->in_member = true;
	set_text(c, &membership->name, row->name, core_limits_default.name_bytes,
		 FINDING_long_name);
	set_text(c, &membership->avatar, row->avatar, core_limits_default.avatar_bytes,
		 FINDING_long_avatar);
	set_joined(c, membership, row);
}

void census_sender(void *census, const struct legacy_row *row)
{
	struct census *c = census;
	struct mend_id id;
	struct census_room *room = room_of(c, row, true);
	mend_id(&id, row->member);
	if (!room) {
		findings_add(c->findings, FINDING_empty_room, "group_message: sender %s", id.text);
		return;
	}
	uint64_t time_us = time_of(c, row, room->id);
	room->messages++;
	if (time_us && (!room->first_us || time_us < room->first_us))
		room->first_us = time_us;
	struct census_membership *membership =
		id.empty ? NULL : census_membership_of(c, room, id.text);
	if (!membership || (membership->spoke && membership->spoke_us <= time_us))
		return;
	membership->spoke = true;
	membership->spoke_us = time_us;
}

/* ---- all of them ------------------------------------------------------------------------- */

static void settle_joining(struct census *c, struct census_membership *membership)
{
	const struct census_room *room = membership->room;
	if (!membership->timed)
		membership->joined_us = room->first_us;
	if (membership->joined_us < c->first_us)
		membership->joined_us = c->first_us;
	uint64_t spoke_us = membership->spoke_us > c->first_us ? membership->spoke_us : c->first_us;
	if (!membership->spoke || spoke_us >= membership->joined_us)
		return;
	findings_add(c->findings, FINDING_spoke_before_joining, "room %s member %s", room->id,
		     membership->member);
	membership->joined_us = spoke_us;
}

static int by_time(const struct census_membership *a, const struct census_membership *b)
{
	return (a->joined_us > b->joined_us) - (a->joined_us < b->joined_us);
}

void census_finish(struct census *c)
{
	struct census_membership *membership, *next_membership;
	struct census_room *room, *next_room;
	if (!c->first_us)
		c->first_us = c->now_us;
	HASH_ITER (hh, c->memberships, membership, next_membership) {
		settle_joining(c, membership);
		c->memberships_sum++;
		c->unread += membership->unread;
		if (!membership->in_member)
			findings_add(c->findings, FINDING_only_in_chat_group, "room %s member %s",
				     membership->room->id, membership->member);
		if (!membership->in_group)
			findings_add(c->findings, FINDING_only_in_group_member, "room %s member %s",
				     membership->room->id, membership->member);
	}
	HASH_ITER (hh, c->rooms, room, next_room)
		if (!room->memberships)
			findings_add(c->findings, FINDING_orphan_room,
				     "room %s: %" PRIu64 " messages", room->id, room->messages);
	HASH_SORT(c->memberships, by_time);
}

uint64_t census_time(const struct census *c, const struct legacy_row *row)
{
	uint64_t time_us = row->timed && row->time_us > c->first_us ? row->time_us : c->first_us;
	return time_us < c->now_us ? time_us : c->now_us;
}

void census_fini(struct census *c)
{
	struct census_membership *membership, *next_membership;
	struct census_room *room, *next_room;
	HASH_CLEAR(hh_folded, c->folded);
	HASH_ITER (hh, c->memberships, membership, next_membership) {
		HASH_DEL(c->memberships, membership);
		free(membership->member - sizeof membership->room);
		free(membership->name);
		free(membership->avatar);
		free(membership->folded);
		free(membership);
	}
	HASH_ITER (hh, c->rooms, room, next_room) {
		HASH_DEL(c->rooms, room);
		free(room->tenant);
		free(room->name);
		free(room);
	}
	buf_fini(&c->key);
}
