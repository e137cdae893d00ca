#include "desk_config.h"

#include "base/mem.h"
#include "desk_columns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* In the order of DeskSet's fields; a key's columns behind the first are fields. */
#define TABLE(table, ...)                                                        \
	{                                                                        \
		.name = (table), .migration = 4, .key = {"ent_id", __VA_ARGS__}, \
		.of_journal = true                                               \
	}
static const struct table tables[] = {
	TABLE("desk", "desk"),
	TABLE("desk_team", "desk", "team"),
	TABLE("desk_agent", "agent"),
	TABLE("desk_seat", "desk", "agent"),
	TABLE("desk_team_seat", "desk", "team", "agent"),
	TABLE("desk_visitor", "visitor"),
	TABLE("desk_group", "group"),
	TABLE("desk_type", "type"),
	TABLE("desk_route", "desk", "by", "value"),
	TABLE("desk_text", "desk", "team", "which"),
	TABLE("desk_hours", "hours"),
	TABLE("desk_business", "desk", "business"),
	TABLE("desk_seat_business", "desk", "agent", "business"),
};

const struct table *desk_config_table(unsigned kind)
{
	return &tables[kind - 1];
}

const ProtobufCMessageDescriptor *desk_config_form(unsigned kind)
{
	return protobuf_c_message_descriptor_get_field(&parlor__desk_set__descriptor, kind)
		->descriptor;
}

/* ---- fields ----------------------------------------------------------------------------- */

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessage *m, const char *name)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
	assert(f);
	return f;
}

static struct sql_value value_of(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const void *at = (const char *)m + f->offset;
	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		return sql_t(*(char *const *)at);
	case PROTOBUF_C_TYPE_UINT64:
		return sql_u(*(const uint64_t *)at);
	case PROTOBUF_C_TYPE_BOOL:
		return sql_u(*(const protobuf_c_boolean *)at ? 1 : 0);
	default:
		assert(f->type == PROTOBUF_C_TYPE_UINT32 || f->type == PROTOBUF_C_TYPE_ENUM);
		return sql_u(*(const uint32_t *)at);
	}
}

static struct sql_value value_named(const ProtobufCMessage *m, const char *name)
{
	return value_of(m, field_of(m, name));
}

/* NULL: none that this build knows. */
static const ProtobufCMessage *row_of(const Parlor__DeskSet *set)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(
		set->base.descriptor, (unsigned)set->row_case);
	if (set->row_case == PARLOR__DESK_SET__ROW__NOT_SET || set->row_case > DESK_CONFIG_KINDS ||
	    !f)
		return NULL;
	return *(ProtobufCMessage *const *)(const void *)((const char *)set + f->offset);
}

/* ---- folding ---------------------------------------------------------------------------- */

static void put_key(struct fold *fold, const char *tenant, unsigned kind,
		    const ProtobufCMessage *row)
{
	buf_clear(&fold->key);
	buf_put(&fold->key, &kind, sizeof kind);
	buf_put(&fold->key, tenant, strlen(tenant) + 1);
	for (const char *const *column = desk_config_table(kind)->key + 1; *column; column++) {
		struct sql_value value = value_named(row, *column);
		if (value.kind == SQL_TEXT)
			buf_put(&fold->key, value.text, strlen(value.text) + 1);
		else
			buf_put(&fold->key, &value.number, sizeof value.number);
	}
}

static void add_row(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	struct fold_configs *all = state;
	const Parlor__DeskRow *told = r->event->desk_row;
	const ProtobufCMessage *row = told->row ? row_of(told->row) : NULL;
	struct fold_config *config;
	if (!row)
		return;
	unsigned kind = (unsigned)told->row->row_case;
	put_key(fold, r->tenant, kind, row);
	HASH_FIND(hh, all->list, fold->key.data, fold->key.len, config);
	if (!config) {
		config = fold_entry(fold, sizeof *config);
		config->tenant = r->tenant;
		config->kind = kind;
		config->first_us = r->event->time_us;
		HASH_ADD_KEYPTR(hh, all->list, config + 1, fold->key.len, config);
	}
	config->key = row;
	if (!told->row->remove)
		config->row = row;
	config->no = told->no;
	config->removed = told->row->remove;
	config->time_us = r->event->time_us;
}

/* ---- writing ---------------------------------------------------------------------------- */

bool desk_config_is_key(unsigned kind, const char *field)
{
	for (const char *const *column = desk_config_table(kind)->key + 1; *column; column++)
		if (strcmp(*column, field) == 0)
			return true;
	return false;
}

/* In the order of put_row. */
size_t desk_config_columns(struct upsert_column *list, unsigned kind, bool all)
{
	const ProtobufCMessageDescriptor *d = desk_config_form(kind);
	size_t n = 0;
	list[n++] = (struct upsert_column){"ent_id", UPSERT_ONCE};
	list[n++] = (struct upsert_column){"no", UPSERT_SET};
	list[n++] = (struct upsert_column){"removed", UPSERT_SET};
	list[n++] = (struct upsert_column){"created_at", UPSERT_ONCE};
	list[n++] = (struct upsert_column){"updated_at", UPSERT_SET};
	assert(n == DESK_CONFIG_FIRST);
	for (unsigned i = 0; i < d->n_fields; i++) {
		bool key = desk_config_is_key(kind, d->fields[i].name);
		assert(n < ROW_VALUES_MAX);
		if (all || key)
			list[n++] = (struct upsert_column){d->fields[i].name,
							   key ? UPSERT_ONCE : UPSERT_SET};
	}
	return n;
}

static void put_row(struct upsert *u, const struct fold_config *config, bool all)
{
	struct sql_value values[ROW_VALUES_MAX] = {
		sql_t(config->tenant),      sql_u(config->no),         sql_u(config->removed),
		sql_time(config->first_us), sql_time(config->time_us),
	};
	const ProtobufCMessage *row = all ? config->row : config->key;
	const ProtobufCMessageDescriptor *d = row->descriptor;
	size_t n = DESK_CONFIG_FIRST;
	for (unsigned i = 0; i < d->n_fields; i++)
		if (all || desk_config_is_key(config->kind, d->fields[i].name))
			values[n++] = value_of(row, &d->fields[i]);
	upsert_put(u, values);
}

/* all: those of which all is known; else those that were there before and were removed. */
static enum parlor_err write_kind(struct db *db, const struct fold_configs *configs, unsigned kind,
				  bool all)
{
	struct upsert u;
	struct upsert_column columns[ROW_VALUES_MAX];
	bool any = false;
	for (const struct fold_config *c = configs->list; c; c = c->hh.next) {
		if (c->kind != kind || (c->row != NULL) != all)
			continue;
		if (!any)
			upsert_init(&u, db, desk_config_table(kind)->name, columns,
				    desk_config_columns(columns, kind, all));
		any = true;
		put_row(&u, c, all);
	}
	return any ? upsert_finish(&u) : PARLOR_E_OK;
}

static enum parlor_err configs_write(struct db *db, const struct fold *fold, void *state,
				     const struct mark *mark)
{
	const struct fold_configs *configs = state;
	enum parlor_err err = PARLOR_E_OK;
	(void)fold;
	(void)mark;
	for (unsigned kind = 1; !err && kind <= DESK_CONFIG_KINDS; kind++) {
		err = write_kind(db, configs, kind, true);
		if (!err)
			err = write_kind(db, configs, kind, false);
	}
	return err;
}

static void configs_free(void *state)
{
	struct fold_configs *all = state;
	MEM_FREE_TABLE(all->list);
}

#define SET(KIND)                                                                               \
	{                                                                                       \
		PARLOR__RECORD_KIND__RECORD_##KIND##_SET, PARLOR__EVENT__KIND_DESK_ROW, add_row \
	}
static const struct fold_kind kinds[] = {
	SET(DESK),  SET(TEAM), SET(AGENT), SET(SEAT), SET(TEAM_SEAT), SET(VISITOR),
	SET(GROUP), SET(TYPE), SET(ROUTE), SET(TEXT), SET(HOURS),     SET(BUSINESS),
};
_Static_assert(sizeof tables / sizeof *tables == DESK_CONFIG_KINDS, "a table for each kind");
const struct noun desk_config_noun = {
	NOUN_LIST(tables),      NOUN_LIST(kinds),     .state_bytes = sizeof(struct fold_configs),
	.write = configs_write, .free = configs_free,
};
