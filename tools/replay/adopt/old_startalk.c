#include "adopt/old_startalk.h"

#include "adopt/startalk_plan.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const columns[STARTALK_TABLES][DUMP_COLUMNS_MAX] = {
	[STARTALK_MAPPING] = {"session_id", "customer_name", "shop_id", "product_id", "status",
			      "request_count", "distributed_time", "inqueue_time", "last_ack_time",
			      "seat_name", "group_id"},
	[STARTALK_SESSION] = {"id", "session_id", "user_name", "seat_name", "shop_name",
			      "product_id", "session_state", "isrobot_seat", "created_time",
			      "update_time"},
	[STARTALK_SEAT] = {"id", "qunar_name", "web_name", "nickname", "face_link", "supplier_id",
			   "priority", "create_time", "last_update_time", "old_supplier_id",
			   "old_id", "service_status", "status", "max_user", "bind_wx", "host"},
	[STARTALK_SUPPLIER] = {"id", "name", "create_time", "last_update_time", "old_id",
			       "logo_url", "welcomes", "status", "ext_flag", "assign_strategy",
			       "no_service_welcomes"},
	[STARTALK_BUSI_SUPPLIER] = {"id", "supplier_id", "busi_id", "busi_supplier_id",
				    "create_time", "last_update_time", "bsuid_and_type",
				    "supplier_operator", "operator_webname", "status"},
	[STARTALK_BUSI_SEAT] = {"id", "busi_id", "seat_id", "create_time", "last_update_time",
				"status"},
};
static const bool optional[STARTALK_TABLES] = {
	[STARTALK_SESSION] = true, [STARTALK_BUSI_SUPPLIER] = true, [STARTALK_BUSI_SEAT] = true};

#define STATE_PASSED_ON 5
#define STATE_BROKEN_OFF 6
#define MAX_DEFAULT 10 /* of that column */

struct old_startalk {
	struct dump_table *tables[STARTALK_TABLES];
	struct startalk_plan plan;
	old_row_fn *fn;
	void *arg;
	char key[48];
};

/* ---- reading ---------------------------------------------------------------------- */

static enum parlor_err scan(struct old_startalk *s, enum startalk_table table, const char *dir,
			    char *why)
{
	struct dump_row row;
	enum parlor_err err =
		dump_table_open(&s->tables[table], dir, startalk_names[table], columns[table], why);
	if (err == PARLOR_E_NOT_FOUND && optional[table])
		return PARLOR_E_OK;
	while (!err && !(err = dump_table_next(s->tables[table], &row)))
		startalk_plan_row(&s->plan, table, &row);
	if (err == PARLOR_E_NOT_FOUND && s->tables[table])
		return PARLOR_E_OK;
	if (err && s->tables[table])
		snprintf(why, DUMP_WHY_MAX, "%s cannot be read", startalk_names[table]);
	return err;
}

enum parlor_err old_startalk_open(struct old_startalk **out, const char *dir, uint64_t *first_us,
				  char *why)
{
	struct old_startalk *s = *out = mem_new(sizeof *s);
	enum parlor_err err = PARLOR_E_OK;
	for (enum startalk_table table = 0; !err && table < STARTALK_TABLES; table++)
		err = scan(s, table, dir, why);
	if (err)
		return err;
	startalk_plan_finish(&s->plan);
	*first_us = 0;
	for (size_t i = 0; !*first_us && i < s->plan.len; i++)
		*first_us = s->plan.list[i].time_us;
	return PARLOR_E_OK;
}

void old_startalk_close(struct old_startalk *s)
{
	if (!s)
		return;
	for (enum startalk_table table = 0; table < STARTALK_TABLES; table++)
		dump_table_close(s->tables[table]);
	startalk_plan_fini(&s->plan);
	free(s);
}

/* ---- rows of the configuration ------------------------------------------------------- */

static void give(struct old_startalk *s, struct old_row *row, enum config_no config)
{
	row->config = config;
	s->fn(s->arg, row);
}

static uint64_t count_cell(struct span cell, uint64_t otherwise)
{
	int64_t n = startalk_number(cell, (int64_t)otherwise);
	return n < 0 ? otherwise : (uint64_t)n;
}

/* What belongs to a row that was told before. */
static void give_part(struct old_startalk *s, const struct old_row *of, enum config_no config,
		      const union row_any *is)
{
	struct old_row row = *of;
	row.row = *is;
	row.part = true;
	row.bare = false;
	give(s, &row, config);
}

static void give_text(struct old_startalk *s, const struct old_row *of, struct span desk,
		      uint8_t which, struct span text)
{
	const union row_any is = {.text = {.desk = desk, .which = which, .text = text}};
	if (text.len)
		give_part(s, of, CONFIG_TEXT, &is);
}

static void take_supplier(struct old_startalk *s, struct old_row *row, const struct span *c)
{
	struct startalk_team *t;
	struct startalk_use *shop = startalk_use_find(&s->plan, "shop", c[D_ID]);
	row->row.desk =
		(struct row_desk){.desk = c[D_ID],
				  .name = c[D_NAME],
				  .logo_url = c[D_LOGO],
				  .old_id = count_cell(c[D_OLD_ID], 0),
				  /* In the order of that column's own comment. */
				  .strategy = (uint8_t)(count_cell(c[D_STRATEGY], 0) < 9
								? count_cell(c[D_STRATEGY], 0) + 1
								: 0),
				  .queue_off = startalk_number(c[D_EXT_FLAG], 0) != 1,
				  .off = startalk_number(c[D_STATUS], 1) != 1};
	give(s, row, CONFIG_DESK);
	for (t = shop ? shop->teams : NULL; t; t = t->next) {
		const union row_any is = {.team = {.desk = c[D_ID], .team = SPAN_TEXT(t->id)}};
		give_part(s, row, CONFIG_TEAM, &is);
	}
	if (row->bare)
		return;
	give_text(s, row, c[D_ID], 1, c[D_WELCOMES]);
	give_text(s, row, c[D_ID], 3, c[D_NO_SERVICE]);
}

static void give_team_seat(struct old_startalk *s, const struct old_row *of, const struct span *c,
			   const char *team)
{
	const union row_any is = {
		.team_seat = {.desk = c[E_SUPPLIER], .team = SPAN_TEXT(team), .agent = c[E_NAME]}};
	give_part(s, of, CONFIG_TEAM_SEAT, &is);
}

static uint64_t thousandths(struct span cell)
{
	double value = cell.data ? strtod(cell.data, NULL) : 0;
	return value > 0 && value < 1e15 ? (uint64_t)llround(value * 1000) : 0;
}

static void take_seat(struct old_startalk *s, struct old_row *row, const struct span *c)
{
	static const uint8_t modes[] = {MODE_READY, MODE_AWAY, MODE_READY, MODE_READY, MODE_ALWAYS};
	struct startalk_team *t;
	uint64_t mode = count_cell(c[E_SERVICE_STATUS], 0);
	struct startalk_use *agent = startalk_use_find(&s->plan, "agent", c[E_NAME]);
	struct startalk_use *shop = startalk_use_find(&s->plan, "shop", c[E_SUPPLIER]);
	const union row_any works = {.agent = {.agent = c[E_NAME], .robot = agent && agent->robot}};
	give_part(s, row, CONFIG_AGENT, &works);
	row->row.seat = (struct row_seat){.desk = c[E_SUPPLIER],
					  .agent = c[E_NAME],
					  .web_name = c[E_WEB_NAME],
					  .nickname = c[E_NICKNAME],
					  .avatar = c[E_FACE],
					  .host = c[E_HOST],
					  .priority_milli = thousandths(c[E_PRIORITY]),
					  .max = count_cell(c[E_MAX], MAX_DEFAULT),
					  .old_id = count_cell(c[E_OLD_ID], 0),
					  .old_desk_id = count_cell(c[E_OLD_SUPPLIER], 0),
					  .mode = mode < sizeof modes ? modes[mode] : MODE_READY,
					  .bind = startalk_number(c[E_BIND], 0) == 1,
					  .off = startalk_number(c[E_STATUS], 1) != 1};
	give(s, row, CONFIG_SEAT);
	if (row->bare)
		return;
	give_team_seat(s, row, c, "*");
	for (t = shop ? shop->teams : NULL; t; t = t->next)
		give_team_seat(s, row, c, t->id);
}

static void take_business(struct old_startalk *s, struct old_row *row, const struct span *c)
{
	row->row.business = (struct row_business){.desk = c[B_SUPPLIER],
						  .business = count_cell(c[B_BUSI], 0),
						  .business_desk_id = c[B_BUSI_SUPPLIER],
						  .bsuid_and_type = c[B_BSUID],
						  .operator= c[B_OPERATOR],
						  .operator_name = c[B_WEB_NAME],
						  .off = startalk_number(c[B_STATUS], 1) != 1};
	give(s, row, CONFIG_BUSINESS);
}

static void take_seat_business(struct old_startalk *s, struct old_row *row, const struct span *c)
{
	const struct startalk_use *seat = startalk_use_find(&s->plan, "seat", c[X_SEAT]);
	row->row.seat_business = (struct row_seat_business){
		.desk = SPAN_TEXT(seat && seat->desk ? seat->desk : ""),
		.agent = SPAN_TEXT(seat && seat->agent ? seat->agent : ""),
		.business = count_cell(c[X_BUSI], 0),
		.off = startalk_number(c[X_STATUS], 1) != 1};
	give(s, row, CONFIG_SEAT_BUSINESS);
}

static void take_config(struct old_startalk *s, struct old_row *row, enum startalk_table table,
			const struct span *c)
{
	if (table == STARTALK_SUPPLIER)
		take_supplier(s, row, c);
	if (table == STARTALK_SEAT)
		take_seat(s, row, c);
	if (table == STARTALK_BUSI_SUPPLIER)
		take_business(s, row, c);
	if (table == STARTALK_BUSI_SEAT)
		take_seat_business(s, row, c);
}

/* ---- conversations ------------------------------------------------------------------- */

static struct span product(struct span cell)
{
	return cell.len == 1 && *(const char *)cell.data == '*' ? (struct span){NULL, 0} : cell;
}

static void fill_mapping(struct old_row *row, const struct span *c)
{
	int64_t status = startalk_number(c[M_STATUS], 0);
	row->conversation = c[M_SESSION];
	row->member = c[M_CUSTOMER];
	row->desk = c[M_SHOP];
	row->product = product(c[M_PRODUCT]);
	if (startalk_number(c[M_GROUP], 0) > 0)
		row->team = c[M_GROUP];
	row->asks = count_cell(c[M_ASKS], 1);
	row->spoke = status == 3 || status == 4 ? (uint8_t)status : 0;
	row->odd = status < 1 || status > 5;
	if (row->kind == OLD_TAKEN)
		row->agent = c[M_SEAT_NAME];
}

static void fill_session(struct old_row *row, const struct span *c)
{
	row->conversation = c[S_SESSION];
	row->member = c[S_USER];
	row->desk = startalk_shop(c[S_SHOP_NAME]);
	row->product = product(c[S_PRODUCT]);
	if (row->kind == OLD_TAKEN)
		row->agent = c[S_SEAT_NAME];
}

static void fill(struct old_startalk *s, struct old_row *row, const struct happening *h,
		 const struct span *c)
{
	if (h->table == STARTALK_MAPPING)
		fill_mapping(row, c);
	else
		fill_session(row, c);
	struct startalk_session *session = startalk_session_find(&s->plan, row->conversation);
	if (!session)
		return;
	if (h->kind == HAPPENS_OPENED && session->closed)
		row->ends_us = session->ended_us;
	if (h->kind == HAPPENS_CLOSED)
		row->gone = session->last_state == STATE_BROKEN_OFF;
	if (h->kind != HAPPENS_TAKEN || h->table != STARTALK_SESSION)
		return;
	int64_t state = startalk_number(c[S_STATE], 0);
	row->moved = session->passed_on;
	row->gone = session->broken_off;
	session->passed_on = state == STATE_PASSED_ON;
	session->broken_off = state == STATE_BROKEN_OFF;
}

static enum parlor_err give_happening(struct old_startalk *s, const struct happening *h)
{
	static const enum old_kind kinds[] = {
		[HAPPENS_UNREADABLE] = OLD_UNREADABLE, [HAPPENS_ROW] = OLD_CONFIG,
		[HAPPENS_OPENED] = OLD_OPENED,         [HAPPENS_SPOKE] = OLD_SPOKE,
		[HAPPENS_TAKEN] = OLD_TAKEN,           [HAPPENS_CLOSED] = OLD_CLOSED};
	struct dump_row at;
	struct dump_table *table = s->tables[h->table];
	enum parlor_err err = dump_table_seek(table, h->offset, h->line);
	if (!err)
		err = dump_table_next(table, &at);
	if (err)
		return err;
	int len = snprintf(s->key, sizeof s->key, "line %llu", (unsigned long long)h->line);
	struct old_row row = {.kind = kinds[h->kind],
			      .table = startalk_names[h->table],
			      .key = {s->key, (size_t)len},
			      .time_us = h->time_us,
			      .bare = h->bare};
	if (row.kind == OLD_CONFIG) {
		take_config(s, &row, (enum startalk_table)h->table, at.cells);
		return PARLOR_E_OK;
	}
	if (row.kind != OLD_UNREADABLE)
		fill(s, &row, h, at.cells);
	s->fn(s->arg, &row);
	return PARLOR_E_OK;
}

enum parlor_err old_startalk_read(struct old_startalk *s, old_row_fn *fn, void *arg)
{
	enum parlor_err err = PARLOR_E_OK;
	s->fn = fn;
	s->arg = arg;
	for (size_t i = 0; !err && i < s->plan.len; i++)
		err = give_happening(s, &s->plan.list[i]);
	return err;
}
