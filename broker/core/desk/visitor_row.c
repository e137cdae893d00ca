#include "core/desk/visitor_row.h"

#include "core/desk/config_row.h"

#include <stdlib.h>

static const struct field head[] = {FIELD(struct visitor, as_of), FIELD(struct visitor, removed),
				    FIELDS_END};

static void put_visitor(struct buf *b, const struct row *row)
{
	const struct visitor *v = (const struct visitor *)row;
	fields_encode(b, head, v);
	config_put_fields(b, CONFIG_VISITOR, &v->row);
}

static bool take(struct visitor *v, struct span fields)
{
	char *bytes = mem_text(fields.data, fields.len);
	free(v->bytes);
	v->bytes = bytes;
	return fields_decode_whole((struct span){bytes, fields.len},
				   config_form(CONFIG_VISITOR)->fields, &v->row);
}

static bool get_visitor(struct row *row, struct span value)
{
	struct visitor *v = (struct visitor *)row;
	struct reader in;
	reader_init(&in, value.data, value.len);
	fields_decode(&in, head, v);
	return !in.bad && take(v, (struct span){in.at, reader_left(&in)});
}

static void drop_visitor(void *core, struct row *row)
{
	(void)core;
	free(((struct visitor *)row)->bytes);
}

const struct row_kind visitor_row_kind = {.name = "visitor",
					  .no = KIND_VISITOR,
					  .table = ROW_MEMBERS,
					  .sub = ROW_VISITOR,
					  .paired = true,
					  .size = sizeof(struct visitor),
					  .put = put_visitor,
					  .get = get_visitor,
					  .drop = drop_visitor};

static const struct field guest_fields[] = {FIELD(struct guest, as_of),
					    FIELD(struct guest, row.conversation),
					    FIELD(struct guest, row.room),
					    FIELD(struct guest, row.seat),
					    FIELD(struct guest, row.served_us),
					    FIELD(struct guest, row.ended_us),
					    FIELDS_END};

static void drop_guest(void *core, struct row *row)
{
	(void)core;
	(void)row;
}

const struct row_kind guest_row_kind = {.name = "guest",
					.no = KIND_GUEST,
					.table = ROW_MEMBERS,
					.sub = ROW_GUEST,
					.paired = true,
					.size = sizeof(struct guest),
					.fields = guest_fields,
					.drop = drop_guest};

enum parlor_err visitor_find(struct core *c, struct member *m, struct visitor **out)
{
	struct row *row;
	bool read;
	enum parlor_err err =
		row_load(&c->engine, &visitor_row_kind, m->no, 0, &m->base, &row, &read);
	*out = err ? NULL : (struct visitor *)row;
	return err;
}

enum parlor_err visitor_put_in(struct core *c, struct member *m, struct span fields,
			       struct visitor **out)
{
	enum parlor_err err = visitor_find(c, m, out);
	if (err)
		return err;
	if (!*out)
		*out = (struct visitor *)row_add(&c->engine, &visitor_row_kind, m->no, 0, &m->base);
	if (!take(*out, fields))
		return PARLOR_E_STORE_CORRUPT;
	row_resize(&c->engine, &(*out)->base, fields.len);
	return PARLOR_E_OK;
}

enum parlor_err guest_find(struct core *c, struct member *m, uint64_t desk, struct guest **out)
{
	struct row *row;
	bool read;
	enum parlor_err err =
		row_load(&c->engine, &guest_row_kind, m->no, desk, &m->base, &row, &read);
	*out = err ? NULL : (struct guest *)row;
	return err;
}

enum parlor_err guest_put_in(struct core *c, struct member *m, uint64_t desk, struct guest **out)
{
	enum parlor_err err = guest_find(c, m, desk, out);
	if (!err && !*out)
		*out = (struct guest *)row_add(&c->engine, &guest_row_kind, m->no, desk, &m->base);
	return err;
}
