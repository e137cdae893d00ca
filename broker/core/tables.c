#include "core/tables.h"

#include "core/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void id_key_set(uint8_t key[ID_KEY_MAX], uint32_t tenant, struct span id)
{
	assert(id.len <= ROW_ID_MAX);
	memcpy(key, &tenant, sizeof tenant);
	memcpy(key + sizeof tenant, id.data, id.len);
}

/* The key of a lookup by name, on the stack. */
struct id_probe {
	uint8_t bytes[ID_KEY_MAX];
	size_t len;
};

static void probe_init(struct id_probe *p, uint32_t tenant, struct span id)
{
	id_key_set(p->bytes, tenant, id);
	p->len = sizeof tenant + id.len;
}

enum parlor_err tables_get(struct core *c, const struct row_key *key, struct span *value)
{
	meter_read(c->meter);
	return c->rows.get(c->rows.ctx, key, value);
}

struct metered_scan {
	struct meter *meter;
	core_scan_fn *fn;
	void *arg;
};

static bool scan_one(void *arg, const void *key, size_t key_len, struct span value)
{
	struct metered_scan *scan = arg;
	meter_walk(scan->meter, 1);
	return scan->fn(scan->arg, key, key_len, value);
}

enum parlor_err tables_scan(struct core *c, const struct row_key *from, size_t prefix_len,
			    core_scan_fn *fn, void *arg)
{
	struct metered_scan scan = {c->meter, fn, arg};
	meter_read(c->meter);
	return c->rows.scan(c->rows.ctx, from, prefix_len, scan_one, &scan);
}

/* The number behind a name; 0 when there is none. */
static enum parlor_err stored_number(struct core *c, char kind, uint32_t tenant, struct span id,
				     uint64_t *number)
{
	struct row_key key;
	struct span value;
	*number = 0;
	row_key_name(&key, kind, tenant, id);
	enum parlor_err err = tables_get(c, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !row_get_number(value, number))
		err = PARLOR_E_STORE_CORRUPT;
	return err;
}

/* ---- tenants ---------------------------------------------------------------- */

struct tenant *tables_add_tenant(struct core *c, uint32_t no, struct span id)
{
	struct tenant *t = mem_new(sizeof *t);
	t->no = no;
	t->text = mem_text(id.data, id.len);
	t->id = (struct span){t->text, id.len};
	t->warm_floor = c->state.position;
	HASH_ADD(by_no, c->tenants_by_no, no, sizeof t->no, t);
	HASH_ADD_KEYPTR(by_id, c->tenants_by_id, t->text, id.len, t);
	return t;
}

enum parlor_err tables_tenant(struct core *c, struct span id, struct tenant **out)
{
	*out = c->last_tenant;
	if (*out && span_equal((*out)->id, id))
		return PARLOR_E_OK;
	HASH_FIND(by_id, c->tenants_by_id, id.data, id.len, *out);
	if (*out)
		c->last_tenant = *out;
	if (*out || id.len > ROW_ID_MAX)
		return PARLOR_E_OK;

	uint64_t number;
	enum parlor_err err = stored_number(c, 'T', 0, id, &number);
	if (!err && number)
		*out = tables_add_tenant(c, (uint32_t)number, id);
	return err;
}

struct tenant_search {
	uint64_t no;
	struct span id;
	uint8_t bytes[ROW_ID_MAX];
};

static bool match_tenant(void *arg, const void *key, size_t key_len, struct span value)
{
	struct tenant_search *search = arg;
	uint64_t number;
	if (!row_get_number(value, &number) || number != search->no)
		return true;
	search->id = (struct span){search->bytes, key_len - 5};
	memcpy(search->bytes, (const uint8_t *)key + 5, key_len - 5);
	return false;
}

enum parlor_err tables_tenant_no(struct core *c, uint32_t no, struct tenant **out)
{
	*out = c->last_tenant;
	if (*out && (*out)->no == no)
		return PARLOR_E_OK;
	HASH_FIND(by_no, c->tenants_by_no, &no, sizeof no, *out);
	if (*out) {
		c->last_tenant = *out;
		return PARLOR_E_OK;
	}

	/* Names are stored by name: the few tenants are searched once each. */
	struct tenant_search search = {.no = no};
	struct row_key from;
	row_key_name(&from, 'T', 0, (struct span){"", 0});
	enum parlor_err err = tables_scan(c, &from, 1, match_tenant, &search);
	if (!err && search.id.data)
		*out = tables_add_tenant(c, no, search.id);
	return err;
}

/* ---- members ---------------------------------------------------------------- */

struct member *tables_add_member(struct core *c, uint64_t no, const struct row_member *row)
{
	struct member *m = pool_get(&c->member_pool, sizeof *m);
	m->no = no;
	m->row = *row;
	id_key_set(m->id_key, row->tenant, row->id);
	m->row.id.data = m->id_key + sizeof row->tenant;
	HASH_ADD(by_no, c->members_by_no, no, sizeof m->no, m);
	HASH_ADD_KEYPTR(by_id, c->members_by_id, m->id_key, sizeof row->tenant + row->id.len, m);
	return m;
}

enum parlor_err tables_member_no(struct core *c, uint64_t no, struct member **out)
{
	*out = c->last_member;
	if (*out && (*out)->no == no)
		return PARLOR_E_OK;
	HASH_FIND(by_no, c->members_by_no, &no, sizeof no, *out);
	if (*out) {
		c->last_member = *out;
		return PARLOR_E_OK;
	}

	struct row_key key;
	struct span value;
	struct row_member row;
	row_key_member(&key, no);
	enum parlor_err err = tables_get(c, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !row_get_member(value, &row))
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		*out = tables_add_member(c, no, &row);
	return err;
}

enum parlor_err tables_member(struct core *c, uint32_t tenant, struct span id, struct member **out)
{
	*out = NULL;
	if (id.len > ROW_ID_MAX)
		return PARLOR_E_OK;
	struct id_probe probe;
	probe_init(&probe, tenant, id);
	HASH_FIND(by_id, c->members_by_id, probe.bytes, probe.len, *out);
	if (*out) {
		c->last_member = *out;
		return PARLOR_E_OK;
	}

	uint64_t number;
	enum parlor_err err = stored_number(c, 'M', tenant, id, &number);
	if (err || !number)
		return err;
	return tables_member_no(c, number, out);
}

/* ---- rooms ------------------------------------------------------------------ */

void tables_set_room_name(struct room *r, struct span name)
{
	char *text = mem_text(name.data, name.len);
	free(r->name);
	r->name = text;
	r->row.name = (struct span){text, name.len};
}

struct room *tables_add_room(struct core *c, uint64_t no, const struct row_room *row)
{
	struct room *r = pool_get(&c->room_pool, sizeof *r);
	r->no = no;
	r->row = *row;
	id_key_set(r->id_key, row->tenant, row->id);
	r->row.id.data = r->id_key + sizeof row->tenant;
	tables_set_room_name(r, row->name);
	r->used = true;
	HASH_ADD(by_no, c->rooms_by_no, no, sizeof r->no, r);
	HASH_ADD_KEYPTR(by_id, c->rooms_by_id, r->id_key, sizeof row->tenant + row->id.len, r);
	return r;
}

enum parlor_err tables_room_no(struct core *c, uint64_t no, struct room **out)
{
	*out = c->last_room;
	if (*out && (*out)->no == no)
		return PARLOR_E_OK;
	HASH_FIND(by_no, c->rooms_by_no, &no, sizeof no, *out);
	if (*out) {
		(*out)->used = true;
		c->last_room = *out;
		return PARLOR_E_OK;
	}

	struct row_key key;
	struct span value;
	struct row_room row;
	row_key_room(&key, no);
	enum parlor_err err = tables_get(c, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !row_get_room(value, &row))
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		*out = tables_add_room(c, no, &row);
	return err;
}

enum parlor_err tables_room(struct core *c, uint32_t tenant, struct span id, struct room **out)
{
	*out = NULL;
	if (id.len > ROW_ID_MAX)
		return PARLOR_E_OK;
	struct id_probe probe;
	probe_init(&probe, tenant, id);
	HASH_FIND(by_id, c->rooms_by_id, probe.bytes, probe.len, *out);
	if (*out) {
		(*out)->used = true;
		c->last_room = *out;
		return PARLOR_E_OK;
	}

	uint64_t number;
	enum parlor_err err = stored_number(c, 'R', tenant, id, &number);
	if (err || !number)
		return err;
	return tables_room_no(c, number, out);
}

/* ---- memberships ------------------------------------------------------------ */

void tables_set_profile(struct membership *ms, struct span name, struct span avatar)
{
	char *text = mem_new(name.len + avatar.len + 1);
	if (name.len)
		memcpy(text, name.data, name.len);
	if (avatar.len)
		memcpy(text + name.len, avatar.data, avatar.len);
	free(ms->text);
	ms->text = text;
	ms->row.name = (struct span){text, name.len};
	ms->row.avatar = (struct span){text + name.len, avatar.len};
}

static struct membership *find_membership(struct core *c, uint64_t room, uint64_t member)
{
	struct pair_key key = {room, member};
	struct membership *ms = c->last_membership;
	if (ms && ms->key.room == room && ms->key.tail == member)
		return ms;
	HASH_FIND(by_pair, c->memberships, &key, sizeof key, ms);
	if (ms)
		c->last_membership = ms;
	return ms;
}

static struct membership *link_membership(struct core *c, struct room *r, struct member *m,
					  const struct row_membership *row)
{
	struct membership *ms = pool_get(&c->membership_pool, sizeof *ms);
	ms->key = (struct pair_key){r->no, m->no};
	ms->room = r;
	ms->member = m;
	ms->row = *row;
	tables_set_profile(ms, row->name, row->avatar);
	HASH_ADD(by_pair, c->memberships, key, sizeof ms->key, ms);
	DL_APPEND2(r->memberships, ms, room_prev, room_next);
	DL_APPEND2(m->memberships, ms, member_prev, member_next);
	m->memberships_len++;
	return ms;
}

static void unlink_membership(struct core *c, struct membership *ms)
{
	HASH_DELETE(by_pair, c->memberships, ms);
	DL_DELETE2(ms->room->memberships, ms, room_prev, room_next);
	DL_DELETE2(ms->member->memberships, ms, member_prev, member_next);
	ms->member->memberships_len--;
	if (c->last_membership == ms)
		c->last_membership = NULL;
	free(ms->text);
	pool_put(&c->membership_pool, ms);
}

struct membership *tables_resident(struct core *c, const struct room *r, const struct member *m)
{
	return find_membership(c, r->no, m->no);
}

enum parlor_err tables_membership(struct core *c, struct room *r, struct member *m,
				  struct membership **out)
{
	*out = find_membership(c, r->no, m->no);
	if (*out) {
		if ((*out)->gone)
			*out = NULL;
		return PARLOR_E_OK;
	}
	if (r->all_members || m->all_rooms)
		return PARLOR_E_OK;

	struct row_key key;
	struct span value;
	struct row_membership row;
	row_key_membership(&key, r->no, m->no);
	enum parlor_err err = tables_get(c, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !row_get_membership(value, &row))
		err = PARLOR_E_STORE_CORRUPT;
	if (!err) {
		*out = link_membership(c, r, m, &row);
		(*out)->indexed = true;
	}
	return err;
}

struct membership *tables_add_membership(struct core *c, struct room *r, struct member *m,
					 const struct row_membership *row)
{
	struct membership *ms = find_membership(c, r->no, m->no);
	if (!ms) {
		ms = link_membership(c, r, m, row);
	} else {
		assert(ms->gone);
		ms->gone = false;
		ms->row = *row;
		tables_set_profile(ms, row->name, row->avatar);
	}
	ms->told = 0;
	m->total.rooms++;
	tables_tell(ms);
	tables_touch_membership(c, ms);
	return ms;
}

/* Numbers found by a scan are collected first: loading reads other rows. */
static bool collect_tail(void *arg, const void *key, size_t key_len, struct span value)
{
	(void)value;
	buf_put_u64(arg, row_key_tail(key, key_len));
	return true;
}

static enum parlor_err collect(struct core *c, const struct row_key *from)
{
	buf_clear(&c->scan);
	return tables_scan(c, from, ROW_PREFIX, collect_tail, &c->scan);
}

enum parlor_err tables_load_members(struct core *c, struct room *r)
{
	if (r->all_members)
		return PARLOR_E_OK;
	struct row_key from;
	row_key_membership(&from, r->no, 0);
	enum parlor_err err = collect(c, &from);
	struct reader in;
	reader_init(&in, c->scan.data, c->scan.len);
	while (!err && reader_left(&in)) {
		struct member *m = NULL;
		struct membership *ms;
		err = tables_member_no(c, reader_u64(&in), &m);
		if (!err && !m)
			err = PARLOR_E_STORE_CORRUPT;
		if (!err)
			err = tables_membership(c, r, m, &ms);
	}
	r->all_members = !err;
	return err;
}

enum parlor_err tables_load_rooms(struct core *c, struct member *m)
{
	if (m->all_rooms)
		return PARLOR_E_OK;
	struct row_key from;
	row_key_in_room(&from, m->no, 0);
	enum parlor_err err = collect(c, &from);
	struct reader in;
	reader_init(&in, c->scan.data, c->scan.len);
	while (!err && reader_left(&in)) {
		struct room *r = NULL;
		struct membership *ms;
		err = tables_room_no(c, reader_u64(&in), &r);
		if (!err && !r)
			err = PARLOR_E_STORE_CORRUPT;
		if (!err)
			err = tables_membership(c, r, m, &ms);
	}
	m->all_rooms = !err;
	return err;
}

/* ---- what changed ----------------------------------------------------------- */

/* Key and numbers of a row, about. */
#define ROW_BYTES 128

static struct fresh *fresh_add(struct core *c)
{
	if (c->fresh_len == c->fresh_cap && c->fresh_landed > c->fresh_cap / 2) {
		c->fresh_len -= c->fresh_landed;
		c->fresh_at -= c->fresh_landed;
		memmove(c->fresh, c->fresh + c->fresh_landed, c->fresh_len * sizeof *c->fresh);
		c->fresh_landed = 0;
	}
	if (c->fresh_len == c->fresh_cap) {
		c->fresh_cap = c->fresh_cap ? 2 * c->fresh_cap : 64;
		c->fresh = mem_resize(c->fresh, c->fresh_cap, sizeof *c->fresh);
	}
	tables_count_dirty(c, sizeof(struct fresh));
	return &c->fresh[c->fresh_len++];
}

static void fresh_value(struct core *c, struct fresh *f)
{
	assert(c->scratch.len <= sizeof f->value);
	memcpy(f->value, c->scratch.data, c->scratch.len);
	f->value_len = c->scratch.len;
}

void tables_new_name(struct core *c, char kind, uint32_t tenant, struct span id, uint64_t number)
{
	struct fresh *f = fresh_add(c);
	row_key_name(&f->key, kind, tenant, id);
	buf_clear(&c->scratch);
	row_put_number(&c->scratch, number);
	fresh_value(c, f);
}

static void new_former(struct core *c, const struct membership *ms, uint64_t left_pos)
{
	struct fresh *f = fresh_add(c);
	row_key_former(&f->key, ms->key.tail, left_pos);
	buf_clear(&c->scratch);
	row_put_former(&c->scratch, &(struct row_former){.room = ms->key.room,
							 .joined_pos = ms->row.joined_pos});
	fresh_value(c, f);
}

void tables_list_room(struct core *c, struct room *r)
{
	if (r->listed)
		return;
	r->listed = true;
	LL_PREPEND2(c->dirty_rooms, r, dirty_next);
	c->dirty_rooms_len++;
}

void tables_touch_room(struct core *c, struct room *r)
{
	if (!r->row_dirty) {
		r->row_dirty = true;
		tables_count_dirty(c, ROW_BYTES + r->row.name.len);
	}
	tables_list_room(c, r);
}

void tables_touch_member(struct core *c, struct member *m)
{
	if (m->dirty)
		return;
	m->dirty = true;
	tables_count_dirty(c, ROW_BYTES);
	LL_PREPEND2(c->dirty_members, m, dirty_next);
	c->dirty_members_len++;
}

void tables_touch_membership(struct core *c, struct membership *ms)
{
	if (ms->dirty)
		return;
	ms->dirty = true;
	tables_count_dirty(c, 2 * ROW_BYTES + ms->row.name.len + ms->row.avatar.len);
	DL_APPEND2(ms->room->dirty_memberships, ms, dirty_prev, dirty_next);
	tables_list_room(c, ms->room);
}

void tables_tell(struct membership *ms)
{
	uint64_t unread = ms->gone ? 0 : ms->room->row.counted - ms->row.seen;
	ms->member->total.unread += unread - ms->told;
	ms->told = unread;
}

void tables_remove_membership(struct core *c, struct membership *ms, uint64_t position)
{
	ms->gone = true;
	ms->member->total.rooms--;
	tables_tell(ms);
	new_former(c, ms, position);
	tables_touch_membership(c, ms);
}

void tables_warm(struct tenant *t, struct room *r)
{
	if (r->warm) {
		if (t->warm == r)
			return;
		DL_DELETE2(t->warm, r, warm_prev, warm_next);
	} else {
		r->warm = true;
		t->warm_len++;
	}
	DL_PREPEND2(t->warm, r, warm_prev, warm_next);
}

/* ---- letting go ------------------------------------------------------------- */

void tables_drop_membership(struct core *c, struct membership *ms)
{
	ms->room->all_members = false;
	ms->member->all_rooms = false;
	ms->member->total.known = false;
	unlink_membership(c, ms);
}

void tables_forget_gone(struct core *c, struct membership *ms)
{
	unlink_membership(c, ms);
}

static void free_room(struct core *c, struct room *r)
{
	HASH_DELETE(by_no, c->rooms_by_no, r);
	HASH_DELETE(by_id, c->rooms_by_id, r);
	if (c->last_room == r)
		c->last_room = NULL;
	free(r->name);
	index_drop_room(c, r);
	pool_put(&c->room_pool, r);
}

void tables_drop_room(struct core *c, struct room *r)
{
	struct membership *ms, *next;
	DL_FOREACH_SAFE2(r->memberships, ms, next, room_next)
	tables_drop_membership(c, ms);
	if (r->warm) {
		struct tenant *t;
		HASH_FIND(by_no, c->tenants_by_no, &r->row.tenant, sizeof r->row.tenant, t);
		assert(t);
		DL_DELETE2(t->warm, r, warm_prev, warm_next);
		t->warm_len--;
		if (t->warm_floor < r->row.active_pos)
			t->warm_floor = r->row.active_pos;
	}
	free_room(c, r);
}

void tables_drop_member(struct core *c, struct member *m)
{
	HASH_DELETE(by_no, c->members_by_no, m);
	HASH_DELETE(by_id, c->members_by_id, m);
	if (c->last_member == m)
		c->last_member = NULL;
	pool_put(&c->member_pool, m);
}

void tables_free(struct core *c)
{
	core_landed(c); /* what is in flight is in no other list */
	struct room *r, *room_next;
	HASH_ITER (by_no, c->rooms_by_no, r, room_next) {
		struct membership *ms, *ms_next;
		DL_FOREACH_SAFE2(r->memberships, ms, ms_next, room_next)
		unlink_membership(c, ms);
		free_room(c, r);
	}
	struct member *m, *member_next;
	HASH_ITER (by_no, c->members_by_no, m, member_next)
		tables_drop_member(c, m);
	struct tenant *t, *tenant_next;
	HASH_ITER (by_no, c->tenants_by_no, t, tenant_next) {
		HASH_DELETE(by_no, c->tenants_by_no, t);
		HASH_DELETE(by_id, c->tenants_by_id, t);
		free(t->text);
		free(t);
	}
	free(c->fresh);
	free(c->pass.rooms);
	free(c->pass.members);
	free(c->flight.rows);
	pool_fini(&c->member_pool);
	pool_fini(&c->room_pool);
	pool_fini(&c->membership_pool);
	pool_fini(&c->block_pool);
	buf_fini(&c->scratch);
	buf_fini(&c->scan);
}
