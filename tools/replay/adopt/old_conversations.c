#include "adopt/old_conversations.h"

#include <stdlib.h>
#include <string.h>

const struct old_table old_conversations_names[] = {{"users", false},
						    {"conversations", false},
						    {"messages", false},
						    {"agent_status", true},
						    {NULL, false}};

/* ---- the question ------------------------------------------------------------------- */

enum cell {
	C_KIND,
	C_TIME,
	C_KEY,
	C_CONVERSATION,
	C_MEMBER,
	C_AGENT,
	C_WORD, /* role, status */
	C_TEXT, /* address, what is said */
	C_OTHER_TIME,
	C_FLAG
};
enum row_kind { ROW_USER = 1, ROW_OPENED, ROW_SAID, ROW_TAKEN, ROW_CLOSED, ROW_SEEN };

/* An agent is there when it is first needed, whatever its own row says. */
static const char users[] =
	"SELECT 1 AS k, LEAST(COALESCE({@users u.created_at}, 0), COALESCE((SELECT MIN("
	"{@conversations c.created_at}) FROM {conversations} c WHERE c.agent_id = u.id), "
	"9223372036854775807)) AS t, u.id AS id, NULL AS conversation, u.username AS member, "
	"NULL AS agent, u.role AS word, u.email AS text, NULL AS other, ";
static const char users_busy[] = "(SELECT s.status = 'busy' FROM {agent_status} s WHERE "
				 "s.agent_id = u.id) AS flag FROM {users} u";

#define BEGUN "COALESCE({@conversations c.created_at}, 0)"
#define ENDED                                                                                   \
	"GREATEST(" BEGUN ", COALESCE({@conversations c.updated_at}, 0), COALESCE((SELECT MAX(" \
	"{@messages m.created_at}) FROM {messages} m WHERE m.conversation_id = c.id), 0))"
/* One, also where an id stands twice. */
#define USER(id) "(SELECT MIN(u.username) FROM {users} u WHERE u.id = " id ")"

static const char opened[] = " UNION ALL SELECT 2, " BEGUN ", c.id, c.id, COALESCE(" USER(
	"c.customer_id") ", CONCAT("
			 "'#', c.customer_id)), COALESCE(" USER(
				 "c.agent_id") ", CONCAT('#', c.agent_id)), "
					       "c.status, NULL, CASE WHEN c.status = 'closed' "
					       "THEN " ENDED
					       " END, " USER("c.customer_id") " IS NULL FROM "
									      "{conversations} c";
static const char said[] =
	" UNION ALL SELECT 3, GREATEST(COALESCE({@messages m.created_at}, 0), COALESCE((SELECT "
	"MIN({@conversations c.created_at}) FROM {conversations} c WHERE c.id = "
	"m.conversation_id), 0)), m.id, m.conversation_id, " USER(
		"m.sender_id") ", NULL, NULL, "
			       "m.content, {@messages m.created_at}, m.is_read FROM {messages} m";
static const char taken[] =
	" UNION ALL SELECT 4, GREATEST(" BEGUN ", COALESCE({@conversations c.updated_at}, 0)), "
	"c.id, c.id, NULL, NULL, NULL, NULL, NULL, NULL FROM {conversations} c "
	"WHERE c.agent_id IS NOT NULL AND NOT c.status <=> 'closed'";
static const char closed[] =
	" UNION ALL SELECT 5, " ENDED ", c.id, c.id, NULL, NULL, NULL, NULL, NULL, NULL "
	"FROM {conversations} c WHERE c.status = 'closed'";
static const char seen[] =
	" UNION ALL SELECT 6, {@agent_status s.last_seen}, s.agent_id, NULL, " USER(
		"s.agent_id") ", "
			      "NULL, NULL, NULL, NULL, NULL FROM {agent_status} s";

static void put_rows(const struct old_tables *t, struct sql *sql)
{
	bool statuses = old_tables_has(t, "agent_status");
	sql_put_text(sql, "FROM (");
	old_tables_put(t, sql, users);
	old_tables_put(t, sql, statuses ? users_busy : "NULL AS flag FROM {users} u");
	old_tables_put(t, sql, opened);
	old_tables_put(t, sql, said);
	old_tables_put(t, sql, taken);
	old_tables_put(t, sql, closed);
	if (statuses)
		old_tables_put(t, sql, seen);
	sql_put_text(sql, ") r");
}

enum parlor_err old_conversations_begin(const struct old_tables *t, uint64_t *first_us)
{
	return old_tables_begin(t, "SELECT MIN(r.t) ", put_rows, first_us);
}

/* ---- rows --------------------------------------------------------------------------- */

struct reading {
	struct span desk;
	uint64_t max;
	old_row_fn *fn;
	void *arg;
};

static bool is(struct span cell, const char *word)
{
	return cell.data && strcmp(cell.data, word) == 0;
}

static uint64_t time_cell(struct span cell)
{
	long long us = cell.data ? strtoll(cell.data, NULL, 10) : 0;
	return us > 0 ? (uint64_t)us : 0;
}

static void give_config(const struct reading *r, struct old_row *row, enum config_no config)
{
	row->config = config;
	r->fn(r->arg, row);
}

static void take_user(const struct reading *r, struct old_row *row, const struct span *cells)
{
	bool admin = is(cells[C_WORD], "admin"), agent = admin || is(cells[C_WORD], "agent");
	struct span name = cells[C_MEMBER];
	row->table = "users";
	row->odd = !agent && cells[C_WORD].data && !is(cells[C_WORD], "customer");
	if (!agent) {
		row->row.visitor = (struct row_visitor){.visitor = name, .email = cells[C_TEXT]};
		give_config(r, row, CONFIG_VISITOR);
		return;
	}
	row->row.agent =
		(struct row_agent){.agent = name,
				   .email = cells[C_TEXT],
				   .role = admin ? ROLE_ADMIN : ROLE_AGENT,
				   .mode = is(cells[C_FLAG], "1") ? MODE_AWAY : MODE_AS_IT_IS};
	give_config(r, row, CONFIG_AGENT);
	row->part = true;
	row->row.seat = (struct row_seat){.desk = r->desk, .agent = name, .max = r->max};
	give_config(r, row, CONFIG_SEAT);
	row->row.team_seat =
		(struct row_team_seat){.desk = r->desk, .team = SPAN_TEXT("*"), .agent = name};
	give_config(r, row, CONFIG_TEAM_SEAT);
}

/* open: nobody has it; pending: somebody does. */
static bool odd_status(const struct span *cells)
{
	bool agent = cells[C_AGENT].data != NULL;
	if (is(cells[C_WORD], "closed"))
		return false;
	return !is(cells[C_WORD], agent ? "pending" : "open");
}

static void take_row(void *arg, const struct span *cells, unsigned n)
{
	static const enum old_kind kinds[] = {
		[ROW_USER] = OLD_CONFIG, [ROW_OPENED] = OLD_OPENED, [ROW_SAID] = OLD_SAID,
		[ROW_TAKEN] = OLD_TAKEN, [ROW_CLOSED] = OLD_CLOSED, [ROW_SEEN] = OLD_SEEN};
	const struct reading *r = arg;
	enum row_kind kind = (enum row_kind)db_cell_number(cells[C_KIND]);
	struct old_row row = {.kind = kinds[kind],
			      .table = "conversations",
			      .key = cells[C_KEY],
			      .time_us = time_cell(cells[C_TIME]),
			      .conversation = cells[C_CONVERSATION],
			      .member = cells[C_MEMBER],
			      .agent = cells[C_AGENT]};
	(void)n;
	if (kind == ROW_USER) {
		take_user(r, &row, cells);
		return;
	}
	if (kind == ROW_OPENED) {
		row.ends_us = time_cell(cells[C_OTHER_TIME]);
		row.stranger = is(cells[C_FLAG], "1");
		row.odd = odd_status(cells);
	} else if (kind == ROW_SAID) {
		row.table = "messages";
		row.body = cells[C_TEXT];
		row.said_us = time_cell(cells[C_OTHER_TIME]);
		row.read = cells[C_FLAG].data && !is(cells[C_FLAG], "0");
	} else if (kind == ROW_SEEN) {
		row.table = "agent_status";
	}
	r->fn(r->arg, &row);
}

/* Nobody is reminded and nothing is closed for want of an answer: those tables knew no such
 * thing. */
static void give_desk(const struct reading *r, uint64_t first_us)
{
	struct old_row row = {
		.kind = OLD_CONFIG, .table = "desk", .key = r->desk, .time_us = first_us};
	row.row.desk = (struct row_desk){.desk = r->desk, .name = r->desk};
	give_config(r, &row, CONFIG_DESK);
	row.row.team = (struct row_team){.desk = r->desk,
					 .team = SPAN_TEXT("*"),
					 .remind_seat_ms = DESK_OFF,
					 .remind_visitor_ms = DESK_OFF,
					 .close_silent_ms = DESK_OFF,
					 .visitor_gone_ms = DESK_OFF};
	give_config(r, &row, CONFIG_TEAM);
}

enum parlor_err old_conversations_read(const struct old_tables *t, const char *desk, uint64_t max,
				       old_row_fn *fn, void *arg)
{
	struct reading r = {.desk = SPAN_TEXT(desk), .max = max, .fn = fn, .arg = arg};
	struct sql sql;
	give_desk(&r, 1);
	sql_init(&sql, t->db);
	sql_put_text(&sql, "SELECT r.* ");
	put_rows(t, &sql);
	sql_put_text(&sql, " ORDER BY r.t, r.k, r.id");
	enum parlor_err err = db_select(t->db, &sql, take_row, &r);
	sql_fini(&sql);
	return err;
}
