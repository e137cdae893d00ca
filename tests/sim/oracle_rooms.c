/* The oracle on rooms and who is in them. */
#include "oracle_parts.h"

#include <string.h>

/* ---- checks and finding --------------------------------------------------------- */

enum parlor_err o_check_id(struct span id)
{
	if (id.len == 0)
		return PARLOR_E_EMPTY;
	return id.len > ROW_ID_MAX ? PARLOR_E_TOO_LONG : PARLOR_E_OK;
}

bool o_repeated(const struct span *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (o_same(ids[i], ids[k]))
				return true;
	return false;
}

enum parlor_err o_check_specs(const struct oracle *o, const struct core_member_spec *specs,
			      size_t n)
{
	if (n > o->limits->request_members)
		return PARLOR_E_TOO_MANY;
	struct span ids[O_SPECS];
	for (size_t i = 0; i < n; i++) {
		enum parlor_err err = o_check_id(specs[i].id);
		if (err)
			return err;
		if (specs[i].type != MEMBER_TYPE_MANAGER && specs[i].type != MEMBER_TYPE_MEMBER)
			return PARLOR_E_VALUE;
		if (specs[i].name.len > o->limits->name_bytes ||
		    specs[i].avatar.len > o->limits->avatar_bytes)
			return PARLOR_E_TOO_LONG;
		ids[i] = specs[i].id;
	}
	return o_repeated(ids, n) ? PARLOR_E_REPEATED : PARLOR_E_OK;
}

enum parlor_err o_check_notice(const struct oracle *o, const struct core_notice *n)
{
	bool fits = n->body.len <= o->limits->body_bytes && n->sender.len <= ROW_ID_MAX;
	return fits ? PARLOR_E_OK : PARLOR_E_TOO_LONG;
}

bool o_capacity(const struct oracle *o, int tenant, const struct core_member_spec *specs, size_t n)
{
	uint64_t news = 0, own = 0;
	for (size_t i = 0; i < n; i++)
		news += tenant < 0 || oracle_member(o, tenant, specs[i].id) < 0;
	for (int i = 0; i < o->members_len; i++)
		own += o->members[i].tenant == tenant;
	return !news || ((uint64_t)o->members_len + news <= o->limits->members &&
			 own + news <= o->limits->tenant_members);
}

static bool room_capacity(const struct oracle *o, int tenant)
{
	uint64_t own = 0;
	for (int i = 0; i < o->rooms_len; i++)
		own += o->rooms[i].tenant == tenant;
	return o->rooms_len < (int)o->limits->rooms && own < o->limits->tenant_rooms;
}

enum parlor_err o_find_member(const struct oracle *o, const struct core_call *call, struct span id,
			      int *member)
{
	enum parlor_err err = o_check_id(id);
	if (err)
		return err;
	*member = oracle_member(o, oracle_tenant(o, call->tenant), id);
	return *member < 0 ? PARLOR_E_MEMBER_UNKNOWN : PARLOR_E_OK;
}

enum parlor_err o_find_room(const struct oracle *o, const struct core_call *call, struct span id,
			    int *room)
{
	enum parlor_err err = o_check_id(id);
	if (err)
		return err;
	*room = oracle_room(o, oracle_tenant(o, call->tenant), id);
	return *room < 0 ? PARLOR_E_ROOM_UNKNOWN : PARLOR_E_OK;
}

enum parlor_err o_find_living(const struct oracle *o, const struct core_call *call, struct span id,
			      int *room)
{
	enum parlor_err err = o_find_room(o, call, id, room);
	if (!err && o->rooms[*room].state == ROOM_STATE_DISSOLVED)
		err = PARLOR_E_ROOM_DISSOLVED;
	return err;
}

enum parlor_err o_find_interval(const struct oracle *o, const struct core_call *call, int room,
				struct span id, int *member)
{
	enum parlor_err err = o_find_member(o, call, id, member);
	if (err == PARLOR_E_MEMBER_UNKNOWN || (!err && !o->rooms[room].intervals[*member].in))
		err = PARLOR_E_NOT_MEMBER;
	return err;
}

/* ---- parts of changes ------------------------------------------------------------- */

void o_view(const struct oracle *o, int room, struct core_room_view *view)
{
	const struct o_room *r = &o->rooms[room];
	*view = (struct core_room_view){.no = (uint64_t)room + 1,
					.id = o_span(&r->id),
					.name = o_label_span(&r->name),
					.labels = {r->labels_text, r->labels_text_len},
					.state = r->state,
					.open = r->open,
					.members = (uint32_t)oracle_members(o, room),
					.last_seq = r->last_seq,
					.counted = oracle_counted(o, room),
					.created_us = r->created_us,
					.active_us = r->active_us};
}

void o_notice(struct oracle *o, int room, const struct core_notice *n)
{
	if (!n->body.len)
		return;
	int sender = oracle_member(o, o->rooms[room].tenant, n->sender);
	if (sender >= 0 && !o->rooms[room].intervals[sender].in)
		sender = O_NOBODY;
	struct o_message *m = o_add_message(o, room, sender);
	m->type = MESSAGE_TYPE_NOTICE;
	m->body = o_label(n->body);
}

void o_join(struct oracle *o, int room, const struct core_member_spec *spec)
{
	struct o_room *r = &o->rooms[room];
	int member = o_add_member(o, r->tenant, spec->id);
	if (r->intervals[member].in)
		return;
	r->intervals[member] = (struct o_interval){.in = true,
						   .type = spec->type,
						   .name = o_label(spec->name),
						   .avatar = o_label(spec->avatar),
						   .joined_seq = r->last_seq,
						   .read_seq = r->last_seq,
						   .joined_pos = o_emit(o),
						   .joined_us = o->now_us};
}

/* ---- rooms ------------------------------------------------------------------------- */

static bool asked_before(const struct o_room *r, const struct core_room_create *q)
{
	if (r->open != q->open || r->asked_len != q->members_len ||
	    !o_same(o_label_span(&r->asked_name), q->name))
		return false;
	for (size_t i = 0; i < q->members_len; i++) {
		const struct o_spec *was = &r->asked[i];
		const struct core_member_spec *is = &q->members[i];
		if (was->type != is->type || !o_same(o_span(&was->id), is->id) ||
		    !o_same(o_label_span(&was->name), is->name) ||
		    !o_same(o_label_span(&was->avatar), is->avatar))
			return false;
	}
	return true;
}

static enum parlor_err may_create(const struct oracle *o, const struct core_call *call,
				  const struct core_room_create *q)
{
	if (q->id.len > ROW_ID_MAX || q->name.len > o->limits->name_bytes)
		return PARLOR_E_TOO_LONG;
	if (q->members_len > o->limits->room_members)
		return PARLOR_E_TOO_MANY;
	enum parlor_err err = o_check_notice(o, &q->notice);
	if (!err)
		err = o_check_specs(o, q->members, q->members_len);
	return err ? err : o_check_id(call->tenant);
}

static int add_room(struct oracle *o, int tenant, const struct core_room_create *q,
		    struct span made)
{
	int room = o->rooms_len++;
	struct o_room *r = &o->rooms[room];
	*r = (struct o_room){.tenant = tenant,
			     .id = o_text(q->id.len ? q->id : made),
			     .name = o_label(q->name),
			     .asked_name = o_label(q->name),
			     .state = ROOM_STATE_OPEN,
			     .open = q->open,
			     .active_pos = o_emit(o),
			     .created_us = o->now_us,
			     .active_us = o->now_us,
			     .last_message = -1,
			     .asked_len = q->members_len};
	for (size_t i = 0; i < q->members_len; i++)
		r->asked[i] =
			(struct o_spec){o_text(q->members[i].id), q->members[i].type,
					o_label(q->members[i].name), o_label(q->members[i].avatar)};
	return room;
}

enum parlor_err oracle_create(struct oracle *o, const struct core_call *call,
			      const struct core_room_create *q, struct span made,
			      struct core_room_view *view)
{
	o_clock(o, call);
	enum parlor_err err = may_create(o, call, q);
	if (err)
		return err;
	int tenant = oracle_tenant(o, call->tenant);
	int room = q->id.len ? oracle_room(o, tenant, q->id) : -1;
	if (room >= 0) {
		o_view(o, room, view);
		if (o->rooms[room].state == ROOM_STATE_DISSOLVED)
			return PARLOR_E_ROOM_DISSOLVED;
		return asked_before(&o->rooms[room], q) ? PARLOR_E_OK : PARLOR_E_ROOM_CONFLICT;
	}
	if (!o_capacity(o, tenant, q->members, q->members_len) || !room_capacity(o, tenant) ||
	    (tenant < 0 && o->tenants_len >= (int)o->limits->tenants))
		return PARLOR_E_TENANT_FULL;
	room = add_room(o, o_add_tenant(o, call->tenant), q, made);
	for (size_t i = 0; i < q->members_len; i++)
		o_join(o, room, &q->members[i]);
	o_notice(o, room, &q->notice);
	o_view(o, room, view);
	view->position = o->position;
	return PARLOR_E_OK;
}

enum parlor_err oracle_rename(struct oracle *o, const struct core_call *call, struct span id,
			      struct span name, const struct core_notice *notice,
			      struct core_room_view *view)
{
	int room;
	o_clock(o, call);
	enum parlor_err err = o_check_notice(o, notice);
	if (!err && name.len > o->limits->name_bytes)
		err = PARLOR_E_TOO_LONG;
	if (!err)
		err = o_find_living(o, call, id, &room);
	if (err)
		return err;
	bool same = o_same(o_label_span(&o->rooms[room].name), name);
	if (!same) {
		o_emit(o);
		o->rooms[room].name = o_label(name);
		o_notice(o, room, notice);
	}
	o_view(o, room, view);
	view->position = same ? 0 : o->position;
	return PARLOR_E_OK;
}

enum parlor_err oracle_set_state(struct oracle *o, const struct core_call *call, struct span id,
				 uint8_t state, const struct core_notice *notice,
				 struct core_room_view *view)
{
	int room;
	o_clock(o, call);
	enum parlor_err err = o_check_notice(o, notice);
	if (!err && (state < ROOM_STATE_OPEN || state > ROOM_STATE_DISSOLVED))
		err = PARLOR_E_VALUE;
	if (!err)
		err = o_find_room(o, call, id, &room);
	if (!err && state != ROOM_STATE_DISSOLVED)
		err = o_find_living(o, call, id, &room);
	if (err)
		return err;
	struct o_room *r = &o->rooms[room];
	bool same = r->state == state;
	if (!same) {
		if (state == ROOM_STATE_DISSOLVED)
			o_notice(o, room, notice);
		uint64_t position = o_emit(o);
		r->state = state;
		for (int i = 0; state == ROOM_STATE_DISSOLVED && i < o->members_len; i++)
			if (r->intervals[i].in)
				o_leave(o, room, i, position);
		if (state != ROOM_STATE_DISSOLVED)
			o_notice(o, room, notice);
	}
	o_view(o, room, view);
	view->position = same ? 0 : o->position;
	return PARLOR_E_OK;
}

enum parlor_err oracle_show(const struct oracle *o, const struct core_call *call, struct span id,
			    struct core_room_view *view)
{
	int room;
	enum parlor_err err = o_find_room(o, call, id, &room);
	if (!err)
		o_view(o, room, view);
	return err;
}

enum parlor_err oracle_check(const struct oracle *o, const struct core_call *call, struct span id,
			     struct span member, uint64_t *no)
{
	int room, who;
	enum parlor_err err = o_find_living(o, call, id, &room);
	if (!err)
		err = o_find_interval(o, call, room, member, &who);
	if (!err)
		*no = (uint64_t)room + 1;
	return err;
}

/* ---- who is in a room ------------------------------------------------------------ */

static enum parlor_err may_add(const struct oracle *o, int room,
			       const struct core_member_spec *specs, size_t n, size_t *news)
{
	const struct o_room *r = &o->rooms[room];
	*news = 0;
	for (size_t i = 0; i < n; i++) {
		int member = oracle_member(o, r->tenant, specs[i].id);
		const struct o_interval *interval = member < 0 ? NULL : &r->intervals[member];
		if (!interval || !interval->in)
			++*news;
		else if (interval->type != specs[i].type ||
			 !o_same(o_label_span(&interval->name), specs[i].name) ||
			 !o_same(o_label_span(&interval->avatar), specs[i].avatar))
			return PARLOR_E_MEMBER_CONFLICT;
	}
	if (oracle_members(o, room) + *news > o->limits->room_members)
		return PARLOR_E_ROOM_FULL;
	return o_capacity(o, r->tenant, specs, n) ? PARLOR_E_OK : PARLOR_E_TENANT_FULL;
}

enum parlor_err oracle_add(struct oracle *o, const struct core_call *call, struct span id,
			   const struct core_member_spec *specs, size_t n,
			   const struct core_notice *notice, struct core_room_view *view)
{
	int room;
	size_t news = 0;
	o_clock(o, call);
	enum parlor_err err = o_check_specs(o, specs, n);
	if (!err && n == 0)
		err = PARLOR_E_EMPTY;
	if (!err)
		err = o_check_notice(o, notice);
	if (!err)
		err = o_find_living(o, call, id, &room);
	if (!err)
		err = may_add(o, room, specs, n, &news);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		o_join(o, room, &specs[i]);
	if (news)
		o_notice(o, room, notice);
	o_view(o, room, view);
	view->position = news ? o->position : 0;
	return PARLOR_E_OK;
}

enum parlor_err oracle_remove(struct oracle *o, const struct core_call *call, struct span id,
			      const struct span *ids, size_t n, const struct core_notice *notice,
			      struct core_room_view *view)
{
	int room, members[O_SPECS];
	o_clock(o, call);
	if (n == 0 || n > o->limits->request_members)
		return n ? PARLOR_E_TOO_MANY : PARLOR_E_EMPTY;
	enum parlor_err err = o_check_notice(o, notice);
	for (size_t i = 0; !err && i < n; i++)
		err = o_check_id(ids[i]);
	if (!err && o_repeated(ids, n))
		err = PARLOR_E_REPEATED;
	if (!err)
		err = o_find_living(o, call, id, &room);
	for (size_t i = 0; !err && i < n; i++)
		err = o_find_interval(o, call, room, ids[i], &members[i]);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		o_leave(o, room, members[i], o_emit(o));
	o_notice(o, room, notice);
	o_view(o, room, view);
	view->position = o->position;
	return PARLOR_E_OK;
}

static enum parlor_err may_change(const struct oracle *o, const struct core_member_change *changes,
				  size_t n)
{
	struct span ids[O_SPECS];
	for (size_t i = 0; i < n; i++) {
		const struct core_member_change *c = &changes[i];
		enum parlor_err err = o_check_id(c->id);
		if (err)
			return err;
		if (c->type > MEMBER_TYPE_MEMBER)
			return PARLOR_E_VALUE;
		if (c->name.len > o->limits->name_bytes || c->avatar.len > o->limits->avatar_bytes)
			return PARLOR_E_TOO_LONG;
		ids[i] = c->id;
	}
	return o_repeated(ids, n) ? PARLOR_E_REPEATED : PARLOR_E_OK;
}

static bool change(struct oracle *o, struct o_interval *interval,
		   const struct core_member_change *c)
{
	struct o_interval want = *interval;
	if (c->type)
		want.type = c->type;
	if (c->set_name)
		want.name = o_label(c->name);
	if (c->set_avatar)
		want.avatar = o_label(c->avatar);
	if (want.type == interval->type &&
	    o_same(o_label_span(&want.name), o_label_span(&interval->name)) &&
	    o_same(o_label_span(&want.avatar), o_label_span(&interval->avatar)))
		return false;
	o_emit(o);
	*interval = want;
	return true;
}

enum parlor_err oracle_change(struct oracle *o, const struct core_call *call, struct span id,
			      const struct core_member_change *changes, size_t n,
			      const struct core_notice *notice, struct core_room_view *view)
{
	int room, members[O_SPECS];
	bool changed = false;
	o_clock(o, call);
	if (n == 0 || n > o->limits->request_members)
		return n ? PARLOR_E_TOO_MANY : PARLOR_E_EMPTY;
	enum parlor_err err = o_check_notice(o, notice);
	if (!err)
		err = may_change(o, changes, n);
	if (!err)
		err = o_find_living(o, call, id, &room);
	for (size_t i = 0; !err && i < n; i++)
		err = o_find_interval(o, call, room, changes[i].id, &members[i]);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		changed |= change(o, &o->rooms[room].intervals[members[i]], &changes[i]);
	if (changed)
		o_notice(o, room, notice);
	o_view(o, room, view);
	view->position = changed ? o->position : 0;
	return PARLOR_E_OK;
}
