#include "desk_served.h"

#include "base/mem.h"
#include "db/upsert.h"
#include "desk_conversation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS(list) list, sizeof(list) / sizeof *(list)

/* ---- folding ---------------------------------------------------------------------------- */

static void add(void *state, const Parlor__SyncRecord *r, bool rated)
{
	struct fold_served *all = state;
	const Parlor__ConversationChanged *told = desk_told(r->event);
	if (!told->conversation)
		return;
	MEM_GROW(all->list, all->len, all->cap, 32);
	all->list[all->len++] = (struct served){r->tenant, told, rated, r->event->time_us};
}

static void add_changed(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	(void)fold;
	add(state, r, false);
}

static void add_rated(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	(void)fold;
	add(state, r, true);
}

/* ---- writing ---------------------------------------------------------------------------- */

static struct sql_value or_null(uint64_t number)
{
	return number ? sql_u(number) : sql_t(NULL);
}

static struct sql_value time_or_null(uint64_t us)
{
	return us ? sql_time(us) : sql_t(NULL);
}

static enum parlor_err write_stints(struct db *db, const struct fold_served *all)
{
	static const struct upsert_column columns[] = {
		{"ent_id", UPSERT_ONCE},    {"conversation_id", UPSERT_ONCE},
		{"n", UPSERT_ONCE},         {"no", UPSERT_SET},
		{"seat_no", UPSERT_SET},    {"agent_no", UPSERT_SET},
		{"agent_id", UPSERT_SET},   {"visitor_no", UPSERT_SET},
		{"kind", UPSERT_SET},       {"how", UPSERT_SET},
		{"from_seq", UPSERT_SET},   {"to_seq", UPSERT_SET},
		{"started_at", UPSERT_SET}, {"last_at", UPSERT_SET},
		{"ended_at", UPSERT_SET},   {"end_why", UPSERT_SET},
		{"wait_ms", UPSERT_SET},
	};
	struct upsert u;
	upsert_init(&u, db, "desk_stint", COLUMNS(columns));
	for (size_t i = 0; i < all->len; i++) {
		const struct served *is = &all->list[i];
		const Parlor__Conversation *c = is->told->conversation;
		const Parlor__Stint *s = is->told->stint;
		if (!s)
			continue;
		const struct sql_value values[] = {
			sql_t(is->tenant),
			sql_t(c->conversation),
			sql_u(s->n),
			sql_u(s->no),
			sql_u(s->seat_no),
			sql_u(s->agent_no),
			sql_t(s->agent),
			sql_u(c->visitor_no),
			sql_u(s->robot ? 2 : 1),
			sql_u((uint64_t)s->how),
			sql_u(s->from_seq),
			s->ended_us ? sql_u(s->to_seq) : sql_t(NULL),
			sql_time(s->started_us),
			time_or_null(s->last_us),
			time_or_null(s->ended_us),
			sql_u((uint64_t)s->end_why),
			sql_u(s->wait_ms),
		};
		upsert_put(&u, values);
	}
	return upsert_finish(&u);
}

/* {"strategy":2,"ready":3}: fields that are 0 are left out. With its NUL. */
static void put_json(struct buf *json, const Parlor__Decision *d)
{
	const ProtobufCMessageDescriptor *form = d->base.descriptor;
	const char *before = "{";
	for (unsigned i = 0; i < form->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &form->fields[i];
		const void *at = (const char *)d + f->offset;
		uint64_t number = f->type == PROTOBUF_C_TYPE_UINT64 ? *(const uint64_t *)at
								    : *(const uint32_t *)at;
		char text[96];
		if (!number)
			continue;
		int n = snprintf(text, sizeof text, "%s\"%s\":%" PRIu64, before, f->name, number);
		buf_put(json, text, (size_t)n);
		before = ",";
	}
	buf_put(json, before, *before == '{' ? 1 : 0);
	buf_put(json, "}", 2);
}

/* The end of an offer knows little of its beginning. */
static enum parlor_err write_offers(struct db *db, const struct fold_served *all)
{
	static const struct upsert_column columns[] = {
		{"ent_id", UPSERT_ONCE},        {"conversation_id", UPSERT_ONCE},
		{"offer", UPSERT_ONCE},         {"seat_no", UPSERT_ONCE},
		{"agent_no", UPSERT_ONCE},      {"team_no", UPSERT_ONCE},
		{"why", UPSERT_ONCE},           {"how", UPSERT_SET},
		{"offered_at", UPSERT_IF_TOLD}, {"ended_at", UPSERT_SET},
		{"decision", UPSERT_IF_TOLD},
	};
	struct upsert u;
	struct buf json = {0};
	for (size_t i = 0; i < all->len; i++)
		if (all->list[i].told->offer && all->list[i].told->decision)
			put_json(&json, all->list[i].told->decision);
	const char *decision = (const char *)json.data;
	upsert_init(&u, db, "desk_offer", COLUMNS(columns));
	for (size_t i = 0; i < all->len; i++) {
		const struct served *is = &all->list[i];
		const Parlor__Offer *o = is->told->offer;
		if (!o)
			continue;
		bool live = o->end == PARLOR__OFFER_END__OFFER_LIVE;
		const struct sql_value values[] = {
			sql_t(is->tenant),
			sql_t(is->told->conversation->conversation),
			sql_u(o->offer),
			sql_u(o->seat_no),
			sql_u(o->agent_no),
			sql_u(o->team_no),
			sql_u((uint64_t)o->why),
			sql_u((uint64_t)o->end),
			live ? sql_time(is->time_us) : sql_t(NULL),
			live ? sql_t(NULL) : sql_time(is->time_us),
			sql_t(live && is->told->decision ? decision : NULL),
		};
		upsert_put(&u, values);
		if (is->told->decision)
			decision += strlen(decision) + 1;
	}
	enum parlor_err err = upsert_finish(&u);
	buf_fini(&json);
	return err;
}

/* The end of a transfer tells that it ended; who serves then is who took it. */
static enum parlor_err write_transfers(struct db *db, const struct fold_served *all)
{
	static const struct upsert_column columns[] = {
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
	struct upsert u;
	upsert_init(&u, db, "desk_transfer", COLUMNS(columns));
	for (size_t i = 0; i < all->len; i++) {
		const struct served *is = &all->list[i];
		const Parlor__Conversation *c = is->told->conversation;
		const Parlor__Transfer *t = is->told->transfer;
		if (!t)
			continue;
		bool taken = t->end == PARLOR__TRANSFER_END__TRANSFER_ACCEPTED;
		const struct sql_value values[] = {
			sql_t(is->tenant),
			sql_t(c->conversation),
			sql_u(t->no),
			sql_u(t->from_agent_no),
			or_null(taken ? c->agent_no : t->to_agent_no),
			or_null(t->to_team_no),
			sql_u(t->let_go ? 1 : 0),
			sql_u(t->by_no),
			sql_t(t->note),
			time_or_null(t->asked_us),
			time_or_null(t->ended_us),
			sql_u((uint64_t)t->end),
		};
		upsert_put(&u, values);
	}
	return upsert_finish(&u);
}

/* Of the last stint of a human, which stands there already. */
static enum parlor_err write_ratings(struct db *db, const struct fold_served *all)
{
#define LAST(column)                                                          \
	"COALESCE((SELECT s." column " FROM desk_stint s WHERE s.ent_id = ? " \
	"AND s.conversation_id = ? AND s.kind = 1 ORDER BY s.n DESC LIMIT 1), 0)"
	struct rows rows;
	rows_init(&rows, db,
		  "INSERT INTO desk_rating (ent_id, conversation_id, visitor_no, score, comment, "
		  "rated_at, stint, agent_no) VALUES ",
		  "(?, ?, ?, ?, ?, ?, " LAST("n") ", " LAST("agent_no") ")",
		  " ON DUPLICATE KEY UPDATE visitor_no = VALUES(visitor_no), "
		  "score = VALUES(score), comment = VALUES(comment), rated_at = VALUES(rated_at), "
		  "stint = VALUES(stint), agent_no = VALUES(agent_no)");
	for (size_t i = 0; i < all->len; i++) {
		const struct served *is = &all->list[i];
		const Parlor__Conversation *c = is->told->conversation;
		struct sql_value tenant = sql_t(is->tenant), id = sql_t(c->conversation);
		if (is->rated)
			rows_add(&rows, tenant, id, sql_u(c->visitor_no), sql_u(c->score),
				 sql_t(is->told->comment), sql_time(is->time_us), tenant, id,
				 tenant, id);
	}
	return rows_finish(&rows);
#undef LAST
}

static enum parlor_err served_write(struct db *db, const struct fold *fold, void *state,
				    const struct mark *mark)
{
	(void)fold;
	(void)mark;
	enum parlor_err err = write_stints(db, state);
	if (!err)
		err = write_offers(db, state);
	if (!err)
		err = write_transfers(db, state);
	return err ? err : write_ratings(db, state);
}

static void served_free(void *state)
{
	struct fold_served *all = state;
	free(all->list);
}

#define TABLE(table, ...)                                                             \
	{                                                                             \
		.name = (table), .migration = 4,                                      \
		.key = {"ent_id", "conversation_id", __VA_ARGS__}, .of_journal = true \
	}
static const struct table tables[] = {
	TABLE("desk_stint", "n"),
	TABLE("desk_offer", "offer", "seat_no"),
	TABLE("desk_transfer", "no"),
	TABLE("desk_rating", NULL),
};

#define TOLD(KIND, EVENT, add)                                                       \
	{                                                                            \
		PARLOR__RECORD_KIND__RECORD_##KIND, PARLOR__EVENT__KIND_##EVENT, add \
	}
static const struct fold_kind kinds[] = {
	TOLD(OFFERED, OFFER, add_changed),         TOLD(OFFER_ENDED, OFFER_ENDED, add_changed),
	TOLD(ASSIGNED, CONVERSATION, add_changed), TOLD(RELEASED, CONVERSATION, add_changed),
	TOLD(TRANSFER, TRANSFER, add_changed),     TOLD(RATED, CONVERSATION, add_rated),
};
const struct noun desk_served_noun = {
	NOUN_LIST(tables),     NOUN_LIST(kinds),    .state_bytes = sizeof(struct fold_served),
	.write = served_write, .free = served_free,
};
