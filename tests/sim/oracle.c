/* The model itself: what there is, and what is counted from it. */
#include "oracle.h"

#include "oracle_parts.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void oracle_init(struct oracle *o, const struct core_limits *limits)
{
	*o = (struct oracle){.limits = limits};
	assert(limits->tenants <= O_TENANTS && limits->members <= O_MEMBERS &&
	       limits->rooms <= O_ROOMS && limits->request_members <= O_SPECS &&
	       limits->mentions <= O_MENTIONS);
}

void oracle_fini(struct oracle *o)
{
	free(o->messages);
	free(o->past);
}

void oracle_copy(struct oracle *to, const struct oracle *from)
{
	struct o_message *messages = to->messages;
	struct o_past *past = to->past;
	if (to->messages_cap < from->messages_cap)
		messages = mem_resize(messages, from->messages_cap, sizeof *messages);
	if (to->past_cap < from->past_cap)
		past = mem_resize(past, from->past_cap, sizeof *past);
	size_t messages_cap =
		to->messages_cap > from->messages_cap ? to->messages_cap : from->messages_cap;
	size_t past_cap = to->past_cap > from->past_cap ? to->past_cap : from->past_cap;
	size_t rooms = (size_t)from->rooms_len * sizeof *from->rooms;
	memcpy(to, from, offsetof(struct oracle, rooms));
	memcpy(to->rooms, from->rooms, rooms);
	to->rooms_len = from->rooms_len;
	to->messages = messages;
	to->messages_cap = messages_cap;
	to->messages_len = from->messages_len;
	to->past = past;
	to->past_cap = past_cap;
	to->past_len = from->past_len;
	if (from->messages_len)
		memcpy(messages, from->messages, from->messages_len * sizeof *messages);
	if (from->past_len)
		memcpy(past, from->past, from->past_len * sizeof *past);
}

void oracle_restart(struct oracle *o)
{
	o->now_us = o->record_us;
}

/* ---- texts ------------------------------------------------------------------- */

struct span o_span(const struct o_text *t)
{
	return (struct span){t->at, t->len};
}

struct span o_label_span(const struct o_label *l)
{
	return (struct span){l->at, l->len};
}

struct o_text o_text(struct span s)
{
	struct o_text t = {.len = s.len};
	assert(s.len <= sizeof t.at);
	if (s.len)
		memcpy(t.at, s.data, s.len);
	return t;
}

struct o_label o_label(struct span s)
{
	struct o_label l = {.len = (uint8_t)s.len};
	assert(s.len <= sizeof l.at);
	if (s.len)
		memcpy(l.at, s.data, s.len);
	return l;
}

bool o_same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ---- finding and counting ----------------------------------------------------- */

int oracle_tenant(const struct oracle *o, struct span id)
{
	for (int i = 0; i < o->tenants_len; i++)
		if (o_same(o_span(&o->tenants[i]), id))
			return i;
	return -1;
}

int oracle_member(const struct oracle *o, int tenant, struct span id)
{
	for (int i = 0; i < o->members_len; i++)
		if (o->members[i].tenant == tenant && o_same(o_span(&o->members[i].id), id))
			return i;
	return -1;
}

int oracle_room(const struct oracle *o, int tenant, struct span id)
{
	for (int i = 0; i < o->rooms_len; i++)
		if (o->rooms[i].tenant == tenant && o_same(o_span(&o->rooms[i].id), id))
			return i;
	return -1;
}

size_t oracle_members(const struct oracle *o, int room)
{
	size_t n = 0;
	for (int i = 0; i < o->members_len; i++)
		n += o->rooms[room].intervals[i].in;
	return n;
}

uint64_t oracle_counted(const struct oracle *o, int room)
{
	uint64_t n = 0;
	for (int i = o->rooms[room].last_message; i >= 0; i = o->messages[i].before)
		n += o->messages[i].type == MESSAGE_TYPE_MESSAGE;
	return n;
}

static uint64_t unread_behind(const struct o_interval *interval)
{
	return interval->read_seq > interval->joined_seq ? interval->read_seq
							 : interval->joined_seq;
}

uint64_t oracle_count_unread(const struct oracle *o, int room, int member)
{
	uint64_t n = 0, behind = unread_behind(&o->rooms[room].intervals[member]);
	for (int i = o->rooms[room].last_message; i >= 0; i = o->messages[i].before) {
		const struct o_message *m = &o->messages[i];
		n += m->seq > behind && m->type == MESSAGE_TYPE_MESSAGE && m->sender != member;
	}
	return n;
}

bool oracle_mentioned(const struct oracle *o, int room, int member)
{
	uint64_t behind = unread_behind(&o->rooms[room].intervals[member]);
	for (int i = o->rooms[room].last_message; i >= 0; i = o->messages[i].before) {
		const struct o_message *m = &o->messages[i];
		for (size_t k = 0; m->seq > behind && m->sender != member && k < m->mentions_len;
		     k++)
			if (m->mentions[k] == member)
				return true;
	}
	return false;
}

const struct o_message *oracle_message(const struct oracle *o, int room, uint64_t seq)
{
	for (int i = o->rooms[room].last_message; i >= 0; i = o->messages[i].before)
		if (o->messages[i].seq == seq)
			return &o->messages[i];
	return NULL;
}

/* ---- moving on ----------------------------------------------------------------- */

void o_clock(struct oracle *o, const struct core_call *call)
{
	if (o->now_us < call->now_us)
		o->now_us = call->now_us;
}

uint64_t o_emit(struct oracle *o)
{
	o->record_us = o->now_us;
	return ++o->position;
}

int o_add_tenant(struct oracle *o, struct span id)
{
	int tenant = oracle_tenant(o, id);
	if (tenant >= 0)
		return tenant;
	o_emit(o);
	o->tenants[o->tenants_len] = o_text(id);
	return o->tenants_len++;
}

int o_add_member(struct oracle *o, int tenant, struct span id)
{
	int member = oracle_member(o, tenant, id);
	if (member >= 0)
		return member;
	o_emit(o);
	o->members[o->members_len] = (struct o_member){
		.tenant = tenant, .id = o_text(id), .presence = PRESENCE_IS_OFFLINE};
	return o->members_len++;
}

struct o_message *o_add_message(struct oracle *o, int room, int sender)
{
	if (o->messages_len == o->messages_cap) {
		o->messages_cap = o->messages_cap ? 2 * o->messages_cap : 64;
		o->messages = mem_resize(o->messages, o->messages_cap, sizeof *o->messages);
	}
	struct o_room *r = &o->rooms[room];
	struct o_message *m = &o->messages[o->messages_len];
	*m = (struct o_message){.room = room,
				.sender = sender,
				.before = r->last_message,
				.seq = ++r->last_seq,
				.position = o_emit(o),
				.time_us = o->now_us};
	r->last_message = (int)o->messages_len++;
	r->active_pos = m->position;
	r->active_us = m->time_us;
	return m;
}

void o_leave(struct oracle *o, int room, int member, uint64_t position)
{
	if (o->past_len == o->past_cap) {
		o->past_cap = o->past_cap ? 2 * o->past_cap : 64;
		o->past = mem_resize(o->past, o->past_cap, sizeof *o->past);
	}
	struct o_interval *interval = &o->rooms[room].intervals[member];
	o->past[o->past_len++] = (struct o_past){member, room, interval->joined_pos, position};
	*interval = (struct o_interval){0};
}

/* ---- members ------------------------------------------------------------------- */

void oracle_boot(struct oracle *o, uint64_t now_us)
{
	o_clock(o, &(struct core_call){.now_us = now_us});
	o_emit(o);
	o->run++;
	for (int i = 0; i < o->members_len; i++)
		o->members[i].presence = PRESENCE_IS_OFFLINE;
}

enum parlor_err oracle_intern(struct oracle *o, const struct core_call *call, struct span id,
			      uint64_t *member)
{
	o_clock(o, call);
	enum parlor_err err = o_check_id(id);
	if (!err)
		err = o_check_id(call->tenant);
	if (err)
		return err;
	struct core_member_spec spec = {.id = id};
	int tenant = oracle_tenant(o, call->tenant);
	if (!o_capacity(o, tenant, &spec, 1))
		return PARLOR_E_TENANT_FULL;
	if (tenant < 0 && o->tenants_len >= (int)o->limits->tenants)
		return PARLOR_E_TENANT_FULL;
	*member = (uint64_t)o_add_member(o, o_add_tenant(o, call->tenant), id) + 1;
	return PARLOR_E_OK;
}

enum parlor_err oracle_presence_set(struct oracle *o, const struct core_call *call, uint64_t member,
				    uint8_t presence)
{
	o_clock(o, call);
	if (presence < PRESENCE_IS_OFFLINE || presence > PRESENCE_IS_BUSY)
		return PARLOR_E_VALUE;
	if (member < 1 || member > (uint64_t)o->members_len)
		return PARLOR_E_MEMBER_UNKNOWN;
	struct o_member *m = &o->members[member - 1];
	if (m->presence == presence)
		return PARLOR_E_OK;
	o_emit(o);
	m->presence = presence;
	m->last_seen_us = o->now_us;
	return PARLOR_E_OK;
}

enum parlor_err oracle_presence_get(const struct oracle *o, const struct core_call *call,
				    struct span id, uint8_t *presence, uint64_t *last_seen_us)
{
	int member;
	enum parlor_err err = o_find_member(o, call, id, &member);
	if (!err) {
		*presence = o->members[member].presence;
		*last_seen_us = o->members[member].last_seen_us;
	}
	return err;
}

enum parlor_err oracle_list(const struct oracle *o, const struct core_call *call,
			    struct span member, int rooms[O_ROOMS], size_t *n, uint64_t *unread)
{
	int who;
	*n = 0;
	*unread = 0;
	enum parlor_err err = o_find_member(o, call, member, &who);
	for (int i = 0; !err && i < o->rooms_len; i++) {
		if (!o->rooms[i].intervals[who].in)
			continue;
		*unread += oracle_count_unread(o, i, who);
		size_t at = (*n)++;
		for (; at > 0 && o->rooms[rooms[at - 1]].active_pos < o->rooms[i].active_pos; at--)
			rooms[at] = rooms[at - 1];
		rooms[at] = i;
	}
	return err;
}
