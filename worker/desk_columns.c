#include "desk_columns.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST(table, columns)                                            \
	{                                                               \
		(table), (columns), sizeof(columns) / sizeof *(columns) \
	}
#define PUT(to, ...)                                          \
	memcpy((to), (const struct sql_value[]){__VA_ARGS__}, \
	       sizeof((const struct sql_value[]){__VA_ARGS__}))

static const struct upsert_column party_list[] = {{"ent_id", UPSERT_ONCE},
						  {"member_id", UPSERT_ONCE},
						  {"no", UPSERT_SET},
						  {"created_at", UPSERT_LEAST}};
const struct desk_columns desk_party_columns = LIST("desk_party", party_list);

/* ---- conversations -------------------------------------------------------------------------- */

static const char *status_of(int state)
{
	if (state == PARLOR__CONVERSATION_STATE__CONVERSATION_CLOSED)
		return "closed";
	return state <= PARLOR__CONVERSATION_STATE__CONVERSATION_OFFERED ? "open" : "pending";
}

static struct sql_value or_null(uint64_t number)
{
	return number ? sql_u(number) : sql_t(NULL);
}

static struct sql_value time_or_null(uint64_t us)
{
	return us ? sql_time(us) : sql_t(NULL);
}

#define SAID_COLUMNS                                                                        \
	{"asks", UPSERT_SET}, {"spoke", UPSERT_SET}, {"spoke_seq", UPSERT_SET},             \
		{"visitor_read_seq", UPSERT_GREATEST}, {"agent_read_seq", UPSERT_GREATEST}, \
		{"first_response_at", UPSERT_IF_TOLD}, {"last_message_at", UPSERT_IF_TOLD}, \
		{"updated_at", UPSERT_GREATEST},                                            \
	{                                                                                   \
		"position", UPSERT_SET                                                      \
	}
#define SAID(now)                                                                             \
	sql_u((now)->asks), sql_u((uint64_t)(now)->spoke), sql_u((now)->spoke_seq),           \
		sql_u((now)->visitor_read_seq), sql_u((now)->agent_read_seq),                 \
		time_or_null((now)->first_response_us), time_or_null((now)->last_message_us), \
		sql_time((now)->time_us), sql_u((now)->position)

static const struct upsert_column conversation_list[] = {
	{"ent_id", UPSERT_ONCE},      {"conversation_id", UPSERT_ONCE},
	{"no", UPSERT_SET},           {"room", UPSERT_SET},
	{"desk_id", UPSERT_SET},      {"desk_no", UPSERT_SET},
	{"team_id", UPSERT_SET},      {"team_no", UPSERT_SET},
	{"visitor_id", UPSERT_SET},   {"visitor_no", UPSERT_SET},
	{"agent_id", UPSERT_SET},     {"agent_no", UPSERT_SET},
	{"seat_no", UPSERT_SET},      {"kind", UPSERT_SET},
	{"state", UPSERT_SET},        {"status", UPSERT_SET},
	{"type_no", UPSERT_SET},      {"product", UPSERT_SET},
	{"business", UPSERT_SET},     {"priority", UPSERT_SET},
	{"level", UPSERT_SET},        {"reopens", UPSERT_SET},
	{"stints", UPSERT_SET},       {"first_seq", UPSERT_SET},
	{"last_seq", UPSERT_SET},     {"opened_at", UPSERT_SET},
	{"queued_at", UPSERT_SET},    {"assigned_at", UPSERT_SET},
	{"closed_at", UPSERT_SET},    {"close_why", UPSERT_SET},
	{"rating_until", UPSERT_SET}, SAID_COLUMNS,
};
const struct desk_columns desk_conversation_columns = LIST("desk_conversation", conversation_list);

/* Of which all is told. */
void desk_conversation_values(struct sql_value *to, const struct desk_now *now)
{
	const Parlor__Conversation *c = now->told;
	PUT(to, sql_t(now->tenant), sql_t(now->id), sql_u(c->no), sql_t(c->room), sql_t(c->desk),
	    sql_u(c->desk_no), sql_t(c->team), sql_u(c->team_no), sql_t(c->visitor),
	    sql_u(c->visitor_no), sql_t(*c->agent ? c->agent : NULL), or_null(c->agent_no),
	    sql_u(c->seat_no), sql_u(c->robot ? 2 : 1), sql_u((uint64_t)c->state),
	    sql_t(status_of((int)c->state)), sql_u(c->type_no), sql_t(c->product),
	    sql_u(c->business), sql_u(c->priority), sql_u(c->level), sql_u(c->reopens),
	    sql_u(c->stint), sql_u(c->first_seq), or_null(c->last_seq), sql_time(c->opened_us),
	    time_or_null(c->queued_us), time_or_null(c->assigned_us), time_or_null(c->closed_us),
	    sql_u((uint64_t)c->close_why), time_or_null(c->rating_until_us), SAID(now));
}

static const struct upsert_column said_list[] = {
	{"ent_id", UPSERT_ONCE}, {"conversation_id", UPSERT_ONCE}, SAID_COLUMNS};
const struct desk_columns desk_said_columns = LIST("desk_conversation", said_list);

void desk_said_values(struct sql_value *to, const struct desk_now *now)
{
	PUT(to, sql_t(now->tenant), sql_t(now->id), SAID(now));
}

/* ---- what they have behind them ------------------------------------------------------------- */

static const struct upsert_column stint_list[] = {
	{"ent_id", UPSERT_ONCE},    {"conversation_id", UPSERT_ONCE}, {"n", UPSERT_ONCE},
	{"no", UPSERT_SET},         {"seat_no", UPSERT_SET},          {"agent_no", UPSERT_SET},
	{"agent_id", UPSERT_SET},   {"visitor_no", UPSERT_SET},       {"kind", UPSERT_SET},
	{"how", UPSERT_SET},        {"from_seq", UPSERT_SET},         {"to_seq", UPSERT_SET},
	{"started_at", UPSERT_SET}, {"last_at", UPSERT_SET},          {"ended_at", UPSERT_SET},
	{"end_why", UPSERT_SET},    {"wait_ms", UPSERT_SET},
};
const struct desk_columns desk_stint_columns = LIST("desk_stint", stint_list);

void desk_stint_values(struct sql_value *to, const char *tenant, const Parlor__Conversation *c,
		       const Parlor__Stint *s)
{
	PUT(to, sql_t(tenant), sql_t(c->conversation), sql_u(s->n), sql_u(s->no), sql_u(s->seat_no),
	    sql_u(s->agent_no), sql_t(s->agent), sql_u(c->visitor_no), sql_u(s->robot ? 2 : 1),
	    sql_u((uint64_t)s->how), sql_u(s->from_seq),
	    s->ended_us ? sql_u(s->to_seq) : sql_t(NULL), sql_time(s->started_us),
	    time_or_null(s->last_us), time_or_null(s->ended_us), sql_u((uint64_t)s->end_why),
	    sql_u(s->wait_ms));
}

/* The end of an offer knows little of its beginning. */
static const struct upsert_column offer_list[] = {
	{"ent_id", UPSERT_ONCE},        {"conversation_id", UPSERT_ONCE},
	{"offer", UPSERT_ONCE},         {"seat_no", UPSERT_ONCE},
	{"agent_no", UPSERT_ONCE},      {"team_no", UPSERT_ONCE},
	{"why", UPSERT_ONCE},           {"how", UPSERT_SET},
	{"offered_at", UPSERT_IF_TOLD}, {"ended_at", UPSERT_SET},
	{"decision", UPSERT_IF_TOLD},
};
const struct desk_columns desk_offer_columns = LIST("desk_offer", offer_list);

void desk_offer_values(struct sql_value *to, const char *tenant,
		       const Parlor__ConversationChanged *told, uint64_t time_us,
		       const char *decision)
{
	const Parlor__Offer *o = told->offer;
	bool live = o->end == PARLOR__OFFER_END__OFFER_LIVE;
	PUT(to, sql_t(tenant), sql_t(told->conversation->conversation), sql_u(o->offer),
	    sql_u(o->seat_no), sql_u(o->agent_no), sql_u(o->team_no), sql_u((uint64_t)o->why),
	    sql_u((uint64_t)o->end), live ? sql_time(time_us) : sql_t(NULL),
	    live ? sql_t(NULL) : sql_time(time_us), sql_t(live ? decision : NULL));
}

static uint64_t number_at(const ProtobufCFieldDescriptor *f, const void *at)
{
	return f->type == PROTOBUF_C_TYPE_UINT64 ? *(const uint64_t *)at : *(const uint32_t *)at;
}

static void put_text(struct buf *json, const char *text)
{
	json_t *value = json_string(text);
	char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	const char *is = quoted ? quoted : "null";
	buf_put(json, is, strlen(is));
	free(quoted);
	json_decref(value);
}

static void put_key(struct buf *json, const char *before, const char *name)
{
	buf_put(json, before, strlen(before));
	buf_put(json, "\"", 1);
	buf_put(json, name, strlen(name));
	buf_put(json, "\":", 2);
}

void desk_decision_put(struct buf *json, const Parlor__Decision *d)
{
	const ProtobufCMessageDescriptor *form = d->base.descriptor;
	const char *before = "{";
	for (unsigned i = 0; i < form->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &form->fields[i];
		const void *at = (const char *)d + f->offset;
		bool is_text = f->type == PROTOBUF_C_TYPE_STRING;
		const char *text = is_text ? *(char *const *)at : "";
		uint64_t number = is_text ? 0 : number_at(f, at);
		char digits[24];
		if (!number && !*text)
			continue;
		put_key(json, before, f->name);
		int n = snprintf(digits, sizeof digits, "%" PRIu64, number);
		if (is_text)
			put_text(json, text);
		else
			buf_put(json, digits, (size_t)n);
		before = ",";
	}
	buf_put(json, before, *before == '{' ? 1 : 0);
	buf_put(json, "}", 2);
}

/* The end of a transfer tells that it ended; who serves then is who took it. */
static const struct upsert_column transfer_list[] = {
	{"ent_id", UPSERT_ONCE},
	{"conversation_id", UPSERT_ONCE},
	{"no", UPSERT_ONCE},
	{"from_agent_no", UPSERT_ONCE},
	{"to_agent_no", UPSERT_IF_TOLD},
	{"to_team_no", UPSERT_ONCE},
	{"mode", UPSERT_ONCE},
	{"by_no", UPSERT_ONCE},
	{"note", UPSERT_ONCE},
	{"asked_at", UPSERT_ONCE},
	{"ended_at", UPSERT_SET},
	{"how", UPSERT_SET},
};
const struct desk_columns desk_transfer_columns = LIST("desk_transfer", transfer_list);

void desk_transfer_values(struct sql_value *to, const char *tenant,
			  const Parlor__ConversationChanged *told)
{
	const Parlor__Conversation *c = told->conversation;
	const Parlor__Transfer *t = told->transfer;
	bool taken = t->end == PARLOR__TRANSFER_END__TRANSFER_ACCEPTED;
	PUT(to, sql_t(tenant), sql_t(c->conversation), sql_u(t->no), sql_u(t->from_agent_no),
	    or_null(taken ? c->agent_no : t->to_agent_no), or_null(t->to_team_no),
	    sql_u(t->let_go ? 1 : 0), sql_u(t->by_no), sql_t(t->note), time_or_null(t->asked_us),
	    time_or_null(t->ended_us), sql_u((uint64_t)t->end));
}

static const struct upsert_column rating_list[] = {
	{"ent_id", UPSERT_ONCE}, {"conversation_id", UPSERT_ONCE}, {"visitor_no", UPSERT_SET},
	{"score", UPSERT_SET},   {"comment", UPSERT_SET},          {"rated_at", UPSERT_SET},
	{"stint", UPSERT_SET},   {"agent_no", UPSERT_SET}};
const struct desk_columns desk_rating_columns = LIST("desk_rating", rating_list);

void desk_rating_values(struct sql_value *to, const char *tenant,
			const Parlor__ConversationChanged *told, uint64_t time_us)
{
	const Parlor__Conversation *c = told->conversation;
	PUT(to, sql_t(tenant), sql_t(c->conversation), sql_u(c->visitor_no), sql_u(c->score),
	    sql_t(told->comment), sql_time(time_us));
}
