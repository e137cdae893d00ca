#include "core/room_row.h"

#include "core/engine/large_table.h"
#include "core/name.h"

#include <stdlib.h>

/* A part of all rows. */
#define LARGE_TABLE_LOG2 (c->engine.buckets_log2 - 2U)

static void own(char **held, struct span *of_row, struct span text)
{
	char *copy = mem_text(text.data, text.len);
	free(*held);
	*held = copy;
	*of_row = (struct span){copy, text.len};
}

void room_resize(struct core *c, struct room *r)
{
	size_t places = r->key_places.ranges ? (size_t)1 << r->key_places.bits : 0;
	row_resize(&c->engine, &r->base,
		   r->row.name.len + 1 + r->row.labels.len + recent_bytes(&r->recent) +
			   places * sizeof(void *));
}

void room_set_name(struct core *c, struct room *r, struct span name)
{
	own(&r->name, &r->row.name, name);
	room_resize(c, r);
}

void room_set_labels(struct core *c, struct room *r, struct span labels)
{
	own(&r->labels, &r->row.labels, labels);
	room_resize(c, r);
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
	free(r->labels);
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
	name_key_set(r->id_key, r->row.tenant, r->row.id);
	r->row.id.data = r->id_key + sizeof r->row.tenant;
	room_set_name(c, r, r->row.name);
	if (r->row.labels.len)
		room_set_labels(c, r, r->row.labels);
	HASH_ADD_KEYPTR(by_id, c->rooms_by_id, r->id_key, sizeof r->row.tenant + r->row.id.len, r);
}

struct room *room_add(struct core *c, uint64_t no, const struct row_room *row)
{
	struct room *r = (struct room *)row_add(&c->engine, &room_kind, no, 0, NULL);
	r->row = *row;
	link_room(c, r);
	return r;
}

enum parlor_err room_find_no(struct core *c, uint64_t no, struct room **out)
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

enum parlor_err room_find(struct core *c, uint32_t tenant, struct span id, struct room **out)
{
	*out = NULL;
	if (id.len > ROW_ID_MAX)
		return PARLOR_E_OK;
	struct id_probe probe;
	name_probe(&probe, tenant, id);
	HASH_FIND(by_id, c->rooms_by_id, probe.bytes, probe.len, *out);
	if (*out) {
		(*out)->base.used = true;
		c->last_room = *out;
		return PARLOR_E_OK;
	}

	uint64_t number;
	enum parlor_err err = name_number(c, 'R', tenant, id, &number);
	if (err || !number)
		return err;
	return room_find_no(c, number, out);
}
