#include "core/desk/conversation_row.h"

#include "core/apply.h"
#include "core/decide.h"
#include "core/desk/config_row.h"
#include "core/name.h"
#include "core/room_row.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

static const struct field head[] = {FIELD(struct conversation, as_of),
				    FIELD(struct conversation, tenant), FIELDS_END};

static void put_conversation(struct buf *b, const struct row *row)
{
	const struct conversation *v = (const struct conversation *)row;
	fields_encode(b, head, v);
	conversation_put_row(b, &v->row);
}

static bool take(struct conversation *v, struct span bytes)
{
	struct row_conversation row;
	char *copy = mem_text(bytes.data, bytes.len);
	bool good = conversation_get_row((struct span){copy, bytes.len}, &row);
	free(v->bytes);
	v->bytes = copy;
	v->row = row;
	return good;
}

static bool get_conversation(struct row *row, struct span value)
{
	struct conversation *v = (struct conversation *)row;
	struct reader in;
	reader_init(&in, value.data, value.len);
	fields_decode(&in, head, v);
	v->no = row->at.number;
	return !in.bad && take(v, (struct span){in.at, reader_left(&in)});
}

static bool is_open(const struct conversation *v)
{
	return v->row.state != CONVERSATION_CLOSED;
}

/* Those that are open stand in a list of their own: a start reads no other. */
static void put_open(struct row *row, core_put_fn *put, void *ctx)
{
	const struct conversation *v = (const struct conversation *)row;
	struct row_key key;
	row_key_name(&key, ROW_OPEN, v->tenant, (struct span){NULL, 0});
	be64_put(key.bytes + key.len, v->no);
	key.len += sizeof(uint64_t);
	put(ctx, &key, is_open(v) ? (struct span){"", 0} : (struct span){NULL, 0});
}

static uint64_t due(const struct row *row)
{
	const struct conversation *v = (const struct conversation *)row;
	return v->due_us;
}

static enum parlor_err expire(void *core, struct row *row)
{
	struct core *c = core;
	return c->desk->hooks->expire(c, (struct conversation *)row);
}

static void drop_conversation(void *core, struct row *row)
{
	struct core *c = core;
	struct conversation *v = (struct conversation *)row;
	struct conversation **found = &c->desk->talks[v->no % DESK_TALKS];
	if (*found == v)
		*found = NULL;
	if (v->by_id.tbl)
		HASH_DELETE(by_id, c->desk->by_id, v);
	free(v->bytes);
}

const struct row_kind conversation_row_kind = {.name = "conversation",
					       .no = KIND_CONVERSATION,
					       .table = ROW_VISITS,
					       .sub = ROW_SELF,
					       .size = sizeof(struct conversation),
					       .put = put_conversation,
					       .get = get_conversation,
					       .put_beside = put_open,
					       .due_us = due,
					       .expire = expire,
					       .drop = drop_conversation};

static void link_id(struct core *c, struct conversation *v)
{
	name_key_set(v->id_key, v->tenant, v->row.id);
	HASH_ADD_KEYPTR(by_id, c->desk->by_id, v->id_key, sizeof v->tenant + v->row.id.len, v);
}

enum parlor_err conversation_find_no(struct core *c, uint64_t no, struct conversation **out)
{
	struct row *row;
	bool read;
	struct conversation **found = &c->desk->talks[no % DESK_TALKS];
	*out = *found;
	if (*out && (*out)->no == no) {
		(*out)->base.used = true;
		return PARLOR_E_OK;
	}
	enum parlor_err err =
		row_load(&c->engine, &conversation_row_kind, no, 0, NULL, &row, &read);
	*out = err ? NULL : (struct conversation *)row;
	if (read)
		link_id(c, *out);
	if (*out)
		*found = *out;
	return err;
}

enum parlor_err conversation_find(struct core *c, uint32_t tenant, struct span id,
				  struct conversation **out)
{
	uint64_t no;
	*out = NULL;
	if (id.len > ROW_ID_MAX)
		return PARLOR_E_OK;
	struct id_probe probe;
	name_probe(&probe, tenant, id);
	HASH_FIND(by_id, c->desk->by_id, probe.bytes, probe.len, *out);
	if (*out) {
		(*out)->base.used = true;
		return PARLOR_E_OK;
	}
	enum parlor_err err = name_number(c, ROW_VISIT_NAME, tenant, id, &no);
	return err || !no ? err : conversation_find_no(c, no, out);
}

struct conversation *conversation_of_visitor(struct core *c, uint64_t desk, uint64_t visitor)
{
	const uint64_t key[2] = {desk, visitor};
	struct conversation *v;
	HASH_FIND(by_visitor, c->desk->by_visitor, key, sizeof key, v);
	return v;
}

enum parlor_err conversation_put_in(struct core *c, uint64_t no, uint32_t tenant, struct span row,
				    struct conversation **out)
{
	bool is_new = !*out;
	if (is_new) {
		*out = (struct conversation *)row_add(&c->engine, &conversation_row_kind, no, 0,
						      NULL);
		(*out)->no = no;
		(*out)->tenant = tenant;
	}
	if (!take(*out, row))
		return PARLOR_E_STORE_CORRUPT;
	if (is_new) {
		link_id(c, *out);
		name_add(c, ROW_VISIT_NAME, tenant, (*out)->row.id, no);
	}
	row_resize(&c->engine, &(*out)->base, row.len);
	return PARLOR_E_OK;
}

struct room *conversation_room(struct core *c, const struct conversation *v)
{
	struct room *room;
	enum parlor_err err = room_find_no(c, v->row.room, &room);
	if (!err && !room)
		err = PARLOR_E_STORE_CORRUPT;
	if (err)
		core_break(c, err);
	return err ? NULL : room;
}

uint64_t conversation_serving(struct core *c, const struct conversation *v)
{
	if (v->linked)
		return v->seat ? v->seat->row.party_no : 0;
	const struct config *seat = v->row.seat ? config_find_no(c, v->row.seat) : NULL;
	return seat ? ((const struct seat *)seat->is)->row.party_no : 0;
}

#define BEFORE(node)                                                                          \
	bool conversation_before_##node(const struct rank_node *x, const struct rank_node *y) \
	{                                                                                     \
		return CONTAINER(x, const struct conversation, node)->row.key <               \
		       CONTAINER(y, const struct conversation, node)->row.key;                \
	}
BEFORE(in_all)
BEFORE(in_free)
BEFORE(in_overflow)

void conversation_set_due(struct core *c, struct conversation *v)
{
	v->due_us = v->linked ? c->desk->hooks->due(v) : 0;
	row_set_due(&c->engine, &v->base);
}

struct load {
	struct core *core;
	enum parlor_err err;
};

static bool load_one(void *arg, const void *key, size_t key_len, struct span value)
{
	struct load *load = arg;
	struct conversation *v;
	(void)value;
	load->err = conversation_find_no(
		load->core, be64_get((const uint8_t *)key + key_len - sizeof(uint64_t)), &v);
	/* It stays until it is closed. */
	if (!load->err && v && !v->pinned) {
		v->pinned = true;
		v->base.refs++;
		DL_APPEND(load->core->desk->loaded, v);
	}
	return !load->err;
}

enum parlor_err conversation_load(struct core *c)
{
	struct load load = {.core = c};
	struct row_key from;
	row_key_name(&from, ROW_OPEN, 0, (struct span){NULL, 0});
	enum parlor_err err = row_engine_scan(&c->engine, &from, 1, load_one, &load);
	return err ? err : load.err;
}

/* ---- stints ------------------------------------------------------------------- */

static void put_stint(struct buf *b, const struct row *row)
{
	const struct stint *s = (const struct stint *)row;
	buf_put_varint(b, s->as_of);
	stint_put_row(b, &s->row);
}

static bool get_stint(struct row *row, struct span value)
{
	struct stint *s = (struct stint *)row;
	struct reader in;
	reader_init(&in, value.data, value.len);
	s->as_of = reader_varint(&in);
	return !in.bad && stint_get_row((struct span){in.at, reader_left(&in)}, &s->row);
}

static void drop_stint(void *core, struct row *row)
{
	(void)core;
	(void)row;
}

const struct row_kind stint_row_kind = {.name = "stint",
					.no = KIND_STINT,
					.table = ROW_VISITS,
					.sub = ROW_STINT,
					.paired = true,
					.size = sizeof(struct stint),
					.put = put_stint,
					.get = get_stint,
					.drop = drop_stint};

enum parlor_err stint_find(struct core *c, struct conversation *v, uint32_t n, struct stint **out)
{
	struct row *row;
	bool read;
	enum parlor_err err =
		row_load(&c->engine, &stint_row_kind, v->no, n, &v->base, &row, &read);
	*out = err ? NULL : (struct stint *)row;
	return err;
}

enum parlor_err stint_put_in(struct core *c, struct conversation *v, const struct record *r)
{
	uint32_t n = r->conversation.stint_n;
	struct stint *s = (struct stint *)row_find(&c->engine, &stint_row_kind, v->no, n);
	enum parlor_err err = PARLOR_E_OK;
	if (!s && !apply_is_first(c, r))
		err = stint_find(c, v, n, &s);
	if (!err && !s)
		s = (struct stint *)row_add(&c->engine, &stint_row_kind, v->no, n, &v->base);
	if (err || s->as_of >= r->position)
		return err;
	s->as_of = r->position;
	row_touch(&c->engine, &s->base);
	return stint_get_row(r->conversation.stint, &s->row) ? PARLOR_E_OK : PARLOR_E_STORE_CORRUPT;
}
