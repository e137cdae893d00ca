#include "core/desk/config.h"

#include "api/form.h"
#include "core/desk/list.h"
#include "core/desk/report.h"

#include <string.h>

/* ---- rows of the configuration --------------------------------------------------- */

_Static_assert((int)PARLOR__DESK_SET__ROW_DESK == (int)CONFIG_DESK &&
		       (int)PARLOR__DESK_SET__ROW_SEAT_BUSINESS == (int)CONFIG_SEAT_BUSINESS &&
		       (int)PARLOR__DESK_SET__ROW__NOT_SET == 0,
	       "a kind of row has the number of its field");

/* A message of the oneof, which all are pointers. */
static const ProtobufCMessage *row_of(const Parlor__DeskSet *q)
{
	return (const ProtobufCMessage *)q->desk;
}

static enum parlor_err answer_row(struct request *a, const struct core_desk_row *row)
{
	Parlor__DeskRow *result = request_result(a);
	const ProtobufCFieldDescriptor *of = &parlor__desk_set__descriptor.fields[row->kind - 1];
	result->no = row->no;
	result->position = row->position;
	if (!row->is)
		return PARLOR_E_OK;
	result->row = request_memory(a, sizeof *result->row);
	if (!result->row)
		return PARLOR_E_NO_MEMORY;
	parlor__desk_set__init(result->row);
	result->row->row_case = (Parlor__DeskSet__RowCase)row->kind;
	result->row->remove = row->removed;
	result->row->desk = (Parlor__Desk *)form_show(a, of->descriptor,
						      config_form(row->kind)->fields, row->is);
	return result->row->desk ? PARLOR_E_OK : PARLOR_E_NO_MEMORY;
}

static enum parlor_err op_desk_set(struct request *a)
{
	const Parlor__DeskSet *q = a->request->desk_set;
	struct core_desk_row row;
	if (q->row_case == PARLOR__DESK_SET__ROW__NOT_SET)
		return PARLOR_E_EMPTY;
	enum config_no kind = (enum config_no)q->row_case;
	void *is = request_memory(a, config_form(kind)->size);
	if (!is)
		return PARLOR_E_NO_MEMORY;
	memset(is, 0, config_form(kind)->size);
	enum parlor_err err = form_read(row_of(q), config_form(kind)->fields, is);
	if (!err)
		err = core_desk_set(a->broker->core, &a->call, kind, is, q->remove,
				    SPAN_TEXT(q->move_to), &row);
	return err ? err : answer_row(a, &row);
}

struct rows_page {
	struct request *request;
	Parlor__DeskRow **items;
	size_t len;
	bool full; /* the reply's memory is used up */
};

static void add_row(void *ctx, const struct core_desk_row *row)
{
	struct rows_page *page = ctx;
	const ProtobufCFieldDescriptor *of = &parlor__desk_set__descriptor.fields[row->kind - 1];
	Parlor__DeskRow *item = page->full ? NULL : request_memory(page->request, sizeof *item);
	Parlor__DeskSet *set = item ? request_memory(page->request, sizeof *set) : NULL;
	page->full |= !set;
	if (!set)
		return;
	parlor__desk_row__init(item);
	parlor__desk_set__init(set);
	item->no = row->no;
	item->row = set;
	set->row_case = (Parlor__DeskSet__RowCase)row->kind;
	set->desk = (Parlor__Desk *)form_show(page->request, of->descriptor,
					      config_form(row->kind)->fields, row->is);
	if (set->desk)
		page->items[page->len++] = item;
	page->full |= !set->desk;
}

/* Of the row that the others are like: the desk that it names. */
static struct span desk_named(const ProtobufCMessage *like)
{
	const ProtobufCFieldDescriptor *desk =
		protobuf_c_message_descriptor_get_field_by_name(like->descriptor, "desk");
	if (!desk)
		return (struct span){"", 0};
	return SPAN_TEXT(*(char *const *)(const void *)((const char *)like + desk->offset));
}

/* Visitors are as many as members: only one that is named is shown. */
static enum parlor_err find_rows(struct request *a, const Parlor__DeskRows *q, uint64_t *after,
				 size_t limit, bool *more, struct rows_page *page)
{
	struct core_desk_row row;
	if (q->like->row_case != PARLOR__DESK_SET__ROW_VISITOR)
		return core_desk_rows(a->broker->core, &a->call, (enum config_no)q->like->row_case,
				      desk_named(row_of(q->like)), after, limit, more, add_row,
				      page);
	*more = false;
	enum parlor_err err = core_desk_visitor(a->broker->core, &a->call,
						SPAN_TEXT(q->like->visitor->visitor), &row);
	if (!err && row.is)
		add_row(page, &row);
	return err;
}

static enum parlor_err op_desk_rows(struct request *a)
{
	const Parlor__DeskRows *q = a->request->desk_rows;
	if (!q->like || q->like->row_case == PARLOR__DESK_SET__ROW__NOT_SET)
		return PARLOR_E_EMPTY;
	uint64_t after = q->after, limit = request_limit(a, q->limit);
	struct rows_page page = {.request = a,
				 .items = request_memory(a, limit * sizeof *page.items + 1)};
	bool more;
	if (!page.items)
		return PARLOR_E_NO_MEMORY;
	enum parlor_err err = find_rows(a, q, &after, limit, &more, &page);
	if (err)
		return err;
	Parlor__DeskRowsPage *result = request_result(a);
	result->rows = page.items;
	result->n_rows = page.len;
	result->more = more || page.full;
	result->after = page.full && page.len ? page.items[page.len - 1]->no : after;
	return PARLOR_E_OK;
}

/* ---- watching ----------------------------------------------------------------------- */

static enum parlor_err watch(struct request *a, uint64_t team, bool stop)
{
	struct fanout *f = &a->broker->fanout;
	uint64_t since;
	struct topic topic = topic_team(team);
	bool watches = subscribers_since(f->subscribers, topic, a->session, &since);
	if (stop && watches)
		subscribers_drop(f->subscribers, topic, a->session);
	if (stop || watches)
		return PARLOR_E_OK;
	return subscribers_add(f->subscribers, topic, a->session, core_position(a->broker->core));
}

/* All of them or none. */
static enum parlor_err op_desk_watch(struct request *a)
{
	const Parlor__DeskWatch *q = a->request->desk_watch;
	struct core *c = a->broker->core;
	uint64_t team;
	if (q->n_teams > a->broker->settings.core.request_members)
		return PARLOR_E_TOO_MANY;
	for (size_t i = 0; i < q->n_teams; i++) {
		enum parlor_err err = core_desk_team(c, &a->call, SPAN_TEXT(q->desk),
						     SPAN_TEXT(q->teams[i]), &team);
		if (err)
			return err;
	}
	if (!q->stop && subscribers_left(a->broker->fanout.subscribers, a->session) < q->n_teams)
		return PARLOR_E_TOO_MANY;
	for (size_t i = 0; i < q->n_teams; i++) {
		enum parlor_err err = core_desk_team(c, &a->call, SPAN_TEXT(q->desk),
						     SPAN_TEXT(q->teams[i]), &team);
		if (!err)
			err = watch(a, team, q->stop);
		if (err)
			return err;
	}
	request_done(a, 0);
	return PARLOR_E_OK;
}

/* ---- how a team does ------------------------------------------------------------------ */

struct agents_page {
	struct request *request;
	Parlor__DeskAgentReport **items;
	size_t len;
	bool full; /* the reply's memory is used up */
};

static void add_agent(void *ctx, const struct report_seat_view *view)
{
	struct agents_page *page = ctx;
	ProtobufCMessage *item =
		page->full ? NULL
			   : form_show(page->request, &parlor__desk_agent_report__descriptor,
				       report_seat_view_fields, view);
	page->full |= !item;
	if (item)
		page->items[page->len++] = (Parlor__DeskAgentReport *)item;
}

static enum parlor_err op_desk_report(struct request *a)
{
	const Parlor__DeskReport *q = a->request->desk_report;
	struct core_desk_report report = {.desk = SPAN_TEXT(q->desk),
					  .team = SPAN_TEXT(q->team),
					  .hours = q->last_hours,
					  .after = q->after,
					  .limit = request_limit(a, q->limit)};
	struct report_view view;
	struct agents_page page = {
		.request = a, .items = request_memory(a, report.limit * sizeof *page.items + 1)};
	if (!page.items)
		return PARLOR_E_NO_MEMORY;
	enum parlor_err err =
		core_desk_report(a->broker->core, &a->call, &report, &view, add_agent, &page);
	if (!err && page.full)
		err = PARLOR_E_NO_MEMORY;
	if (err)
		return err;
	Parlor__DeskTeamReport *result = request_result(a);
	err = form_fill(a, &result->base, report_view_fields, &view);
	result->agents = page.items;
	result->n_agents = page.len;
	result->more = report.more;
	result->after = report.after;
	return err;
}

static const struct request_kind kinds[] = {
	REQUEST(DESK_SET, NEEDS_SESSION | SETTLES | SHOWS_STATE | GOES_ON, op_desk_set, DESK_ROW),
	REQUEST(DESK_ROWS, NEEDS_SESSION | SHOWS_STATE, op_desk_rows, DESK_ROWS),
	REQUEST(DESK_WATCH, NEEDS_SESSION, op_desk_watch, DONE),
	REQUEST(DESK_REPORT, NEEDS_SESSION | SHOWS_STATE, op_desk_report, REPORT),
};
const struct request_noun desk_requests = REQUEST_NOUN(kinds);
