#include "diff_desk.h"

#include "core/desk/config.h"
#include "core/desk/list.h"
#include "core/desk/row.h"
#include "diff_names.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

#define TEXT_SHOWN 200
#define ID_BYTES 320
#define PAGE 1000

struct desks {
	struct diff *diff;
	const char *tenant;
	uint64_t a_no, b_no;
	/* What is compared. */
	const char *kind;
	char id[ID_BYTES];
	uint64_t differences;
};

/* ---- telling --------------------------------------------------------------------- */

static void differ_text(struct desks *p, const char *what, const char *a, const char *b)
{
	p->diff->differences++;
	p->differences++;
	if (p->diff->json) {
		record_text_json_line(stdout,
				      json_pack("{s:o, s:s, s:o, s:s, s:o, s:o}", "tenant",
						record_text_json_text(p->tenant, strlen(p->tenant)),
						"kind", p->kind, "id",
						record_text_json_text(p->id, strlen(p->id)), "what",
						what, "a", record_text_json_text(a, strlen(a)), "b",
						record_text_json_text(b, strlen(b))));
		return;
	}
	record_text_put(stdout, p->tenant);
	printf("  %s ", p->kind);
	record_text_put(stdout, p->id);
	printf("  %s: ", what);
	record_text_put(stdout, a);
	fputs(" | ", stdout);
	record_text_put(stdout, b);
	putchar('\n');
}

static void differ_there(struct desks *p, bool in_a)
{
	differ_text(p, "row", in_a ? "there" : "-", in_a ? "-" : "there");
}

static void differ_span(struct desks *p, const char *what, struct span a, struct span b)
{
	char x[TEXT_SHOWN], y[TEXT_SHOWN];
	if (span_equal(a, b))
		return;
	audit_text(x, sizeof x, a);
	audit_text(y, sizeof y, b);
	differ_text(p, what, x, y);
}

static void differ_number(struct desks *p, const char *what, uint64_t a, uint64_t b)
{
	char x[24], y[24];
	if (a == b)
		return;
	snprintf(x, sizeof x, "%" PRIu64, a);
	snprintf(y, sizeof y, "%" PRIu64, b);
	differ_text(p, what, x, y);
}

static void begin(struct desks *p, const char *kind, const char *id)
{
	p->kind = kind;
	p->differences = 0;
	snprintf(p->id, sizeof p->id, "%s", id);
}

static void end(struct desks *p)
{
	p->diff->rows++;
	p->diff->rows_differing += p->differences > 0;
}

/* ---- rows of the configuration ------------------------------------------------------- */

/* What a row is called, by fields of its message. */
static const char *const called[CONFIG_NOS][3] = {
	[CONFIG_DESK] = {"desk"},
	[CONFIG_TEAM] = {"desk", "team"},
	[CONFIG_AGENT] = {"agent"},
	[CONFIG_SEAT] = {"desk", "agent"},
	[CONFIG_TEAM_SEAT] = {"desk", "team", "agent"},
	[CONFIG_GROUP] = {"group"},
	[CONFIG_TYPE] = {"type"},
	[CONFIG_ROUTE] = {"desk", "by", "value"},
	[CONFIG_TEXT] = {"desk", "team", "which"},
	[CONFIG_HOURS] = {"hours"},
	[CONFIG_BUSINESS] = {"desk", "business"},
	[CONFIG_SEAT_BUSINESS] = {"desk", "agent", "business"},
};

static const ProtobufCMessageDescriptor *message_of(enum config_no kind)
{
	return parlor__desk_set__descriptor.fields[kind - 1].descriptor;
}

static struct span text_at(const struct field *f, const void *is)
{
	return *(const struct span *)(const void *)((const char *)is + f->at);
}

static uint64_t number_at(const struct field *f, const void *is)
{
	const char *at = (const char *)is + f->at;
	return f->type == FIELD_VARINT ? *(const uint64_t *)(const void *)at : *(const uint8_t *)at;
}

static void compare_fields(struct desks *p, enum config_no kind, const void *a, const void *b)
{
	const struct config_form *form = config_form(kind);
	for (size_t i = 0; i < form->fields_len; i++) {
		const struct field *f = &form->fields[i];
		const char *name = message_of(kind)->fields[i].name;
		if (form->max[i] == FORM_REF)
			continue;
		if (f->type == FIELD_TEXT)
			differ_span(p, name, text_at(f, a), text_at(f, b));
		else
			differ_number(p, name, number_at(f, a), number_at(f, b));
	}
}

struct config_rows {
	enum config_no kind;
	struct config_row {
		char *id;
		const void *is; /* the core's */
	} * list;
	size_t len, cap;
};

static void add_row(void *ctx, const struct core_desk_row *row)
{
	struct config_rows *all = ctx;
	const struct config_form *form = config_form(all->kind);
	char id[ID_BYTES];
	size_t len = 0;
	id[0] = 0;
	for (size_t i = 0; i < 3 && called[all->kind][i]; i++) {
		const ProtobufCFieldDescriptor *of =
			protobuf_c_message_descriptor_get_field_by_name(message_of(all->kind),
									called[all->kind][i]);
		const struct field *f = &form->fields[of - message_of(all->kind)->fields];
		const struct span text =
			f->type == FIELD_TEXT ? text_at(f, row->is) : (struct span){NULL, 0};
		const char *slash = i ? "/" : "";
		if (len >= sizeof id)
			break;
		if (f->type == FIELD_TEXT)
			len += (size_t)snprintf(id + len, sizeof id - len, "%s%.*s", slash,
						(int)text.len, (const char *)text.data);
		else
			len += (size_t)snprintf(id + len, sizeof id - len, "%s%" PRIu64, slash,
						number_at(f, row->is));
	}
	MEM_GROW(all->list, all->len, all->cap, 64);
	all->list[all->len++] = (struct config_row){mem_text(id, strlen(id)), row->is};
}

static int by_id(const void *x, const void *y)
{
	const struct config_row *a = x, *b = y;
	return strcmp(a->id, b->id);
}

static enum parlor_err rows_of(struct desks *p, struct diff_side *side, struct config_rows *all)
{
	const struct core_call call = {.tenant = SPAN_TEXT(p->tenant)};
	enum parlor_err err = PARLOR_E_OK;
	uint64_t after = 0;
	p->diff->failed = side->source;
	for (bool more = true; !err && more;)
		err = core_desk_rows(side->engine.core, &call, all->kind, (struct span){NULL, 0},
				     &after, PAGE, &more, add_row, all);
	if (all->len)
		qsort(all->list, all->len, sizeof *all->list, by_id);
	return err;
}

static void free_rows(struct config_rows *all)
{
	while (all->len)
		free(all->list[--all->len].id);
	free(all->list);
}

static enum parlor_err compare_rows(struct desks *p, enum config_no kind)
{
	struct config_rows a = {.kind = kind}, b = {.kind = kind};
	enum parlor_err err = rows_of(p, &p->diff->a, &a);
	if (!err)
		err = rows_of(p, &p->diff->b, &b);
	for (size_t i = 0, j = 0; !err && (i < a.len || j < b.len);) {
		int order = i == a.len ? 1 : j == b.len ? -1 : by_id(&a.list[i], &b.list[j]);
		begin(p, config_form(kind)->name, order <= 0 ? a.list[i].id : b.list[j].id);
		if (order == 0)
			compare_fields(p, kind, a.list[i].is, b.list[j].is);
		else
			differ_there(p, order < 0);
		end(p);
		i += order <= 0;
		j += order >= 0;
	}
	free_rows(&a);
	free_rows(&b);
	return err;
}

/* ---- visitors ------------------------------------------------------------------------ */

static enum parlor_err visitor_of(struct desks *p, struct diff_side *side, const char *id,
				  const void **is)
{
	const struct core_call call = {.tenant = SPAN_TEXT(p->tenant)};
	struct core_desk_row row;
	p->diff->failed = side->source;
	enum parlor_err err = core_desk_visitor(side->engine.core, &call, SPAN_TEXT(id), &row);
	*is = err ? NULL : row.is;
	return err;
}

static enum parlor_err compare_visitor(struct desks *p, const char *id)
{
	const void *a, *b = NULL;
	enum parlor_err err = visitor_of(p, &p->diff->a, id, &a);
	if (!err)
		err = visitor_of(p, &p->diff->b, id, &b);
	if (err || (!a && !b))
		return err;
	begin(p, "visitor", id);
	if (a && b)
		compare_fields(p, CONFIG_VISITOR, a, b);
	else
		differ_there(p, a != NULL);
	end(p);
	return err;
}

/* ---- conversations ------------------------------------------------------------------ */

static enum parlor_err read_visit(struct diff_side *side, uint64_t no, uint64_t n,
				  struct span *value)
{
	struct row_key key;
	struct core_rows rows = engine_rows(&side->engine);
	if (n)
		row_key_pair(&key, ROW_VISITS, no, ROW_STINT, n);
	else
		row_key_one(&key, ROW_VISITS, no, ROW_SELF);
	return rows.get(rows.ctx, &key, value);
}

/* Behind as of when it is, and of a conversation its tenant. */
static struct span behind(struct span value, unsigned numbers)
{
	struct reader in;
	reader_init(&in, value.data, value.len);
	while (numbers--)
		(void)reader_varint(&in);
	return (struct span){in.at, reader_left(&in)};
}

static void agent_of(struct diff_side *side, uint64_t member, char agent[ROW_ID_MAX + 1])
{
	struct finding f = {0};
	finding_name(&f, &side->engine, 0, member);
	snprintf(agent, ROW_ID_MAX + 1, "%s", f.member);
}

static enum parlor_err compare_stint(struct desks *p, const uint64_t no[2], uint64_t n)
{
	struct diff_side *const sides[2] = {&p->diff->a, &p->diff->b};
	struct row_stint rows[2];
	char agents[2][ROW_ID_MAX + 1], what[2][40];
	for (size_t i = 0; i < 2; i++) {
		struct span value;
		p->diff->failed = sides[i]->source;
		enum parlor_err err = read_visit(sides[i], no[i], n, &value);
		if (!err && !stint_get_row(behind(value, 1), &rows[i]))
			err = PARLOR_E_STORE_CORRUPT;
		if (err)
			return err;
		agent_of(sides[i], rows[i].agent, agents[i]);
		snprintf(what[i], sizeof what[i], "stint %" PRIu64 " %s", n, i ? "end" : "agent");
	}
	if (strcmp(agents[0], agents[1]) != 0)
		differ_text(p, what[0], agents[0], agents[1]);
	differ_number(p, what[1], rows[0].end_why, rows[1].end_why);
	return PARLOR_E_OK;
}

static void compare_views(struct desks *p, const struct conversation_view *a,
			  const struct conversation_view *b)
{
	differ_number(p, "state", a->state, b->state);
	differ_span(p, "room", a->room, b->room);
	differ_span(p, "desk", a->desk, b->desk);
	differ_span(p, "team", a->team, b->team);
	differ_span(p, "visitor", a->visitor, b->visitor);
	differ_span(p, "agent", a->agent, b->agent);
	differ_span(p, "type", a->type, b->type);
	differ_span(p, "product", a->product, b->product);
	differ_number(p, "business", a->business, b->business);
	differ_number(p, "priority", a->priority, b->priority);
	differ_number(p, "level", a->level, b->level);
	differ_number(p, "first message", a->first_seq, b->first_seq);
	differ_number(p, "last message", a->last_seq, b->last_seq);
	differ_number(p, "asks", a->asks, b->asks);
	differ_number(p, "spoke", a->spoke, b->spoke);
	differ_number(p, "close_why", a->close_why, b->close_why);
	differ_number(p, "score", a->score, b->score);
}

static enum parlor_err look_at(struct desks *p, struct diff_side *side, uint64_t no, const char *id,
			       struct conversation_view *view, struct row_conversation *row)
{
	const struct core_call call = {.tenant = SPAN_TEXT(p->tenant)};
	struct span value;
	p->diff->failed = side->source;
	enum parlor_err err = core_desk_show(side->engine.core, &call, SPAN_TEXT(id), view);
	if (!err)
		err = read_visit(side, no, 0, &value);
	return err || conversation_get_row(behind(value, 2), row) ? err : PARLOR_E_STORE_CORRUPT;
}

static enum parlor_err compare_conversation(struct desks *p, const struct names *a,
					    const struct names *b)
{
	const uint64_t no[2] = {a->number, b->number};
	struct conversation_view view_a, view_b;
	struct row_conversation row_a, row_b;
	enum parlor_err err = look_at(p, &p->diff->a, a->number, a->name, &view_a, &row_a);
	if (!err)
		err = look_at(p, &p->diff->b, b->number, b->name, &view_b, &row_b);
	if (err)
		return err;
	uint64_t both = row_a.stints < row_b.stints ? row_a.stints : row_b.stints;
	compare_views(p, &view_a, &view_b);
	differ_number(p, "stints", row_a.stints, row_b.stints);
	differ_number(p, "offers", row_a.offers, row_b.offers);
	differ_number(p, "transfers", row_a.transfers, row_b.transfers);
	for (uint64_t n = 1; !err && n <= both; n++)
		err = compare_stint(p, no, n);
	return err;
}

/* ---- names of both sides ------------------------------------------------------------- */

typedef enum parlor_err compare_fn(struct desks *, const struct names *a, const struct names *b);

static enum parlor_err one_conversation(struct desks *p, const struct names *a,
					const struct names *b)
{
	int order = names_order(a, b);
	enum parlor_err err = PARLOR_E_OK;
	begin(p, "conversation", order <= 0 ? a->name : b->name);
	if (order == 0)
		err = compare_conversation(p, a, b);
	else
		differ_there(p, order < 0);
	end(p);
	return err;
}

static enum parlor_err one_visitor(struct desks *p, const struct names *a, const struct names *b)
{
	return compare_visitor(p, names_order(a, b) <= 0 ? a->name : b->name);
}

static enum parlor_err compare_names(struct desks *p, char kind, compare_fn *fn)
{
	struct names a, b;
	enum parlor_err err = names_init(&a, engine_rows(&p->diff->a.engine), kind, p->a_no),
			second;
	second = names_init(&b, engine_rows(&p->diff->b.engine), kind, p->b_no);
	err = err ? err : second;
	while (!err && !(a.ended && b.ended)) {
		int order = names_order(&a, &b);
		err = fn(p, &a, &b);
		if (!err && order <= 0)
			err = names_next(&a);
		if (!err && order >= 0)
			err = names_next(&b);
	}
	names_fini(&a);
	names_fini(&b);
	return err;
}

enum parlor_err diff_desk(struct diff *d, const char *tenant, uint64_t a_no, uint64_t b_no)
{
	struct desks p = {.diff = d, .tenant = tenant, .a_no = a_no, .b_no = b_no};
	enum parlor_err err = PARLOR_E_OK;
	for (enum config_no kind = CONFIG_DESK; !err && kind < CONFIG_NOS; kind++)
		if (kind == CONFIG_VISITOR)
			err = compare_names(&p, 'M', one_visitor);
		else
			err = compare_rows(&p, kind);
	return err ? err : compare_names(&p, ROW_VISIT_NAME, one_conversation);
}
