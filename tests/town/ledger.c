#include "ledger.h"

#include "event/event.h"

#include "base/mem.h"
#include "want.h"

#include <stdlib.h>
#include <string.h>

void ledger_init(struct ledger *l, struct chance *chance)
{
	*l = (struct ledger){.chance = chance};
}

void ledger_fini(struct ledger *l)
{
	for (uint64_t i = 0; i < l->len; i++)
		free((void *)(uintptr_t)l->entries[i].head.data);
	free(l->entries);
}

static void copy_id(char *to, size_t size, struct span text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;
	memcpy(to, text.data, len);
	to[len] = '\0';
}

static void copy(char to[NAME_BYTES], struct span text)
{
	copy_id(to, NAME_BYTES, text);
}

/* The body in the bytes of a Message: its field 7. */
static void copy_body(char to[NAME_BYTES], struct span event)
{
	struct span message;
	struct reader in;
	uint64_t time_us;
	to[0] = '\0';
	if (!event_message(event, &message, &time_us))
		return;
	reader_init(&in, message.data, message.len);
	while (reader_left(&in) && !in.bad) {
		uint64_t tag = reader_varint(&in);
		if ((tag & 7) != 2) {
			(void)reader_varint(&in);
			continue;
		}
		struct span value = reader_span(&in);
		if (tag >> 3 == 7)
			copy(to, value);
	}
}

static void name(struct ledger *l, const struct record *r)
{
	if (r->kind == RECORD_TENANT)
		copy(l->tenants[r->tenant - 1], r->tenant_id);
	if (r->kind == RECORD_ROOM_CREATED) {
		WANT_SAME(l->chance, r->room, ++l->rooms_len);
		WANT(l->chance, l->rooms_len <= LEDGER_ROOMS, "too many rooms");
		l->rooms[r->room - 1].tenant = r->tenant;
		copy_id(l->rooms[r->room - 1].id, ID_BYTES, r->room_id);
	}
	if (r->kind == RECORD_MEMBER) {
		WANT_SAME(l->chance, r->member, ++l->members_len);
		WANT(l->chance, l->members_len <= LEDGER_MEMBERS, "too many members");
		l->members[r->member - 1].tenant = r->tenant;
		copy_id(l->members[r->member - 1].id, ID_BYTES, r->member_id);
	}
}

/* Dense from 1, in the room's own order. */
static void check_seq(struct ledger *l, const struct ledger_entry *f)
{
	struct as_of before;
	ledger_at(l, f->room, f->position - 1, &before);
	WANT_SAME(l->chance, f->seq, before.last_seq + 1);
}

static void mark_recalled(struct ledger *l, const struct ledger_entry *f)
{
	for (uint64_t i = 0; i < l->len; i++)
		if (l->entries[i].kind == RECORD_POSTED && l->entries[i].room == f->room &&
		    l->entries[i].seq == f->seq)
			l->entries[i].recalled = f->position;
}

static void values(struct ledger_entry *f, const struct record *r)
{
	switch (r->kind) {
	case RECORD_POSTED:
		f->seq = r->posted.seq;
		f->type = r->posted.type;
		break;
	case RECORD_ASSIGNED:
		f->seq = r->conversation.stint_n;
		break;
	case RECORD_RECALLED:
		f->seq = r->recalled.seq;
		break;
	case RECORD_JOINED:
		f->read_seq = r->membership.counts.read_seq;
		f->type = r->membership.type;
		break;
	case RECORD_MEMBER_CHANGED:
		f->type = r->membership.type;
		break;
	case RECORD_READ:
		f->read_seq = r->read.counts.read_seq;
		break;
	case RECORD_ROOM_STATE:
		f->type = r->room_is.state;
		break;
	case RECORD_PRESENCE:
		f->type = r->presence.now;
		break;
	default:
		break;
	}
}

static void add(struct ledger *l, const struct entry *e)
{
	struct record r;
	WANT_SAME(l->chance, record_decode(&r, e->head.data, e->head.len), PARLOR_E_OK);
	WANT_SAME(l->chance, r.position, l->len + 1);
	if (l->len == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		l->entries = mem_resize(l->entries, l->cap, sizeof *l->entries);
	}
	struct ledger_entry *f = &l->entries[l->len];
	*f = (struct ledger_entry){.kind = r.kind,
				   .tenant = r.tenant,
				   .room = r.room,
				   .member = r.member,
				   .position = r.position};
	values(f, &r);
	name(l, &r);
	if (r.kind == RECORD_ROOM_CREATED || r.kind == RECORD_ROOM_RENAMED)
		copy(f->body, r.room_is.name);
	if (r.kind == RECORD_POSTED) {
		copy_body(f->body, e->event);
		check_seq(l, f);
	}
	if (r.kind == RECORD_RECALLED)
		mark_recalled(l, f);
	if (r.kind >= RECORD_DESK_CLOCK)
		f->head = (struct span){mem_text(e->head.data, e->head.len), e->head.len};
	l->len++;
}

void ledger_read(struct ledger *l, struct store *store)
{
	while (l->len < store_last(store)) {
		struct entry e;
		WANT_SAME(l->chance, store_read(store, l->len + 1, &e), PARLOR_E_OK);
		add(l, &e);
	}
	WANT_SAME(l->chance, store_last(store), l->len);
}

void ledger_check_recalled(const struct ledger *l, struct store *store)
{
	for (uint64_t i = 0; i < l->len; i++) {
		struct entry e;
		char body[NAME_BYTES];
		if (!l->entries[i].recalled || store_read(store, i + 1, &e))
			continue;
		copy_body(body, e.event);
		WANT(l->chance, !*body, "%s was recalled", body);
	}
}

static void take(struct as_of *a, const struct ledger_entry *f)
{
	struct ledger_member *m = &a->members[f->member];
	switch (f->kind) {
	case RECORD_POSTED:
		a->last_seq = f->seq;
		a->counted += f->type == MESSAGE_TYPE_MESSAGE;
		break;
	case RECORD_JOINED:
		*m = (struct ledger_member){.in = true, .type = f->type, .read_seq = f->read_seq};
		break;
	case RECORD_LEFT:
		m->in = false;
		break;
	case RECORD_MEMBER_CHANGED:
		m->type = f->type;
		break;
	case RECORD_READ:
		m->read_seq = f->read_seq;
		break;
	case RECORD_ROOM_CREATED:
	case RECORD_ROOM_RENAMED:
		memcpy(a->name, f->body, sizeof a->name);
		break;
	case RECORD_ROOM_STATE:
		a->state = f->type;
		for (size_t i = 0; i <= LEDGER_MEMBERS && a->state == ROOM_STATE_DISSOLVED; i++)
			a->members[i].in = false;
		break;
	default:
		break;
	}
}

void ledger_at(const struct ledger *l, uint64_t room, uint64_t position, struct as_of *a)
{
	*a = (struct as_of){.state = ROOM_STATE_OPEN};
	for (uint64_t i = 0; i < position && i < l->len; i++)
		if (l->entries[i].room == room)
			take(a, &l->entries[i]);
}

const struct ledger_entry *ledger_message(const struct ledger *l, uint64_t room, uint64_t position,
					  const struct ledger_entry *before)
{
	uint64_t at = before ? before->position : 0;
	for (; at < position && at < l->len; at++)
		if (l->entries[at].kind == RECORD_POSTED && l->entries[at].room == room)
			return &l->entries[at];
	return NULL;
}

uint64_t ledger_unread(const struct ledger *l, uint64_t room, uint64_t position, uint64_t member,
		       const struct as_of *a)
{
	uint64_t unread = 0;
	for (const struct ledger_entry *m = NULL; (m = ledger_message(l, room, position, m));)
		unread += m->type == MESSAGE_TYPE_MESSAGE && m->member != member &&
			  m->seq > a->members[member].read_seq;
	return unread;
}
