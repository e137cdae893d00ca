#include "desk_rows.h"

#include "audit/finding.h"
#include "core/desk/form.h"
#include "core/desk/list.h"
#include "core/desk/row.h"
#include "core/tenant.h"
#include "event/form.h"

#include "base/mem.h"

#include <stdlib.h>

/* Rows that the core reads for this, until it lets them go. */
#define EVICT_ROWS 1000

static enum parlor_err name_tenant(struct desk_rows *d, uint32_t no)
{
	struct span id;
	enum parlor_err err = core_tenant_id(d->engine->core, no, &id);
	if (!err)
		audit_text(d->tenant, sizeof d->tenant, id);
	return err;
}

static bool is_self(struct span key)
{
	return key.len == ROW_PREFIX && ((const uint8_t *)key.data)[ROW_PREFIX - 1] == ROW_SELF;
}

/* ---- rows of the configuration --------------------------------------------------------- */

static void begin_config(struct desk_rows *d)
{
	pager_init(&d->pager, engine_rows(d->engine),
		   d->kind == CONFIG_VISITOR ? ROW_MEMBERS : ROW_DESK);
}

static void put_field(struct buf *b, const struct field *f, const void *is)
{
	if (f->type == FIELD_TEXT)
		desk_cells_put_text(b,
				    *(const struct span *)(const void *)((const char *)is + f->at));
	else
		desk_cells_put(b, sql_u(event_form_number(f, is)));
}

/* In the order of desk_config_columns. */
static void put_config(struct desk_rows *d, bool removed, const union row_any *row)
{
	const struct config_form *form = config_form((enum config_no)d->kind);
	desk_cells_put(&d->cells, sql_t(d->tenant));
	desk_cells_put(&d->cells, sql_u(d->numbers[0]));
	desk_cells_put(&d->cells, sql_u(removed));
	desk_cells_put_unknown(&d->cells);
	desk_cells_put_unknown(&d->cells);
	for (size_t i = 0; i < form->fields_len; i++)
		put_field(&d->cells, &form->fields[i], row);
}

/* The stored bytes: as of when, tenant, removed, kind, fields. */
static enum parlor_err take_config(struct desk_rows *d, struct span value)
{
	union row_any row = {0};
	struct reader in;
	reader_init(&in, value.data, value.len);
	(void)reader_varint(&in);
	uint32_t tenant = (uint32_t)reader_varint(&in);
	bool removed = reader_u8(&in) != 0;
	if (reader_u8(&in) != d->kind)
		return in.bad ? PARLOR_E_STORE_CORRUPT : PARLOR_E_NOT_FOUND;
	fields_decode(&in, config_form((enum config_no)d->kind)->fields, &row);
	if (in.bad)
		return PARLOR_E_STORE_CORRUPT;
	enum parlor_err err = name_tenant(d, tenant);
	put_config(d, removed, &row);
	return err;
}

/* Beside the member: as of when, removed, fields. */
static enum parlor_err take_visitor(struct desk_rows *d, struct span value)
{
	union row_any row = {0};
	struct row_key key;
	struct row_member member;
	struct span self;
	struct reader in;
	struct core_rows rows = engine_rows(d->engine);
	row_key_member(&key, d->numbers[0]);
	enum parlor_err err = rows.get(rows.ctx, &key, &self);
	if (err || !row_get_member(self, &member))
		return PARLOR_E_STORE_CORRUPT;
	err = name_tenant(d, member.tenant);
	reader_init(&in, value.data, value.len);
	(void)reader_varint(&in);
	bool removed = reader_u8(&in) != 0;
	fields_decode(&in, config_form(CONFIG_VISITOR)->fields, &row);
	put_config(d, removed, &row);
	return in.bad ? PARLOR_E_STORE_CORRUPT : err;
}

static enum parlor_err next_config(struct desk_rows *d)
{
	struct span key, value;
	enum parlor_err err;
	while (!(err = pager_next(&d->pager, &key, &value))) {
		bool visitor = key.len > ROW_PREFIX &&
			       ((const uint8_t *)key.data)[ROW_PREFIX - 1] == ROW_VISITOR;
		buf_clear(&d->cells);
		d->numbers[0] = be64_get(key.data);
		if (d->kind == CONFIG_VISITOR)
			err = visitor ? take_visitor(d, value) : PARLOR_E_NOT_FOUND;
		else
			err = take_config(d, value);
		if (err == PARLOR_E_NOT_FOUND)
			continue;
		d->ahead = desk_told_is_ahead(d->told, d->kind, d->numbers[0]);
		return err;
	}
	return err;
}

/* ---- parties ------------------------------------------------------------------------------- */

static int by_number(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

static void note_agent(struct desk_rows *d, struct span value)
{
	union row_any row = {0};
	struct reader in;
	reader_init(&in, value.data, value.len);
	(void)reader_varint(&in);
	(void)reader_varint(&in);
	(void)reader_u8(&in);
	if (reader_u8(&in) != CONFIG_AGENT)
		return;
	fields_decode(&in, config_form(CONFIG_AGENT)->fields, &row);
	MEM_GROW(d->agents, d->agents_len, d->agents_cap, 64);
	d->agents[d->agents_len++] = row.agent.party_no;
}

static void begin_parties(struct desk_rows *d)
{
	struct span key, value;
	pager_init(&d->pager, engine_rows(d->engine), ROW_DESK);
	while (!pager_next(&d->pager, &key, &value))
		note_agent(d, value);
	pager_fini(&d->pager);
	if (d->agents_len)
		qsort(d->agents, d->agents_len, sizeof *d->agents, by_number);
	pager_init(&d->pager, engine_rows(d->engine), ROW_MEMBERS);
}

/* Of the visitor at a desk: as of when, conversation, room. */
static bool note_room(void *arg, const void *key, size_t key_len, struct span value)
{
	struct reader in;
	(void)key;
	(void)key_len;
	reader_init(&in, value.data, value.len);
	(void)reader_varint(&in);
	(void)reader_varint(&in);
	*(uint64_t *)arg = reader_varint(&in);
	return false;
}

static bool note_any(void *arg, const void *key, size_t key_len, struct span value)
{
	(void)key;
	(void)key_len;
	(void)value;
	*(bool *)arg = true;
	return false;
}

static enum parlor_err name_room(struct desk_rows *d, uint64_t no)
{
	struct row_key key;
	struct span value;
	struct row_room row;
	struct core_rows rows = engine_rows(d->engine);
	row_key_room(&key, no);
	enum parlor_err err = rows.get(rows.ctx, &key, &value);
	if (!err && !row_get_room(value, &row))
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		audit_text(d->room, sizeof d->room, row.id);
	return err;
}

/* With the room of its visits, where it is one by these alone. */
static enum parlor_err is_party(struct desk_rows *d, uint64_t member, bool *is)
{
	struct row_key key;
	struct core_rows rows = engine_rows(d->engine);
	uint64_t room = 0;
	*is = d->agents_len &&
	      bsearch(&member, d->agents, d->agents_len, sizeof *d->agents, by_number) != NULL;
	row_key_one(&key, ROW_MEMBERS, member, ROW_VISITOR);
	enum parlor_err err = *is ? PARLOR_E_OK : rows.scan(rows.ctx, &key, key.len, note_any, is);
	d->room[0] = 0;
	if (err || *is)
		return err;
	row_key_one(&key, ROW_MEMBERS, member, ROW_GUEST);
	err = rows.scan(rows.ctx, &key, key.len, note_room, &room);
	*is = !err && room;
	return *is ? name_room(d, room) : err;
}

static enum parlor_err next_party(struct desk_rows *d)
{
	struct span key, value;
	struct row_member member;
	enum parlor_err err;
	while (!(err = pager_next(&d->pager, &key, &value))) {
		uint64_t no = be64_get(key.data);
		bool is = false;
		if (is_self(key) && (err = is_party(d, no, &is)))
			return err;
		if (!is)
			continue;
		if (!row_get_member(value, &member))
			return PARLOR_E_STORE_CORRUPT;
		audit_text(d->id, sizeof d->id, member.id);
		err = name_tenant(d, member.tenant);
		d->numbers[0] = no;
		const struct sql_value values[] = {sql_t(d->tenant), sql_t(d->id), sql_u(no),
						   sql_time(0)};
		desk_cells_put_all(&d->cells, desk_party_columns.list, values,
				   desk_party_columns.len);
		d->ahead = desk_told_is_ahead(d->told, 0, no);
		return err;
	}
	return err;
}

/* ---- conversations and stints --------------------------------------------------------------- */

static void begin_visits(struct desk_rows *d)
{
	pager_init(&d->pager, engine_rows(d->engine), ROW_VISITS);
}

static enum parlor_err take_conversation(struct desk_rows *d, struct span key, struct span value,
					 struct row_conversation *row)
{
	struct reader in;
	reader_init(&in, value.data, value.len);
	(void)reader_varint(&in); /* as of when */
	uint32_t tenant = (uint32_t)reader_varint(&in);
	if (in.bad || !conversation_get_row((struct span){in.at, reader_left(&in)}, row))
		return PARLOR_E_STORE_CORRUPT;
	d->conversation = be64_get(key.data);
	d->visitor = row->visitor;
	audit_text(d->id, sizeof d->id, row->id);
	audit_text(d->room, sizeof d->room, row->room_id);
	return name_tenant(d, tenant);
}

/* As it would be told: with the ids of what the row has as numbers. */
static enum parlor_err tell(struct desk_rows *d, Parlor__Conversation **told)
{
	struct conversation_view view;
	const struct core_call call = {.tenant = SPAN_TEXT(d->tenant)};
	enum parlor_err err = core_desk_show(d->engine->core, &call, SPAN_TEXT(d->id), &view);
	if (err)
		return err;
	buf_clear(&d->told_of);
	event_put_form(&d->told_of, &parlor__conversation__descriptor, conversation_view_fields,
		       &view);
	*told = parlor__conversation__unpack(NULL, d->told_of.len, d->told_of.data);
	if (++d->since_evict % EVICT_ROWS == 0)
		core_evict(d->engine->core);
	return *told ? PARLOR_E_OK : PARLOR_E_NO_MEMORY;
}

static enum parlor_err next_conversation(struct desk_rows *d)
{
	struct row_conversation row;
	struct span key, value;
	struct sql_value values[ROW_VALUES_MAX];
	Parlor__Conversation *c;
	enum parlor_err err;
	do
		err = pager_next(&d->pager, &key, &value);
	while (!err && !is_self(key));
	if (!err)
		err = take_conversation(d, key, value, &row);
	if (!err)
		err = tell(d, &c);
	if (err)
		return err;
	d->numbers[0] = d->conversation;
	const struct desk_now now = {.tenant = d->tenant,
				     .id = d->id,
				     .told = c,
				     .asks = c->asks,
				     .spoke = (int)c->spoke,
				     .spoke_seq = row.spoke_seq,
				     .first_response_us = c->first_response_us,
				     .last_message_us = c->last_message_us};
	desk_conversation_values(values, &now);
	desk_cells_put_all(&d->cells, desk_conversation_columns.list, values,
			   desk_conversation_columns.len);
	parlor__conversation__free_unpacked(c, NULL);
	return PARLOR_E_OK;
}

static enum parlor_err stint_at(struct desk_rows *d, uint64_t n, struct row_stint *row)
{
	struct row_key key;
	struct span value;
	struct reader in;
	struct core_rows rows = engine_rows(d->engine);
	row_key_pair(&key, ROW_VISITS, d->conversation, ROW_STINT, n);
	enum parlor_err err = rows.get(rows.ctx, &key, &value);
	if (err)
		return err;
	reader_init(&in, value.data, value.len);
	(void)reader_varint(&in);
	return stint_get_row((struct span){in.at, reader_left(&in)}, row) ? PARLOR_E_OK
									  : PARLOR_E_STORE_CORRUPT;
}

static enum parlor_err put_stint(struct desk_rows *d, uint64_t n)
{
	struct sql_value values[ROW_VALUES_MAX];
	struct row_stint row;
	struct row_member member;
	struct row_key key;
	struct span value;
	struct core_rows rows = engine_rows(d->engine);
	char agent[ROW_ID_MAX + 1];
	enum parlor_err err = stint_at(d, n, &row);
	row_key_member(&key, row.agent);
	if (!err)
		err = rows.get(rows.ctx, &key, &value);
	if (!err && !row_get_member(value, &member))
		err = PARLOR_E_STORE_CORRUPT;
	if (err)
		return err;
	audit_text(agent, sizeof agent, member.id);
	Parlor__Conversation c = PARLOR__CONVERSATION__INIT;
	Parlor__Stint s = PARLOR__STINT__INIT;
	c.conversation = d->id;
	c.visitor_no = d->visitor;
	s.no = row.no;
	s.n = (uint32_t)n;
	s.agent = agent;
	s.agent_no = row.agent;
	s.seat_no = row.seat;
	s.robot = row.robot;
	s.how = (Parlor__AssignHow)row.how;
	s.from_seq = row.from_seq;
	s.to_seq = row.to_seq;
	s.started_us = row.started_us;
	s.last_us = row.last_us;
	s.ended_us = row.ended_us;
	s.end_why = (Parlor__ReleaseWhy)row.end_why;
	s.wait_ms = row.wait_ms;
	desk_stint_values(values, d->tenant, &c, &s);
	desk_cells_put_all(&d->cells, desk_stint_columns.list, values, desk_stint_columns.len);
	return PARLOR_E_OK;
}

static enum parlor_err next_stint(struct desk_rows *d)
{
	struct row_conversation row;
	struct span key, value;
	enum parlor_err err;
	while (!(err = pager_next(&d->pager, &key, &value)) && is_self(key))
		if ((err = take_conversation(d, key, value, &row)))
			return err;
	if (err)
		return err;
	d->numbers[0] = d->conversation;
	d->numbers[1] = row_key_tail(key.data, key.len);
	return put_stint(d, d->numbers[1]);
}

/* ---- what was told ----------------------------------------------------------------------------
 */

static void begin_told(struct desk_rows *d)
{
	struct row_key from;
	struct core_rows rows = desk_told_rows(d->told, d->table->told, &from);
	pager_init_at(&d->pager, rows, &from, DESK_TOLD_PREFIX);
}

/* Of the last stint of a human. */
static enum parlor_err put_rated(struct desk_rows *d)
{
	struct row_key key;
	struct span value;
	struct row_conversation row;
	struct row_stint stint = {0};
	struct core_rows rows = engine_rows(d->engine);
	row_key_one(&key, ROW_VISITS, d->numbers[0], ROW_SELF);
	enum parlor_err err = rows.get(rows.ctx, &key, &value);
	if (!err)
		err = take_conversation(d, (struct span){key.bytes, key.len}, value, &row);
	uint32_t n = err ? 0 : row.stints;
	for (; !err && n > 0; n--)
		if ((err = stint_at(d, n, &stint)) || !stint.robot)
			break;
	desk_cells_put(&d->cells, sql_u(n));
	desk_cells_put(&d->cells, sql_u(n ? stint.agent : 0));
	return err;
}

static enum parlor_err next_told(struct desk_rows *d)
{
	struct span key, value;
	struct reader in;
	enum parlor_err err = pager_next(&d->pager, &key, &value);
	if (err)
		return err;
	reader_init(&in, value.data, value.len);
	audit_text(d->room, sizeof d->room, reader_span(&in));
	buf_put(&d->cells, in.at, reader_left(&in));
	for (int i = 0; i < DESK_ROW_NUMBERS; i++)
		d->numbers[i] = be64_get((const uint8_t *)key.data + DESK_TOLD_PREFIX + 8 * i);
	return d->table->told == TOLD_RATINGS ? put_rated(d) : PARLOR_E_OK;
}

/* ---- the tables -------------------------------------------------------------------------------
 */

#define OF_CONVERSATION(name)                                               \
	name " t LEFT JOIN desk_conversation v ON v.ent_id = t.ent_id AND " \
	     "v.conversation_id = t.conversation_id"
#define ITS_NO "COALESCE(v.no, 0)"
#define ITS_ROOM "COALESCE(v.room, '')"

static const struct desk_table config_table = {
	.numbers = "t.no, 0, 0", .room = "''", .begin = begin_config, .next = next_config};
static const struct desk_table tables[] = {
	{"desk_party", "t.no, 0, 0", "''", "desk_party t", &desk_party_columns, 0, begin_parties,
	 next_party},
	{"desk_conversation", "t.no, 0, 0", "t.room", "desk_conversation t",
	 &desk_conversation_columns, 0, begin_visits, next_conversation},
	{"desk_stint", ITS_NO ", t.n, 0", ITS_ROOM, OF_CONVERSATION("desk_stint"),
	 &desk_stint_columns, 0, begin_visits, next_stint},
	{"desk_offer", ITS_NO ", t.offer, t.seat_no", ITS_ROOM, OF_CONVERSATION("desk_offer"),
	 &desk_offer_columns, TOLD_OFFERS, begin_told, next_told},
	{"desk_transfer", ITS_NO ", t.no, 0", ITS_ROOM, OF_CONVERSATION("desk_transfer"),
	 &desk_transfer_columns, TOLD_TRANSFERS, begin_told, next_told},
	{"desk_rating", ITS_NO ", 0, 0", ITS_ROOM, OF_CONVERSATION("desk_rating"),
	 &desk_rating_columns, TOLD_RATINGS, begin_told, next_told},
};

const struct desk_table *desk_table_of_config(void)
{
	return &config_table;
}

const struct desk_table *desk_table_at(size_t n)
{
	return n < sizeof tables / sizeof *tables ? &tables[n] : NULL;
}

void desk_rows_begin(struct desk_rows *d, struct engine *engine, struct desk_told *told,
		     const struct desk_table *table, unsigned kind)
{
	*d = (struct desk_rows){.engine = engine, .told = told, .table = table, .kind = kind};
	table->begin(d);
}

void desk_rows_fini(struct desk_rows *d)
{
	pager_fini(&d->pager);
	buf_fini(&d->cells);
	buf_fini(&d->told_of);
	free(d->agents);
}

enum parlor_err desk_rows_next(struct desk_rows *d)
{
	buf_clear(&d->cells);
	d->ahead = false;
	enum parlor_err err = d->table->next(d);
	d->ended = err == PARLOR_E_NOT_FOUND;
	return d->ended ? PARLOR_E_OK : err;
}
