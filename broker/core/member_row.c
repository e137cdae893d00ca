#include "core/member_row.h"

#include "core/engine/large_table.h"
#include "core/name.h"

#include <stdlib.h>

/* A part of all rows. */
#define LARGE_TABLE_LOG2 (c->engine.buckets_log2 - 2U)

static uint64_t inbox_bytes(const struct inbox *in)
{
	return sizeof *in + room_order_bytes(&in->rooms);
}

void member_drop_inbox(struct core *c, struct member *m)
{
	if (!m->inbox)
		return;
	m->inbox->gone_next = c->inboxes.gone;
	c->inboxes.gone = m->inbox;
	c->inboxes.gone_bytes += inbox_bytes(m->inbox);
	m->inbox = NULL;
}

void member_free_inboxes(struct core *c, size_t rooms_max)
{
	struct inbox_holds *h = &c->inboxes;
	struct inbox *in;
	while ((in = h->gone) != NULL) {
		h->gone_bytes -= inbox_bytes(in);
		rooms_max -= room_order_free_some(&in->rooms, rooms_max);
		if (in->rooms.len) {
			h->gone_bytes += inbox_bytes(in);
			return;
		}
		h->gone = in->gone_next;
		free(in);
	}
}

void member_resize(struct core *c, struct member *m)
{
	row_resize(&c->engine, &m->base, m->inbox ? inbox_bytes(m->inbox) : 0);
}

static void drop_member(void *core, struct row *row)
{
	struct core *c = core;
	struct member *m = (struct member *)row;
	if (c->last_member == m)
		c->last_member = NULL;
	if (m->no)
		HASH_DELETE(by_id, c->members_by_id, m);
	member_drop_inbox(c, m);
}

const struct row_kind member_kind = {.name = "member",
				     .no = KIND_MEMBER,
				     .table = ROW_MEMBERS,
				     .sub = ROW_SELF,
				     .size = sizeof(struct member),
				     .fields = row_member_fields,
				     .fields_at = offsetof(struct member, row),
				     .drop = drop_member};

static void link_member(struct core *c, struct member *m)
{
	m->no = m->base.at.number;
	name_key_set(m->id_key, m->row.tenant, m->row.id);
	m->row.id.data = m->id_key + sizeof m->row.tenant;
	HASH_ADD_KEYPTR(by_id, c->members_by_id, m->id_key, sizeof m->row.tenant + m->row.id.len,
			m);
}

struct member *member_add(struct core *c, uint64_t no, const struct row_member *row)
{
	struct member *m = (struct member *)row_add(&c->engine, &member_kind, no, 0, NULL);
	m->row = *row;
	link_member(c, m);
	return m;
}

enum parlor_err member_find_no(struct core *c, uint64_t no, struct member **out)
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

enum parlor_err member_find(struct core *c, uint32_t tenant, struct span id, struct member **out)
{
	*out = NULL;
	if (id.len > ROW_ID_MAX)
		return PARLOR_E_OK;
	struct id_probe probe;
	name_probe(&probe, tenant, id);
	HASH_FIND(by_id, c->members_by_id, probe.bytes, probe.len, *out);
	if (*out) {
		(*out)->base.used = true;
		c->last_member = *out;
		return PARLOR_E_OK;
	}

	uint64_t number;
	enum parlor_err err = name_number(c, 'M', tenant, id, &number);
	if (err || !number)
		return err;
	return member_find_no(c, number, out);
}
