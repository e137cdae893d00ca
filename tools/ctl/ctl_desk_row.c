/* parlor desk KIND set, show, list, remove: the rows that a desk is made of */
#include "base/buf.h"
#include "ctl.h"
#include "fields.h"
#include "show.h"
#include "table.h"
#include "zone.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROW_BYTES_MAX 1024

union row {
	max_align_t aligned;
	char bytes[ROW_BYTES_MAX];
};

static const ProtobufCMessageDescriptor *type_of(Parlor__DeskSet__RowCase kind)
{
	return protobuf_c_message_descriptor_get_field(&parlor__desk_set__descriptor, kind)
		->descriptor;
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *type,
						const char *name)
{
	return protobuf_c_message_descriptor_get_field_by_name(type, name);
}

/* Of a row as it is carried about; a message of a oneof, which all are pointers. */
static const ProtobufCMessage *row_of(const Parlor__DeskRow *row)
{
	return row->row ? (const ProtobufCMessage *)row->row->desk : NULL;
}

/* ---- rows that are there ------------------------------------------------------ */

static void like(Parlor__DeskSet *set, Parlor__DeskSet__RowCase kind, union row *row)
{
	parlor__desk_set__init(set);
	set->row_case = kind;
	set->desk = (Parlor__Desk *)row;
}

static bool has_key(const struct command *c, const ProtobufCMessage *row, const union row *key)
{
	for (size_t i = 0; i < CTL_FIELDS_MAX && c->fields[i]; i++)
		if (!fields_equal(field_of(row->descriptor, c->fields[i]), row, key))
			return false;
	return true;
}

/* The row with that key. On CTL_OK *found may be NULL: there is none; else it lives as long
 * as *reply, which is to be freed. */
static enum ctl_exit find(struct ctl *ctl, union row *key, Parlor__Reply **reply,
			  Parlor__DeskRow **found)
{
	Parlor__DeskRows body = PARLOR__DESK_ROWS__INIT;
	Parlor__DeskSet set;
	bool more = true;
	union row any;

	*found = NULL;
	/* A desk that is asked about may not be there yet: it is looked for among all. */
	protobuf_c_message_init(&parlor__desk__descriptor, &any);
	like(&set, ctl->command->row, ctl->command->row == PARLOR__DESK_SET__ROW_DESK ? &any : key);
	body.like = &set;
	while (more) {
		enum ctl_exit status = ctl_call(ctl, PARLOR__REQUEST__OP_DESK_ROWS, &body,
						PARLOR__REPLY__RESULT_DESK_ROWS, reply);
		if (status)
			return status;
		const Parlor__DeskRowsPage *page = (*reply)->desk_rows;
		for (size_t i = 0; i < page->n_rows; i++) {
			*found = page->rows[i];
			if (row_of(*found) && has_key(ctl->command, row_of(*found), key))
				return CTL_OK;
		}
		*found = NULL;
		more = page->more;
		body.after = page->after;
		parlor_reply_free(*reply);
		*reply = NULL;
	}
	return CTL_OK;
}

/* ---- commands ----------------------------------------------------------------- */

/* Who is READY or AWAY says so by itself meanwhile: without a mode it stays as it is. */
static void leave_mode(const struct args *args, const ProtobufCMessageDescriptor *type,
		       union row *row)
{
	const ProtobufCFieldDescriptor *mode = field_of(type, "mode");
	if (mode && !args_has(args, "mode") && !args_has(args, "mode-why"))
		memset(row->bytes + mode->offset, 0, sizeof(int));
}

/* Rules without the clock that they carry: the offsets of a zone. To be freed. */
static char *without_offsets(const char *rules)
{
	struct buf kept = {0};

	while (*rules) {
		size_t len = strcspn(rules, ",");
		const char *part = rules + strspn(rules, " ");
		if (*part != '@') {
			buf_put(&kept, ", ", kept.len ? 2 : 0);
			buf_put(&kept, part, len - (size_t)(part - rules));
		}
		rules += len + (rules[len] == ',');
	}
	buf_put_u8(&kept, 0);
	return (char *)kept.data;
}

/* The broker knows no zones: where one is named its clock goes with the rules, unless they were
 * given with one. False after saying what is wrong; *rules to be freed. */
static bool put_clock(const struct args *args, Parlor__DeskHours *hours, char **rules)
{
	const char *given = args_value(args, "rules");

	if ((!given && !args_has(args, "zone")) || (given && strchr(given, '@')))
		return true;
	*rules = without_offsets(hours->rules);
	if (*hours->zone) {
		char *bare = *rules;
		*rules = zone_rules(bare, hours->zone, (int64_t)time(NULL));
		free(bare);
	}
	hours->rules = *rules;
	return *rules != NULL;
}

/* The row as it is, with what was given. */
static enum ctl_exit row_set(struct ctl *ctl, const struct args *args)
{
	const struct command *c = ctl->command;
	const ProtobufCMessageDescriptor *type = type_of(c->row);
	Parlor__DeskSet body;
	Parlor__Reply *reply = NULL;
	Parlor__DeskRow *was;
	char *rules = NULL;
	union row row;

	assert(type->sizeof_message <= sizeof row);
	protobuf_c_message_init(type, &row);
	if (!ctl_fill(c, args, type, &row))
		return CTL_USAGE;
	enum ctl_exit status = find(ctl, &row, &reply, &was);
	if (status)
		return status;
	if (was) {
		memcpy(&row, row_of(was), type->sizeof_message);
		leave_mode(args, type, &row);
		(void)ctl_fill(c, args, type, &row); /* it was good just now */
	}
	if (c->row == PARLOR__DESK_SET__ROW_HOURS &&
	    !put_clock(args, (Parlor__DeskHours *)&row, &rules)) {
		status = CTL_USAGE;
	} else {
		like(&body, c->row, &row);
		status = ctl_ask(ctl, PARLOR__REQUEST__OP_DESK_SET, &body);
	}
	free(rules);
	parlor_reply_free(reply);
	return status;
}

static enum ctl_exit row_remove(struct ctl *ctl, const struct args *args)
{
	const struct command *c = ctl->command;
	Parlor__DeskSet body;
	union row row;

	protobuf_c_message_init(type_of(c->row), &row);
	if (!ctl_fill(c, args, type_of(c->row), &row))
		return CTL_USAGE;
	like(&body, c->row, &row);
	body.remove = true;
	return ctl_ask(ctl, PARLOR__REQUEST__OP_DESK_SET, &body);
}

static void show_lines(const Parlor__DeskRow *row)
{
	struct table t;

	table_init(&t, 2);
	table_line_number(&t, "no", row->no);
	if (row_of(row))
		fields_lines(&t, row_of(row));
	table_print(&t, stdout);
}

static enum ctl_exit row_show(struct ctl *ctl, const struct args *args)
{
	const struct command *c = ctl->command;
	Parlor__Reply shown = PARLOR__REPLY__INIT, *reply = NULL;
	Parlor__DeskRow *found;
	union row key;

	protobuf_c_message_init(type_of(c->row), &key);
	if (!ctl_fill(c, args, type_of(c->row), &key))
		return CTL_USAGE;
	enum ctl_exit status = find(ctl, &key, &reply, &found);
	if (status)
		return status;
	if (!found)
		return ctl_fail(PARLOR_E_NOT_FOUND, "there is no such row");
	shown.result_case = PARLOR__REPLY__RESULT_DESK_ROW;
	shown.desk_row = found;
	if (ctl->json)
		show_reply(&shown, true);
	else
		show_lines(found);
	parlor_reply_free(reply);
	return CTL_OK;
}

static enum ctl_exit row_list(struct ctl *ctl, const struct args *args)
{
	Parlor__DeskRows body = PARLOR__DESK_ROWS__INIT;
	bool all = args_has(args, "all"), more;
	Parlor__DeskSet set;
	Parlor__Reply *reply;
	union row key;

	protobuf_c_message_init(type_of(ctl->command->row), &key);
	like(&set, ctl->command->row, &key);
	body.like = &set;
	if (!fields_take(args, &parlor__desk_rows__descriptor, &body))
		return CTL_USAGE;
	if (args->operands_len)
		(void)fields_put(field_of(type_of(ctl->command->row), "desk"), &key, "DESK",
				 args->operands[0]);
	do {
		enum ctl_exit status = ctl_call(ctl, PARLOR__REQUEST__OP_DESK_ROWS, &body,
						PARLOR__REPLY__RESULT_DESK_ROWS, &reply);
		if (status)
			return status;
		/* A page may be empty and have more behind it. */
		bool empty = !reply->desk_rows->n_rows;
		more = reply->desk_rows->more;
		body.after = reply->desk_rows->after;
		if (!empty || !more)
			show_reply(reply, ctl->json);
		parlor_reply_free(reply);
		if (!all && !empty)
			break;
	} while (more);
	if (more)
		fprintf(stderr, "parlor: there are more: --after %" PRIu64 ", or --all\n",
			body.after);
	return CTL_OK;
}

/* ---- shown -------------------------------------------------------------------- */

static void show_row(const Parlor__Reply *r)
{
	const Parlor__DeskRow *row = r->desk_row;

	if (row->row && row->row->remove && row->position)
		printf("removed  no %" PRIu64 "  position %" PRIu64 "\n", row->no, row->position);
	else if (row->position)
		printf("set  no %" PRIu64 "  position %" PRIu64 "\n", row->no, row->position);
	else
		printf("nothing had to change\n");
}

/* A column for each field that some row has set, as many as there is room for; what else
 * a row has in the last one, by name. */
#define COLUMNS (TABLE_COLUMNS_MAX - 2)

/* Rules are too long for a list. */
static bool is_listed(const ProtobufCFieldDescriptor *f)
{
	return strcmp(f->name, "rules") != 0;
}

/* Returns how many; *next: the first field that has none. */
static size_t columns_of(const Parlor__DeskRowsPage *page, const ProtobufCFieldDescriptor **columns,
			 unsigned *next)
{
	const ProtobufCMessageDescriptor *type = row_of(page->rows[0])->descriptor;
	unsigned k = 0;
	size_t n = 0;

	for (; k < type->n_fields && n < COLUMNS; k++) {
		bool set = false;
		for (size_t i = 0; i < page->n_rows && !set; i++)
			set = fields_is_set(&type->fields[k], row_of(page->rows[i]));
		if (set && is_listed(&type->fields[k]))
			columns[n++] = &type->fields[k];
	}
	*next = k;
	return n;
}

static void put_rest(struct table *t, const ProtobufCMessage *row, unsigned from)
{
	FILE *out = table_cell(t);
	char name[FIELDS_NAME_BYTES];
	size_t n = 0;

	for (unsigned k = from; k < row->descriptor->n_fields; k++) {
		const ProtobufCFieldDescriptor *f = &row->descriptor->fields[k];
		if (!fields_is_set(f, row) || !is_listed(f))
			continue;
		fprintf(out, "%s%s ", n++ ? ", " : "", fields_name(f, name));
		fields_show(out, f, row);
	}
	table_cell_end(t);
}

static void show_rows(const Parlor__Reply *r)
{
	const Parlor__DeskRowsPage *page = r->desk_rows;
	const ProtobufCFieldDescriptor *columns[COLUMNS];
	char name[FIELDS_NAME_BYTES];
	struct table t;
	unsigned rest;

	if (!page->n_rows)
		return;
	size_t n = columns_of(page, columns, &rest);
	bool is_all = rest == row_of(page->rows[0])->descriptor->n_fields;
	table_init(&t, n + 1 + !is_all);
	table_text(&t, "NO");
	for (size_t k = 0; k < n; k++)
		table_text(&t, fields_heading(columns[k], name));
	if (!is_all)
		table_text(&t, "");
	for (size_t i = 0; i < page->n_rows; i++) {
		const ProtobufCMessage *row = row_of(page->rows[i]);
		table_number(&t, page->rows[i]->no);
		for (size_t k = 0; k < n; k++)
			if (fields_is_set(columns[k], row))
				fields_cell(&t, columns[k], row);
			else
				table_text(&t, "-");
		if (!is_all)
			put_rest(&t, row, rest);
	}
	table_print(&t, stdout);
}

/* ---- the table ---------------------------------------------------------------- */

static const struct args_option list_options[] = {
	{"all", NULL, "all pages"},
	{NULL, NULL, NULL},
};

#define OF(CASE) .row = PARLOR__DESK_SET__ROW_##CASE
/* What a kind is called, which it is, its keys as operands, and as fields. */
#define ROW(name, what, CASE, type, keys, least, most, ...)                                   \
	{"desk " name " set",                                                                 \
	 keys,                                                                                \
	 least,                                                                               \
	 most,                                                                                \
	 .help = "Sets " what "; what is not given stays as it is.",                          \
	 .run = row_set,                                                                      \
	 OF(CASE),                                                                            \
	 .also = &parlor__desk##type##__descriptor,                                           \
	 .fields = {__VA_ARGS__}},                                                            \
		{"desk " name " show",                                                        \
		 keys,                                                                        \
		 least,                                                                       \
		 most,                                                                        \
		 .help = "Shows " what ".",                                                   \
		 .run = row_show,                                                             \
		 OF(CASE),                                                                    \
		 .fields = {__VA_ARGS__}},                                                    \
	{                                                                                     \
		"desk " name " remove", keys, least, most,                                    \
			.help = "Removes " what ".", .run = row_remove, OF(CASE), .fields = { \
				__VA_ARGS__                                                   \
			}                                                                     \
	}
#define LIST(name, CASE, desk, most)                                                      \
	{                                                                                 \
		"desk " name " list", desk, 0, most, list_options, "Lists all of them.",  \
			.run = row_list, OF(CASE), .also = &parlor__desk_rows__descriptor \
	}

static const struct command commands[] = {
	ROW("desk", "a desk", DESK, , "DESK", 1, 1, "desk"),
	LIST("desk", DESK, "", 0),
	ROW("team", "a team of a desk: a queue", TEAM, _team, "DESK TEAM", 2, 2, "desk", "team"),
	LIST("team", TEAM, "[DESK]", 1),
	ROW("agent", "an agent", AGENT, _agent, "AGENT", 1, 1, "agent"),
	LIST("agent", AGENT, "", 0),
	ROW("seat", "an agent's seat at a desk", SEAT, _seat, "DESK AGENT", 2, 2, "desk", "agent"),
	LIST("seat", SEAT, "[DESK]", 1),
	ROW("team-seat", "a seat in a team", TEAM_SEAT, _team_seat, "DESK TEAM AGENT", 3, 3, "desk",
	    "team", "agent"),
	LIST("team-seat", TEAM_SEAT, "[DESK]", 1),
	ROW("visitor", "a visitor's profile", VISITOR, _visitor, "VISITOR", 1, 1, "visitor"),
	ROW("group", "a group of visitors", GROUP, _group, "GROUP", 1, 1, "group"),
	LIST("group", GROUP, "", 0),
	ROW("type", "a type of conversations", TYPE, _type, "TYPE", 1, 1, "type"),
	LIST("type", TYPE, "[DESK]", 1),
	ROW("route", "which team gets a product, type or business", ROUTE, _route,
	    "DESK product|type|business|bsuid VALUE", 3, 3, "desk", "by", "value"),
	LIST("route", ROUTE, "[DESK]", 1),
	ROW("text", "what is said when something happens, in one or all teams", TEXT, _text,
	    "DESK WHICH [TEAM]", 2, 3, "desk", "which", "team"),
	LIST("text", TEXT, "[DESK]", 1),
	ROW("hours", "when somebody is on duty", HOURS, _hours, "HOURS", 1, 1, "hours"),
	LIST("hours", HOURS, "", 0),
	ROW("business", "a line of business of a desk", BUSINESS, _business, "DESK NUMBER", 2, 2,
	    "desk", "business"),
	LIST("business", BUSINESS, "[DESK]", 1),
	ROW("seat-business", "a line of business of a seat", SEAT_BUSINESS, _seat_business,
	    "DESK AGENT NUMBER", 3, 3, "desk", "agent", "business"),
	LIST("seat-business", SEAT_BUSINESS, "[DESK]", 1),
	{0},
};
static const struct show_result results[] = {
	{PARLOR__REPLY__RESULT_DESK_ROW, show_row, false},
	{PARLOR__REPLY__RESULT_DESK_ROWS, show_rows, true},
	{0},
};
const struct noun desk_row_noun = {.commands = commands, .results = results};
