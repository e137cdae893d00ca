#include "adopt/old_wechat.h"

#include <stdlib.h>
#include <string.h>

#define T(name) "tp_customer_service_" name

const struct old_table old_wechat_names[] = {
	{T("fans_group"), true},     {T("fans"), true},
	{T("fans_visitors"), false}, {T("fans_visitors_type"), true},
	{T("fans_message"), true},   {T("users_message"), true},
	{T("users"), false},         {T("users_job"), true},
	{T("users_change"), true},   {NULL, false},
};

/* ---- the question ------------------------------------------------------------------- */

enum cell {
	C_KIND,
	C_TIME, /* seconds */
	C_KEY,
	C_TOKEN,
	C_MEMBER, /* openid, or who works */
	C_OTHER,  /* of whom it is served, or what else */
	C_NUMBER,
	C_FLAG,
	C_NAME,
	C_FIRST, /* words of a profile */
	C_SECOND,
	C_THIRD,
	C_FOURTH,
	C_FIFTH,
};
enum row_kind {
	ROW_DESK = 1,
	ROW_GROUP,
	ROW_TYPE,
	ROW_AGENT,
	ROW_FAN,
	ROW_OPENED,
	ROW_TAKEN,
	ROW_FAN_SAID,
	ROW_USER_SAID,
	ROW_LOST,
	ROW_CLOSED
};

#define G "{" T("fans_group") "}"
#define F "{" T("fans") "}"
#define V "{" T("fans_visitors") "}"
#define Y "{" T("fans_visitors_type") "}"
#define M "{" T("fans_message") "}"
#define R "{" T("users_message") "}"
#define U "{" T("users") "}"
#define J "{" T("users_job") "}"
#define C "{" T("users_change") "}"

/* Who works is known by a login name; where that is none, by the number. One, also where a
 * number stands twice. */
#define NAMED(u) \
	"CASE WHEN " u ".usernam IN ('', '0') THEN CONCAT('#', " u ".uid) ELSE " u ".usernam END"
#define AGENT(uid)                                                                        \
	"CASE WHEN " uid                                                                  \
	" <> 0 THEN COALESCE((SELECT MIN(" NAMED("u") ") FROM " U " u WHERE u.uid = " uid \
						      "), CONCAT('#', " uid ")) END"
#define TOKEN(uid, openid)                                                                \
	"COALESCE((SELECT MIN(u.token) FROM " U " u WHERE u.uid = " uid "), (SELECT MIN(" \
	"v.token) FROM " V " v WHERE v.openid = " openid "), '')"

static const char desks[] =
	"SELECT 1 AS k, 0 AS t, d.token AS id, d.token AS token, NULL AS member, NULL AS other, "
	"NULL AS number, NULL AS flag, NULL AS name, NULL AS w1, NULL AS w2, NULL AS w3, "
	"NULL AS w4, NULL AS w5 FROM (SELECT token FROM " U " UNION SELECT token FROM " V ") d";
static const char groups[] =
	" UNION ALL SELECT 2, 0, g.gid, g.token, NULL, NULL, g.gid, NULL, g.groupname, NULL, NULL, "
	"NULL, NULL, NULL FROM " G " g";
static const char types[] = " UNION ALL SELECT 3, 0, y.tid, y.token, NULL, NULL, y.tid, NULL, "
			    "y.name, NULL, NULL, NULL, "
			    "NULL, NULL FROM " Y " y";
static const char agents[] = " UNION ALL SELECT 4, 0, u.uid, u.token, " NAMED(
	"u") ", NULL, u.type, NULL, u.name, "
	     "u.number, NULL, NULL, NULL, NULL FROM " U " u";
static const char fans[] =
	" UNION ALL SELECT 5, 0, f.openid, f.token, f.openid, NULL, f.gid, f.sex, f.nickname, "
	"f.province, f.city, f.headimgurl, f.tel, f.remark FROM " F " f";

#define BEGUN "COALESCE(NULLIF(v.time, 0), v.starttime)"
#define WORKED " j.openid = v.openid AND j.starttime BETWEEN v.time AND v.lasttime"
#define ENDED                                                                               \
	"GREATEST(" BEGUN ", v.starttime, v.lasttime, COALESCE((SELECT MAX(j.time) FROM " J \
	" j WHERE" WORKED "), 0))"
#define ENDED_ALONE "GREATEST(" BEGUN ", v.starttime, v.lasttime)"

#define OPENED(ended)                                                                              \
	" UNION ALL SELECT 6, " BEGUN ", v.vid, v.token, v.openid, v.tid, CASE WHEN v.status = 0 " \
	"THEN " ended " END, CASE WHEN v.status IN (0, 1) THEN 0 ELSE 1 END, NULL, NULL, NULL, "   \
	"NULL, NULL, NULL FROM " V " v"
#define CLOSED(ended)                                                                         \
	" UNION ALL SELECT 11, " ended ", v.vid, v.token, v.openid, NULL, NULL, NULL, NULL, " \
	"NULL, NULL, NULL, NULL, NULL FROM " V " v WHERE v.status = 0"
/* By a visit that no agent's time is of. */
#define TAKEN                                                                                   \
	" UNION ALL SELECT 7, GREATEST(v.starttime, v.time), v.vid, v.token, v.openid, " AGENT( \
		"v.uid") ", 0, 0, NULL, NULL, NULL, NULL, NULL, NULL FROM " V                   \
			 " v WHERE v.uid <> 0"

static const char jobs[] = " UNION ALL SELECT 7, j.starttime, CONCAT(j.openid, ' ', j.uid), " TOKEN(
	"j.uid", "j.openid") ", "
			     "j.openid, " AGENT("j.uid") ", 0, ";
/* Who passed it on to this one then; no clock was the same as another's. Made apart, as there
 * they are found by number. */
static const char moved[] = "EXISTS (SELECT 1 FROM (SELECT DISTINCT touid, time FROM " C ") c "
			    "WHERE c.touid = j.uid AND c.time "
			    "BETWEEN j.starttime - 60 AND j.starttime + 60)";
static const char jobs_end[] = ", NULL, NULL, NULL, NULL, NULL, NULL FROM " J " j";
static const char lost[] =
	" UNION ALL SELECT 10, c.time, c.cid, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
	"NULL, NULL FROM " C
	" c WHERE NOT EXISTS (SELECT 1 FROM (SELECT DISTINCT uid, starttime FROM " J
	") j WHERE j.uid = c.touid "
	"AND c.time BETWEEN j.starttime - 60 AND j.starttime + 60)";

static const char fans_said[] = " UNION ALL SELECT 8, m.time, m.mid, m.token, m.openid, " AGENT(
	"m.uid") ", NULL, NULL, "
		 "m.message, NULL, NULL, NULL, NULL, NULL FROM " M " m";
static const char users_said[] =
	" UNION ALL SELECT 9, r.time, CONCAT(r.openid, ' ', r.uid), r.token, r.openid, " AGENT(
		"r.uid") ", NULL, NULL, r.message, NULL, NULL, NULL, NULL, NULL FROM " R " r";

static void put_served(const struct old_tables *t, struct sql *sql)
{
	bool jobs_there = old_tables_has(t, T("users_job"));
	bool changes = old_tables_has(t, T("users_change"));
	old_tables_put(t, sql, jobs_there ? OPENED(ENDED) : OPENED(ENDED_ALONE));
	old_tables_put(t, sql, jobs_there ? CLOSED(ENDED) : CLOSED(ENDED_ALONE));
	old_tables_put(t, sql, TAKEN);
	if (!jobs_there)
		return;
	old_tables_put(t, sql, " AND NOT EXISTS (SELECT 1 FROM " J " j WHERE" WORKED ")");
	old_tables_put(t, sql, jobs);
	old_tables_put(t, sql, changes ? moved : "0");
	old_tables_put(t, sql, jobs_end);
	if (changes)
		old_tables_put(t, sql, lost);
}

static void put_rows(const struct old_tables *t, struct sql *sql)
{
	static const struct {
		const char *table, *text;
	} others[] = {{T("fans_group"), groups},      {T("fans_visitors_type"), types},
		      {T("users"), agents},           {T("fans"), fans},
		      {T("fans_message"), fans_said}, {T("users_message"), users_said}};
	sql_put_text(sql, "FROM (");
	old_tables_put(t, sql, desks);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (old_tables_has(t, others[i].table))
			old_tables_put(t, sql, others[i].text);
	put_served(t, sql);
	sql_put_text(sql, ") r");
}

enum parlor_err old_wechat_begin(const struct old_tables *t, uint64_t *first_us)
{
	return old_tables_begin(t, "SELECT MIN(r.t) * 1000000 ", put_rows, first_us);
}

/* ---- rows --------------------------------------------------------------------------- */

struct reading {
	struct span desk;
	uint64_t max;
	old_row_fn *fn;
	void *arg;
};

static uint64_t time_cell(struct span cell)
{
	long long seconds = cell.data ? strtoll(cell.data, NULL, 10) : 0;
	return seconds > 0 ? (uint64_t)seconds * 1000000 : 0;
}

/* An id; 0 is none. */
static struct span number_cell(struct span cell)
{
	return cell.data && strcmp(cell.data, "0") != 0 ? cell : (struct span){NULL, 0};
}

static bool is_one(struct span cell)
{
	return cell.data && strcmp(cell.data, "1") == 0;
}

static void give_config(const struct reading *r, struct old_row *row, enum config_no config)
{
	row->config = config;
	r->fn(r->arg, row);
	row->part = true;
}

static void take_desk(const struct reading *r, struct old_row *row)
{
	row->row.desk = (struct row_desk){.desk = r->desk, .name = r->desk};
	give_config(r, row, CONFIG_DESK);
	row->row.team = (struct row_team){.desk = r->desk,
					  .team = SPAN_TEXT("*"),
					  .remind_seat_ms = DESK_OFF,
					  .remind_visitor_ms = DESK_OFF,
					  .close_silent_ms = DESK_OFF,
					  .visitor_gone_ms = DESK_OFF};
	give_config(r, row, CONFIG_TEAM);
}

static void take_agent(const struct reading *r, struct old_row *row, const struct span *cells)
{
	uint64_t type = db_cell_number(cells[C_NUMBER]);
	row->odd = type != 1 && type != 2;
	row->row.agent = (struct row_agent){.agent = cells[C_MEMBER],
					    .number = cells[C_FIRST],
					    .name = cells[C_NAME],
					    .role = type == 2 ? ROLE_MANAGER : ROLE_AGENT};
	give_config(r, row, CONFIG_AGENT);
	row->row.seat = (struct row_seat){.desk = r->desk,
					  .agent = cells[C_MEMBER],
					  .max = r->max,
					  .web_name = cells[C_NAME]};
	give_config(r, row, CONFIG_SEAT);
	row->row.team_seat = (struct row_team_seat){
		.desk = r->desk, .team = SPAN_TEXT("*"), .agent = cells[C_MEMBER]};
	give_config(r, row, CONFIG_TEAM_SEAT);
}

static void take_fan(const struct reading *r, struct old_row *row, const struct span *cells)
{
	struct span sex = cells[C_FLAG];
	row->row.visitor = (struct row_visitor){.visitor = cells[C_MEMBER],
						.nickname = cells[C_NAME],
						.province = cells[C_FIRST],
						.city = cells[C_SECOND],
						.avatar = cells[C_THIRD],
						.tel = cells[C_FOURTH],
						.remark = cells[C_FIFTH],
						.group = number_cell(cells[C_NUMBER]),
						.sex = !sex.data     ? 0
						       : is_one(sex) ? 1
								     : 2};
	give_config(r, row, CONFIG_VISITOR);
}

static void take_config(const struct reading *r, struct old_row *row, enum row_kind kind,
			const struct span *cells)
{
	row->time_us = 1; /* the beginning of all */
	if (kind == ROW_DESK)
		take_desk(r, row);
	if (kind == ROW_AGENT)
		take_agent(r, row, cells);
	if (kind == ROW_FAN)
		take_fan(r, row, cells);
	if (kind == ROW_GROUP) {
		row->row.group =
			(struct row_group){.group = cells[C_NUMBER], .name = cells[C_NAME]};
		give_config(r, row, CONFIG_GROUP);
	}
	if (kind == ROW_TYPE) {
		row->row.type = (struct row_type){.type = cells[C_NUMBER], .name = cells[C_NAME]};
		give_config(r, row, CONFIG_TYPE);
	}
}

static void fill(struct old_row *row, enum row_kind kind, const struct span *cells)
{
	row->visitor = row->member = cells[C_MEMBER];
	row->answered = true;
	if (kind == ROW_OPENED || kind == ROW_CLOSED)
		row->conversation = cells[C_KEY];
	if (kind == ROW_OPENED) {
		row->type = number_cell(cells[C_OTHER]);
		row->ends_us = time_cell(cells[C_NUMBER]);
		row->odd = is_one(cells[C_FLAG]);
		return;
	}
	row->agent = cells[C_OTHER];
	row->said_us = row->time_us;
	row->body = cells[C_NAME];
	row->moved = kind == ROW_TAKEN && is_one(cells[C_FLAG]);
	if (kind == ROW_USER_SAID)
		row->member = cells[C_OTHER];
}

static void take_row(void *arg, const struct span *cells, unsigned n)
{
	static const struct {
		enum old_kind kind;
		const char *table;
	} kinds[] = {[ROW_DESK] = {OLD_CONFIG, "token"},
		     [ROW_GROUP] = {OLD_CONFIG, T("fans_group")},
		     [ROW_TYPE] = {OLD_CONFIG, T("fans_visitors_type")},
		     [ROW_AGENT] = {OLD_CONFIG, T("users")},
		     [ROW_FAN] = {OLD_CONFIG, T("fans")},
		     [ROW_OPENED] = {OLD_OPENED, T("fans_visitors")},
		     [ROW_TAKEN] = {OLD_TAKEN, T("users_job")},
		     [ROW_FAN_SAID] = {OLD_SAID, T("fans_message")},
		     [ROW_USER_SAID] = {OLD_SAID, T("users_message")},
		     [ROW_LOST] = {OLD_LOST, T("users_change")},
		     [ROW_CLOSED] = {OLD_CLOSED, T("fans_visitors")}};
	const struct reading *r = arg;
	enum row_kind kind = (enum row_kind)db_cell_number(cells[C_KIND]);
	struct old_row row = {.kind = kinds[kind].kind,
			      .table = kinds[kind].table,
			      .key = cells[C_KEY],
			      .time_us = time_cell(cells[C_TIME]),
			      .tenant = cells[C_TOKEN]};
	(void)n;
	if (row.kind == OLD_CONFIG) {
		take_config(r, &row, kind, cells);
		return;
	}
	if (row.kind != OLD_LOST)
		fill(&row, kind, cells);
	r->fn(r->arg, &row);
}

enum parlor_err old_wechat_read(const struct old_tables *t, const char *desk, uint64_t max,
				old_row_fn *fn, void *arg)
{
	struct reading r = {.desk = SPAN_TEXT(desk), .max = max, .fn = fn, .arg = arg};
	struct sql sql;
	sql_init(&sql, t->db);
	sql_put_text(&sql, "SELECT r.* ");
	put_rows(t, &sql);
	/* Numbers in their order, though others are no numbers. */
	sql_put_text(&sql, " ORDER BY r.t, r.k, LENGTH(r.id), r.id");
	enum parlor_err err = db_select(t->db, &sql, take_row, &r);
	sql_fini(&sql);
	return err;
}
