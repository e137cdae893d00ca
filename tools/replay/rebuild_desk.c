#include "rebuild_desk.h"

#include "core/desk/retold.h"
#include "desk_columns.h"
#include "verify_mysql_rooms.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---------------------------------------------------------------------------- */

struct rows_of {
	struct rebuild *r;
	unsigned kind; /* of the configuration */
	uint64_t since_us;
};

static void set_number(const struct field *f, void *is, uint64_t number)
{
	void *at = (char *)is + f->at;
	if (f->type == FIELD_VARINT)
		*(uint64_t *)at = number;
	else if (f->type == FIELD_U32)
		*(uint32_t *)at = (uint32_t)number;
	else if (f->type == FIELD_U8)
		*(uint8_t *)at = (uint8_t)number;
	else
		*(bool *)at = number != 0;
}

static void took(struct rows_of *of, enum parlor_err err, const struct history_row *f,
		 const char *table)
{
	struct rebuild *r = of->r;
	if (!err)
		err = builder_step(r->builder);
	if (err && !r->err)
		rebuild_misfit(r, f, "%s: %s", table, parlor_err_text(err));
	r->err = r->err ? r->err : err;
}

static void take_first(void *arg, const struct span *cells, unsigned n)
{
	(void)n;
	((struct rows_of *)arg)->since_us = db_cell_number(cells[0]);
}

static void take_party(void *arg, const struct span *cells, unsigned n)
{
	struct rows_of *of = arg;
	const struct history_row f = {
		.time_us = of->since_us, .tenant = cells[0], .room = {"", 0}, .member = cells[1]};
	const struct core_call call = rebuild_call(&f);
	(void)n;
	if (of->r->err)
		return;
	took(of,
	     retell_party(builder_core(of->r->builder), &call, cells[1], db_cell_number(cells[2])),
	     &f, "desk_party");
}

/* ent_id, no, removed, then the fields of its message. */
static void take_config(void *arg, const struct span *cells, unsigned n)
{
	struct rows_of *of = arg;
	union row_any row = {0};
	const struct config_form *form = config_form((enum config_no)of->kind);
	const struct history_row f = {
		.time_us = of->since_us, .tenant = cells[0], .room = {"", 0}, .member = cells[1]};
	const struct core_call call = rebuild_call(&f);
	(void)n;
	if (of->r->err)
		return;
	for (size_t i = 0; i < form->fields_len; i++)
		if (form->fields[i].type == FIELD_TEXT)
			*(struct span *)(void *)((char *)&row + form->fields[i].at) = cells[3 + i];
		else
			set_number(&form->fields[i], &row, db_cell_number(cells[3 + i]));
	of->r->counts.desk_rows++;
	took(of,
	     retell_desk_row(builder_core(of->r->builder), &call, (enum config_no)of->kind,
			     db_cell_number(cells[1]), &row, db_cell_number(cells[2]) != 0),
	     &f, desk_config_table(of->kind)->name);
}

static enum parlor_err select_config(struct db *db, struct rows_of *of)
{
	struct sql sql;
	const ProtobufCMessageDescriptor *form = desk_config_form(of->kind);
	sql_init(&sql, db);
	sql_put_text(&sql, "SELECT ent_id, no, removed");
	for (unsigned i = 0; i < form->n_fields; i++)
		sql_put(&sql, ", ?", sql_name(form->fields[i].name));
	sql_put(&sql, " FROM ? ORDER BY no", sql_name(desk_config_table(of->kind)->name));
	enum parlor_err err = db_select(db, &sql, take_config, of);
	sql_fini(&sql);
	return err;
}

static enum parlor_err select_text(struct db *db, const char *text, db_row_fn *fn, void *arg)
{
	struct sql sql;
	sql_init(&sql, db);
	sql_put_text(&sql, text);
	enum parlor_err err = db_select(db, &sql, fn, arg);
	sql_fini(&sql);
	return err;
}

/* They are as of no later than the first room, or it would seem to be as late as they. */
static const char first[] = "SELECT COALESCE(MIN(" MYSQL_US(
	"at") "), 0) FROM (SELECT MIN(created_at) AS at FROM room "
	      "UNION ALL SELECT MIN(created_at) FROM desk_party) AS f";

enum parlor_err rebuild_desk_rows(struct db *db, struct rebuild *r)
{
	struct rows_of of = {.r = r};
	enum parlor_err err = select_text(db, first, take_first, &of);
	if (!err)
		err = select_text(db, "SELECT ent_id, member_id, no FROM desk_party ORDER BY no",
				  take_party, &of);
	for (of.kind = 1; !err && !r->err && of.kind <= DESK_CONFIG_KINDS; of.kind++)
		err = select_config(db, &of);
	const struct core_call call = {.now_us = of.since_us};
	if (!err && !r->err && r->counts.desk_rows)
		took(&of, retell_desk_begin(builder_core(r->builder), &call),
		     &(struct history_row){.tenant = {"", 0}, .room = {"", 0}}, "desk_team");
	return err ? err : r->err;
}

/* ---- columns in JSON, and the members of a struct that they are ---------------------- */

struct part {
	const char *column;
	struct field field;
};

/* N: a column as it is, T: a time, U: a number that may be beyond what JSON has. */
#define SQL_N(column, of, member) "'" #column "', t." #column ", "
#define SQL_T(column, of, member) "'" #column "', " MYSQL_US("t." #column) ", "
#define SQL_U(column, of, member) "'" #column "', CAST(t." #column " AS CHAR), "
/* A text: what MySQL makes of JSON beside texts is not what MariaDB does. */
#define JSON(list) "CAST(JSON_OBJECT(" list(SQL_N, SQL_T, SQL_U) "'', 0) AS CHAR)"
#define PART(column, of, member) {#column, FIELD(struct of, member)},
#define PARTS(list)                    \
	(const struct part[])          \
	{                              \
		list(PART, PART, PART) \
		{                      \
			NULL           \
		}                      \
	}

#define CONVERSATION(N, T, U)                                     \
	N(product, row_conversation, product)                     \
	N(desk_no, row_conversation, desk)                        \
	N(team_no, row_conversation, team)                        \
	N(visitor_no, row_conversation, visitor)                  \
	N(type_no, row_conversation, type)                        \
	U(business, row_conversation, business)                   \
	N(reopens, row_conversation, reopens)                     \
	N(priority, row_conversation, priority)                   \
	N(level, row_conversation, level)                         \
	N(state, row_conversation, state)                         \
	N(asks, row_conversation, asks)                           \
	N(spoke, row_conversation, spoke)                         \
	N(first_seq, row_conversation, first_seq)                 \
	N(last_seq, row_conversation, last_seq)                   \
	N(close_why, row_conversation, close_why)                 \
	T(queued_at, row_conversation, queued_us)                 \
	T(assigned_at, row_conversation, assigned_us)             \
	T(first_response_at, row_conversation, first_response_us) \
	T(last_message_at, row_conversation, last_message_us)     \
	T(closed_at, row_conversation, closed_us)                 \
	T(rating_until, row_conversation, rating_until_us)
#define STINT(N, T, U)                       \
	N(no, row_stint, no)                 \
	N(seat_no, row_stint, seat)          \
	N(agent_no, row_stint, agent)        \
	N(how, row_stint, how)               \
	N(from_seq, row_stint, from_seq)     \
	N(to_seq, row_stint, to_seq)         \
	N(end_why, row_stint, end_why)       \
	N(wait_ms, row_stint, wait_ms)       \
	T(started_at, row_stint, started_us) \
	T(last_at, row_stint, last_us)       \
	T(ended_at, row_stint, ended_us)
#define OFFER(N, T, U)                  \
	N(offer, offer_view, offer)     \
	N(seat_no, offer_view, seat_no) \
	N(team_no, offer_view, team_no) \
	N(why, offer_view, why)         \
	N(how, offer_view, end)
#define OFFER_JSON "CAST(JSON_OBJECT(" OFFER(SQL_N, SQL_T, SQL_U) "'decision', t.decision) AS CHAR)"
#define TRANSFER(N, T, U)                              \
	N(no, transfer_view, no)                       \
	N(from_agent_no, transfer_view, from_agent_no) \
	N(to_agent_no, transfer_view, to_agent_no)     \
	N(to_team_no, transfer_view, to_team_no)       \
	N(mode, transfer_view, let_go)                 \
	N(by_no, transfer_view, by_no)                 \
	N(note, transfer_view, note)                   \
	N(how, transfer_view, end)                     \
	T(asked_at, transfer_view, asked_us)           \
	T(ended_at, transfer_view, ended_us)

static void take_part(const struct part *part, const json_t *value, void *is)
{
	if (part->field.type == FIELD_TEXT)
		*(struct span *)(void *)((char *)is + part->field.at) =
			(struct span){json_string_value(value), json_string_length(value)};
	else if (json_is_string(value))
		set_number(&part->field, is, strtoull(json_string_value(value), NULL, 10));
	else
		set_number(&part->field, is, (uint64_t)json_integer_value(value));
}

/* Texts of the struct borrow from the object. */
static json_t *take_parts(const struct history_row *f, const struct part *parts, void *is)
{
	json_t *row = json_loadb(f->body.data, f->body.len, 0, NULL);
	for (; row && parts->column; parts++) {
		const json_t *value = json_object_get(row, parts->column);
		if (value && !json_is_null(value))
			take_part(parts, value, is);
	}
	return row;
}

/* ---- conversations ----------------------------------------------------------------------- */

static enum parlor_err rebuild_opened(struct rebuild *r, const struct history_row *f)
{
	struct row_conversation row = {.id = f->name, .room_id = f->room};
	const struct core_call call = rebuild_call(f);
	json_t *from = take_parts(f, PARTS(CONVERSATION), &row);
	enum parlor_err err = PARLOR_E_VALUE;
	r->counts.conversations++;
	if (from) {
		/* What follows is told by and by. */
		struct row_conversation then = {.id = row.id,
						.room_id = row.room_id,
						.product = row.product,
						.desk = row.desk,
						.team = row.team,
						.visitor = row.visitor,
						.type = row.type,
						.business = row.business,
						.reopens = row.reopens,
						.priority = row.priority,
						.first_seq = row.first_seq,
						.queued_us = row.queued_us,
						.last_message_us = f->time_us};
		err = retell_opened(builder_core(r->builder), &call, f->numbers[0], &then);
	}
	json_decref(from);
	return err;
}

static enum parlor_err rebuild_so_far(struct rebuild *r, const struct history_row *f)
{
	struct row_conversation row = {.state = 0};
	const struct core_call call = rebuild_call(f);
	json_t *from = take_parts(f, PARTS(CONVERSATION), &row);
	enum parlor_err err = from ? retell_so_far(builder_core(r->builder), &call, f->name, &row)
				   : PARLOR_E_VALUE;
	json_decref(from);
	return err;
}

static enum parlor_err rebuild_rated(struct rebuild *r, const struct history_row *f)
{
	const struct core_call call = rebuild_call(f);
	return retell_rated(builder_core(r->builder), &call, f->name, (uint8_t)f->numbers[0],
			    f->body);
}

/* ---- what they have behind them ----------------------------------------------------------- */

static enum parlor_err add_stint(struct rebuild *r, const struct history_row *f, bool ends)
{
	struct row_stint stint = {.no = 0};
	const struct core_call call = rebuild_call(f);
	json_t *from = take_parts(f, PARTS(STINT), &stint);
	stint.robot = f->numbers[1] == 2;
	if (!ends) {
		stint.ended_us = stint.to_seq = 0;
		stint.end_why = 0;
	}
	enum parlor_err err = from ? retell_stint(builder_core(r->builder), &call, f->name,
						  (uint32_t)f->numbers[0], &stint)
				   : PARLOR_E_VALUE;
	json_decref(from);
	return err;
}

static enum parlor_err rebuild_assigned(struct rebuild *r, const struct history_row *f)
{
	return add_stint(r, f, false);
}

static enum parlor_err rebuild_released(struct rebuild *r, const struct history_row *f)
{
	return add_stint(r, f, true);
}

/* The message has the names that the column has. */
static json_t *take_decision(const json_t *text, struct decision *is)
{
	const ProtobufCMessageDescriptor *names = &parlor__decision__descriptor;
	json_t *from = json_is_string(text) ? json_loads(json_string_value(text), 0, NULL) : NULL;
	for (unsigned i = 0; from && i < names->n_fields; i++) {
		const struct part part = {names->fields[i].name, decision_fields[i]};
		take_part(&part, json_object_get(from, part.column), is);
	}
	return from;
}

static enum parlor_err add_offer(struct rebuild *r, const struct history_row *f, bool ends)
{
	struct offer_view offer = {.offer = 0};
	struct decision decision = {.ready = 0};
	const struct core_call call = rebuild_call(f);
	json_t *from = take_parts(f, PARTS(OFFER), &offer);
	json_t *decided = take_decision(json_object_get(from, "decision"), &decision);
	if (!ends)
		offer.end = 0;
	enum parlor_err err = from ? retell_offer(builder_core(r->builder), &call, f->name, &offer,
						  decided ? &decision : NULL)
				   : PARLOR_E_VALUE;
	json_decref(decided);
	json_decref(from);
	return err;
}

static enum parlor_err rebuild_offered(struct rebuild *r, const struct history_row *f)
{
	return add_offer(r, f, false);
}

static enum parlor_err rebuild_offer_ended(struct rebuild *r, const struct history_row *f)
{
	return add_offer(r, f, true);
}

static enum parlor_err add_transfer(struct rebuild *r, const struct history_row *f, bool ends)
{
	struct transfer_view transfer = {.no = 0};
	const struct core_call call = rebuild_call(f);
	json_t *from = take_parts(f, PARTS(TRANSFER), &transfer);
	if (!ends && !transfer.let_go) {
		transfer.end = 0;
		transfer.ended_us = 0;
	}
	/* Whom a team's was taken by was not known when it was asked for. */
	if (!ends && transfer.to_team_no)
		transfer.to_agent_no = 0;
	enum parlor_err err =
		from ? retell_transfer(builder_core(r->builder), &call, f->name, &transfer)
		     : PARLOR_E_VALUE;
	json_decref(from);
	return err;
}

static enum parlor_err rebuild_transfer(struct rebuild *r, const struct history_row *f)
{
	return add_transfer(r, f, false);
}

static enum parlor_err rebuild_transfer_ended(struct rebuild *r, const struct history_row *f)
{
	return add_transfer(r, f, true);
}

/* ---- as history ------------------------------------------------------------------------------ */

#define OF(table)                                                       \
	table " t JOIN desk_conversation v ON v.ent_id = t.ent_id AND " \
	      "v.conversation_id = t.conversation_id"
/* Behind all messages of that moment, in this order. What began in that moment, too, ends
 * behind its beginning; whoever hands over leaves when the next one is there. */
#define PHASE(n) "461168601842738790" #n
#define ENDS_LATE(began, ended, late, early) \
	"IF(" ended " = " began ", " PHASE(late) ", " PHASE(early) ")"
#define HANDS_OVER                                                                               \
	"(t.end_why IN (1, 6) AND EXISTS (SELECT 1 FROM desk_stint n WHERE n.ent_id = t.ent_id " \
	"AND n.conversation_id = t.conversation_id AND n.n = t.n + 1 "                           \
	"AND n.started_at = t.ended_at) AND NOT EXISTS (SELECT 1 FROM desk_transfer g WHERE "    \
	"g.ent_id = t.ent_id AND g.conversation_id = t.conversation_id AND g.mode = 1 "          \
	"AND g.asked_at = t.ended_at))"

const struct history_source rebuild_desk_history[REBUILD_DESK_HISTORY] = {
	{HISTORY_OPENS,
	 "desk_conversation t",
	 {"t.opened_at", "t.ent_id", "t.room", "t.first_seq - 1", NULL, "t.no", NULL, NULL,
	  "t.conversation_id", NULL, JSON(CONVERSATION)},
	 rebuild_opened},
	/* Accepted is what begins a stint. */
	{HISTORY_SERVES,
	 OF("desk_offer") " WHERE t.how NOT IN (0, 1)",
	 {"COALESCE(t.ended_at, t.offered_at, v.opened_at)", "t.ent_id", "v.room",
	  ENDS_LATE("COALESCE(t.offered_at, t.ended_at)", "t.ended_at", 5, 0), NULL, "t.offer",
	  "t.seat_no", NULL, "t.conversation_id", NULL, OFFER_JSON},
	 rebuild_offer_ended},
	{HISTORY_SERVES,
	 OF("desk_transfer"),
	 {"COALESCE(t.asked_at, v.opened_at)", "t.ent_id", "v.room",
	  "IF(t.mode = 1, " PHASE(1) ", " PHASE(3) ")", NULL, "t.no", NULL, NULL,
	  "t.conversation_id", NULL, JSON(TRANSFER)},
	 rebuild_transfer},
	/* Done is what was told when it was asked for. */
	{HISTORY_SERVES,
	 OF("desk_transfer") " WHERE t.how NOT IN (0, 5)",
	 {"COALESCE(t.ended_at, t.asked_at, v.opened_at)", "t.ent_id", "v.room",
	  "IF(t.how = 1 OR t.ended_at = t.asked_at, " PHASE(8) ", " PHASE(1) ")", NULL, "t.no",
	  NULL, NULL, "t.conversation_id", NULL, JSON(TRANSFER)},
	 rebuild_transfer_ended},
	{HISTORY_SERVES,
	 OF("desk_offer"),
	 {"COALESCE(t.offered_at, t.ended_at, v.opened_at)", "t.ent_id", "v.room", PHASE(4), NULL,
	  "t.offer", "t.seat_no", NULL, "t.conversation_id", NULL, OFFER_JSON},
	 rebuild_offered},
	{HISTORY_SERVES,
	 OF("desk_stint"),
	 {"t.started_at", "t.ent_id", "v.room", PHASE(6), "t.agent_id", "t.n", "t.kind", NULL,
	  "t.conversation_id", NULL, JSON(STINT)},
	 rebuild_assigned},
	{HISTORY_SERVES,
	 OF("desk_stint") " WHERE t.ended_at IS NOT NULL",
	 {"t.ended_at", "t.ent_id", "v.room",
	  "IF(t.ended_at = t.started_at OR " HANDS_OVER ", " PHASE(7) ", " PHASE(2) ")",
	  "t.agent_id", "t.n", "t.kind", NULL, "t.conversation_id", NULL, JSON(STINT)},
	 rebuild_released},
	{HISTORY_SERVES,
	 "desk_conversation t",
	 {"COALESCE(t.closed_at, t.updated_at)", "t.ent_id", "t.room", PHASE(9), NULL, "t.no", NULL,
	  NULL, "t.conversation_id", NULL, JSON(CONVERSATION)},
	 rebuild_so_far},
	{HISTORY_SERVES,
	 OF("desk_rating"),
	 {"COALESCE(t.rated_at, v.closed_at, v.updated_at)", "t.ent_id", "v.room", PHASE(9), NULL,
	  "t.score", NULL, NULL, "t.conversation_id", NULL, "t.comment"},
	 rebuild_rated},
};

/* ---- the end --------------------------------------------------------------------------------- */

static enum parlor_err step(void *ctx)
{
	struct rebuild *r = ctx;
	return builder_step(r->builder);
}

enum parlor_err rebuild_desk_withdraw(struct rebuild *r)
{
	/* At the moment of the last of it: time without a broker is none at a desk. */
	const struct core_call call = {.now_us = 0};
	return retell_withdraw(builder_core(r->builder), &call, step, r);
}
