#include "core/tables.h"

#include "core/block.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Names of rooms and members in memory are many, a part of all rows: base/table.h. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 32U
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS_LOG2 (c->engine.buckets_log2 - 1U)

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

/* The number behind a name; 0 when there is none. */
static enum parlor_err stored_number(struct core *c, char kind, uint32_t tenant, struct span id,
				     uint64_t *number)
{
	struct row_key key;
	struct span value;
	*number = 0;
	row_key_name(&key, kind, tenant, id);
	enum parlor_err err = row_engine_get(&c->engine, &key, &value);
	if (err == PARLOR_E_NOT_FOUND)
		return PARLOR_E_OK;
	if (!err && !row_get_number(value, number))
		err = PARLOR_E_STORE_CORRUPT;
	return err;
}

/* ---- tenants ---------------------------------------------------------------- */

enum parlor_err tables_add_tenant(struct core *c, uint32_t no, struct span id, struct tenant **out)
{
	struct row_key key;
	struct span value;
	struct row_tenant row = {0};
	row_key_tenant(&key, no);
	enum parlor_err err = row_engine_get(&c->engine, &key, &value);
	if (!err && !row_get_tenant(value, &row))
		err = PARLOR_E_STORE_CORRUPT;
	if (err && err != PARLOR_E_NOT_FOUND)
		return err;
	struct tenant *t = mem_new(sizeof *t);
	t->row = row;
	t->no = no;
	t->text = mem_text(id.data, id.len);
	t->id = (struct span){t->text, id.len};
	HASH_ADD(by_no, c->tenants_by_no, no, sizeof t->no, t);
	HASH_ADD_KEYPTR(by_id, c->tenants_by_id, t->text, id.len, t);
	*out = t;
	return PARLOR_E_OK;
}

void tables_touch_tenant(struct core *c, struct tenant *t)
{
	if (!t->dirty && !t->in_flight)
		DL_APPEND2(c->changed_tenants, t, changed_prev, changed_next);
	t->dirty = true;
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
		err = tables_add_tenant(c, (uint32_t)number, id, out);
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
	enum parlor_err err = row_engine_scan(&c->engine, &from, 1, match_tenant, &search);
	if (!err && search.id.data)
		err = tables_add_tenant(c, no, search.id, out);
	return err;
}

/* ---- members ---------------------------------------------------------------- */

void tables_drop_inbox(struct member *m)
{
	if (m->inbox)
		room_order_fini(&m->inbox->rooms);
	free(m->inbox);
	m->inbox = NULL;
}

void tables_resize_member(struct core *c, struct member *m)
{
	row_resize(&c->engine, &m->base,
		   m->inbox ? sizeof *m->inbox + room_order_bytes(&m->inbox->rooms) : 0);
}

static void put_member(struct buf *b, const struct row *row)
{
	row_put_member(b, &((const struct member *)row)->row);
}

static bool get_member(struct row *row, struct span value)
{
	return row_get_member(value, &((struct member *)row)->row);
}

static void drop_member(void *core, struct row *row)
{
	struct core *c = core;
	struct member *m = (struct member *)row;
	if (c->last_member == m)
		c->last_member = NULL;
	if (m->no)
		HASH_DELETE(by_id, c->members_by_id, m);
	tables_drop_inbox(m);
}

const struct row_kind member_kind = {.name = "member",
				     .no = KIND_MEMBER,
				     .table = ROW_MEMBERS,
				     .sub = ROW_SELF,
				     .size = sizeof(struct member),
				     .put = put_member,
				     .get = get_member,
				     .drop = drop_member};

static void link_member(struct core *c, struct member *m)
{
	m->no = m->base.at.number;
	id_key_set(m->id_key, m->row.tenant, m->row.id);
	m->row.id.data = m->id_key + sizeof m->row.tenant;
	HASH_ADD_KEYPTR(by_id, c->members_by_id, m->id_key, sizeof m->row.tenant + m->row.id.len,
			m);
}

struct member *tables_add_member(struct core *c, uint64_t no, const struct row_member *row)
{
	struct member *m = (struct member *)row_add(&c->engine, &member_kind, no, 0, NULL);
	m->row = *row;
	link_member(c, m);
	return m;
}

enum parlor_err tables_member_no(struct core *c, uint64_t no, struct member **out)
{
	struct row *row;
	bool read;
	*out = c->last_member;
	if (*out && (*out)->no == no)
		return PARLOR_E_OK;
	enum parlor_err err = row_load(&c->engine, &member_kind, no, 0, NULL, &row, &read);
	*out = err ? NULL : (struct member *)row;
	if (read)
		link_member(c, *out);
	if (*out)
		c->last_member = *out;
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
		(*out)->base.used = true;
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

static void own_name(struct room *r, struct span name)
{
	char *text = mem_text(name.data, name.len);
	free(r->name);
	r->name = text;
	r->row.name = (struct span){text, name.len};
}

void tables_resize_room(struct core *c, struct room *r)
{
	size_t places = r->key_places.ranges ? (size_t)1 << r->key_places.bits : 0;
	row_resize(&c->engine, &r->base,
		   r->row.name.len + 1 + recent_bytes(&r->recent) + places * sizeof(void *));
}

void tables_set_room_name(struct core *c, struct room *r, struct span name)
{
	own_name(r, name);
	tables_resize_room(c, r);
}

static void put_room(struct buf *b, const struct row *row)
{
	row_put_room(b, &((const struct room *)row)->row);
}

static bool get_room(struct row *row, struct span value)
{
	return row_get_room(value, &((struct room *)row)->row);
}

static void drop_room(void *core, struct row *row)
{
	struct core *c = core;
	struct room *r = (struct room *)row;
	if (c->last_room == r)
		c->last_room = NULL;
	if (r->no)
		HASH_DELETE(by_id, c->rooms_by_id, r);
	recent_fini(&r->recent);
	free(r->key_places.ranges);
	free(r->name);
}

const struct row_kind room_kind = {.name = "room",
				   .no = KIND_ROOM,
				   .table = ROW_ROOMS,
				   .sub = ROW_SELF,
				   .size = sizeof(struct room),
				   .put = put_room,
				   .get = get_room,
				   .drop = drop_room};

static void link_room(struct core *c, struct room *r)
{
	r->no = r->base.at.number;
	id_key_set(r->id_key, r->row.tenant, r->row.id);
	r->row.id.data = r->id_key + sizeof r->row.tenant;
	tables_set_room_name(c, r, r->row.name);
	HASH_ADD_KEYPTR(by_id, c->rooms_by_id, r->id_key, sizeof r->row.tenant + r->row.id.len, r);
}

struct room *tables_add_room(struct core *c, uint64_t no, const struct row_room *row)
{
	struct room *r = (struct room *)row_add(&c->engine, &room_kind, no, 0, NULL);
	r->row = *row;
	link_room(c, r);
	return r;
}

enum parlor_err tables_room_no(struct core *c, uint64_t no, struct room **out)
{
	struct row *row;
	bool read;
	*out = c->last_room;
	if (*out && (*out)->no == no) {
		(*out)->base.used = true;
		return PARLOR_E_OK;
	}
	enum parlor_err err = row_load(&c->engine, &room_kind, no, 0, NULL, &row, &read);
	*out = err ? NULL : (struct room *)row;
	if (read)
		link_room(c, *out);
	if (*out)
		c->last_room = *out;
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
		(*out)->base.used = true;
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

void tables_tell_inbox(struct core *c, const struct membership *ms)
{
	struct member *m = ms->member;
	if (!m->inbox)
		return;
	if (ms->base.gone)
		room_order_remove(&m->inbox->rooms, ms->room->no);
	else
		room_order_set(&m->inbox->rooms, ms->room->no, ms->room->row.active_pos,
			       ms->room->row.counted - ms->row.seen);
	tables_resize_member(c, m);
}

void tables_set_profile(struct core *c, struct membership *ms, struct span name, struct span avatar)
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
	row_resize(&c->engine, &ms->base, name.len + avatar.len + 1);
}

static void put_membership(struct buf *b, const struct row *row)
{
	row_put_membership(b, &((const struct membership *)row)->row);
}

static bool get_membership(struct row *row, struct span value)
{
	return row_get_membership(value, &((struct membership *)row)->row);
}

/* That the member is in the room stands among the member's rows, too, and its
 * number among the room's in order of ids. */
static void put_beside(struct row *row, core_put_fn *put, void *ctx)
{
	struct membership *ms = (struct membership *)row;
	struct row_key in_room, id;
	uint8_t number[8];
	uint8_t joined[BUF_VARINT_MAX];
	struct buf joined_pos = {.data = joined, .cap = sizeof joined}; /* it never grows */
	if (!row->gone && ms->indexed)
		return;
	be64_put(number, row->at.tail);
	row_put_number(&joined_pos, ms->row.joined_pos);
	row_key_in_room(&in_room, row->at.tail, row->at.number);
	row_key_member_id(&id, row->at.number, ms->member->row.id);
	const struct span none = {NULL, 0};
	put(ctx, &in_room, row->gone ? none : (struct span){joined, joined_pos.len});
	put(ctx, &id, row->gone ? none : (struct span){number, sizeof number});
	ms->indexed = !row->gone;
}

static void set_unlisted(struct membership *ms, bool unlisted)
{
	if (ms->unlisted == unlisted)
		return;
	ms->unlisted = unlisted;
	if (unlisted) {
		DL_APPEND2(ms->room->unlisted, ms, unlisted_prev, unlisted_next);
		DL_APPEND2(ms->member->unlisted, ms, member_prev, member_next);
	} else {
		DL_DELETE2(ms->room->unlisted, ms, unlisted_prev, unlisted_next);
		DL_DELETE2(ms->member->unlisted, ms, member_prev, member_next);
	}
}

static void membership_landed(struct row *row)
{
	struct membership *ms = (struct membership *)row;
	if (ms->indexed && !row->gone)
		set_unlisted(ms, false);
}

static void membership_failed(struct row *row)
{
	struct membership *ms = (struct membership *)row;
	ms->indexed = false;
	set_unlisted(ms, true);
}

static void drop_membership(void *core, struct row *row)
{
	struct core *c = core;
	struct membership *ms = (struct membership *)row;
	if (c->last_membership == ms)
		c->last_membership = NULL;
	free(ms->text);
	if (!ms->room)
		return;
	set_unlisted(ms, false);
	DL_DELETE2(ms->room->memberships, ms, room_prev, room_next);
	if (!row->gone)
		ms->room->all_members = false;
}

const struct row_kind membership_kind = {.name = "membership",
					 .no = KIND_MEMBERSHIP,
					 .table = ROW_ROOMS,
					 .sub = ROW_MEMBERSHIP,
					 .paired = true,
					 .size = sizeof(struct membership),
					 .put = put_membership,
					 .get = get_membership,
					 .put_beside = put_beside,
					 .landed = membership_landed,
					 .failed = membership_failed,
					 .drop = drop_membership};

static void link_membership(struct core *c, struct membership *ms, struct room *r, struct member *m)
{
	ms->room = r;
	ms->member = m;
	tables_set_profile(c, ms, ms->row.name, ms->row.avatar);
	DL_APPEND2(r->memberships, ms, room_prev, room_next);
	row_refer(&ms->base, &m->base);
}

struct membership *tables_resident(struct core *c, const struct room *r, const struct member *m)
{
	struct membership *ms = c->last_membership;
	if (ms && ms->room == r && ms->member == m)
		return ms;
	ms = (struct membership *)row_find(&c->engine, &membership_kind, r->no, m->no);
	if (ms)
		c->last_membership = ms;
	return ms;
}

enum parlor_err tables_membership(struct core *c, struct room *r, struct member *m,
				  struct membership **out)
{
	struct row *row;
	bool read;
	*out = tables_resident(c, r, m);
	if (*out) {
		if ((*out)->base.gone)
			*out = NULL;
		return PARLOR_E_OK;
	}
	if (r->all_members)
		return PARLOR_E_OK;

	enum parlor_err err =
		row_load(&c->engine, &membership_kind, r->no, m->no, &r->base, &row, &read);
	if (err || !row)
		return err;
	*out = (struct membership *)row;
	link_membership(c, *out, r, m);
	(*out)->indexed = true;
	return PARLOR_E_OK;
}

struct membership *tables_add_membership(struct core *c, struct room *r, struct member *m,
					 const struct row_membership *row)
{
	struct membership *ms = tables_resident(c, r, m);
	if (!ms) {
		ms = (struct membership *)row_add(&c->engine, &membership_kind, r->no, m->no,
						  &r->base);
		ms->row = *row;
		link_membership(c, ms, r, m);
	} else {
		assert(ms->base.gone);
		ms->row = *row;
		tables_set_profile(c, ms, row->name, row->avatar);
	}
	/* Of an earlier time in the room, where it was in it before. */
	ms->indexed = false;
	row_revive(&c->engine, &ms->base);
	set_unlisted(ms, true);
	tables_tell_inbox(c, ms);
	return ms;
}

static bool collect_tail(void *numbers, const void *key, size_t key_len, struct span value)
{
	(void)value;
	buf_put_u64(numbers, row_key_tail(key, key_len));
	return true;
}

enum parlor_err tables_load_members(struct core *c, struct room *r)
{
	if (r->all_members)
		return PARLOR_E_OK;
	struct row_key from;
	struct reader in;
	/* Numbers are collected first: loading reads other rows. */
	buf_clear(&c->scan);
	row_key_membership(&from, r->no, 0);
	enum parlor_err err =
		row_engine_scan(&c->engine, &from, ROW_PREFIX, collect_tail, &c->scan);
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

/* ---- blocks ------------------------------------------------------------------- */

static void put_block(struct buf *b, const struct row *row)
{
	const struct buf *bytes = &((const struct block *)row)->bytes;
	buf_put(b, bytes->data, bytes->len);
}

static bool get_block(struct row *row, struct span value)
{
	struct block *b = (struct block *)row;
	buf_put(&b->bytes, value.data, value.len);
	return block_count(value, &b->len);
}

static void drop_block(void *core, struct row *row)
{
	struct block *b = (struct block *)row;
	(void)core;
	buf_fini(&b->bytes);
	if (!b->room)
		return;
	DL_DELETE(b->room->blocks, b);
	if (b->room->tail == b)
		b->room->tail = NULL;
}

const struct row_kind block_kind = {.name = "block",
				    .no = KIND_BLOCK,
				    .table = ROW_ROOMS,
				    .sub = ROW_BLOCK,
				    .paired = true,
				    .brief = true,
				    .size = sizeof(struct block),
				    .put = put_block,
				    .get = get_block,
				    .drop = drop_block};

static void link_block(struct core *c, struct room *r, struct block *b)
{
	b->room = r;
	DL_APPEND(r->blocks, b);
	row_resize(&c->engine, &b->base, b->bytes.cap);
}

struct block *tables_add_block(struct core *c, struct room *r, uint64_t no)
{
	struct block *b = (struct block *)row_add(&c->engine, &block_kind, r->no, no, &r->base);
	link_block(c, r, b);
	return b;
}

enum parlor_err tables_block(struct core *c, struct room *r, uint64_t no, struct block **out)
{
	struct row *row;
	bool read;
	enum parlor_err err = row_load(&c->engine, &block_kind, r->no, no, &r->base, &row, &read);
	if (err)
		return err;
	*out = (struct block *)row;
	if (read)
		link_block(c, r, *out);
	else if (!row)
		*out = tables_add_block(c, r, no);
	return PARLOR_E_OK;
}

const struct block *tables_resident_block(const struct core *c, uint64_t room, uint64_t no)
{
	return (struct block *)row_find(&c->engine, &block_kind, room, no);
}

void tables_set_tail(struct core *c, struct room *r, struct block *b)
{
	struct block *before = r->tail;
	b->base.held = true;
	r->tail = b;
	if (before)
		row_release(&c->engine, &before->base);
}

void tables_touch_block(struct core *c, struct block *b)
{
	row_resize(&c->engine, &b->base, b->bytes.cap);
	row_touch(&c->engine, &b->base);
}

/* ---- what changed ----------------------------------------------------------- */

void tables_new_name(struct core *c, char kind, uint32_t tenant, struct span id, uint64_t number)
{
	struct row_key key;
	row_key_name(&key, kind, tenant, id);
	buf_clear(&c->scratch);
	row_put_number(&c->scratch, number);
	(void)first_row_add(&c->engine, &key, (struct span){c->scratch.data, c->scratch.len}, 0);
}

static void new_past(struct core *c, const struct membership *ms, uint64_t left_pos)
{
	struct row_key key;
	struct member *m = ms->member;
	row_key_past(&key, m->no, left_pos);
	buf_clear(&c->scratch);
	row_put_past(&c->scratch,
		     &(struct row_past){.room = ms->room->no, .joined_pos = ms->row.joined_pos});
	m->past_last = first_row_add(&c->engine, &key,
				     (struct span){c->scratch.data, c->scratch.len}, m->past_last);
}

void tables_new_own(struct core *c, const struct record *r, struct membership *ms)
{
	struct row_key key;
	row_key_own(&key, r->room, r->member, r->posted.seq);
	buf_clear(&c->scratch);
	row_put_number(&c->scratch, r->posted.own);
	uint64_t no =
		first_row_add(&c->engine, &key, (struct span){c->scratch.data, c->scratch.len},
			      ms ? ms->own_row : 0);
	if (ms)
		ms->own_row = no;
}

static uint64_t own_seq(const struct first_row *f)
{
	return be64_get(f->key.bytes + ROW_OWN_PREFIX);
}

static bool take_own(void *seq, const void *key, size_t key_len, struct span value)
{
	(void)key_len;
	(void)value;
	*(uint64_t *)seq = be64_get((const uint8_t *)key + ROW_OWN_PREFIX);
	return false;
}

enum parlor_err tables_own_behind(struct core *c, const struct membership *ms, uint64_t seq,
				  uint64_t *behind)
{
	struct row_key from;
	const struct first_row *f = first_row_at(&c->engine, ms->own_row);
	*behind = 0;
	/* Those on disk are older. */
	for (; f && own_seq(f) > seq; f = first_row_at(&c->engine, f->before)) {
		*behind = own_seq(f);
		meter_walk(c->engine.meter, 1);
	}
	if (f)
		return PARLOR_E_OK;
	row_key_own(&from, ms->room->no, ms->member->no, seq + 1);
	return row_engine_scan(&c->engine, &from, ROW_OWN_PREFIX, take_own, behind);
}

void tables_touch_room(struct core *c, struct room *r)
{
	row_touch(&c->engine, &r->base);
}

void tables_touch_member(struct core *c, struct member *m)
{
	row_touch(&c->engine, &m->base);
}

void tables_touch_membership(struct core *c, struct membership *ms)
{
	row_touch(&c->engine, &ms->base);
}

void tables_remove_membership(struct core *c, struct membership *ms, uint64_t position)
{
	row_remove(&c->engine, &ms->base);
	set_unlisted(ms, true);
	tables_tell_inbox(c, ms);
	meter_walk(c->engine.meter, 1);
	new_past(c, ms, position);
}

/* ---- all of them ------------------------------------------------------------- */

void tables_init(struct core *c, struct core_rows rows)
{
	row_engine_init(&c->engine, rows, &member_kind, &room_kind, c, c->limits.resident_bytes);
}

void tables_free(struct core *c)
{
	struct tenant *t, *next;
	row_engine_fini(&c->engine);
	HASH_ITER (by_no, c->tenants_by_no, t, next) {
		HASH_DELETE(by_no, c->tenants_by_no, t);
		HASH_DELETE(by_id, c->tenants_by_id, t);
		free(t->text);
		free(t);
	}
	activity_fini(&c->activity);
	buf_fini(&c->scratch);
	buf_fini(&c->scan);
}
