#include "desk_served.h"

#include "base/mem.h"
#include "desk_columns.h"

#include <stdlib.h>
#include <string.h>

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

/* Begun: upsert_put for each of them that has such a part. */
static void begin(struct upsert *u, struct db *db, const struct desk_columns *columns)
{
	upsert_init(u, db, columns->table, columns->list, columns->len);
}

/* The decisions of those that this is true of, one behind the other. */
static const char *put_decisions(struct buf *json, const struct fold_served *all,
				 bool (*has)(const struct served *))
{
	for (size_t i = 0; i < all->len; i++)
		if (has(&all->list[i]))
			desk_decision_put(json, all->list[i].told->decision);
	return (const char *)json->data;
}

static const char *next_decision(const char **decisions)
{
	const char *decision = *decisions;
	*decisions += strlen(decision) + 1;
	return decision;
}

static bool assigned_by_decision(const struct served *is)
{
	return is->told->stint && is->told->decision;
}

static bool offered_by_decision(const struct served *is)
{
	return is->told->offer && is->told->decision;
}

/* What was seen is told when it begins, and of the broker's own choice only; it is in no row
 * of the broker's, so that nobody compares it. */
static enum parlor_err write_stints(struct db *db, const struct fold_served *all)
{
	struct upsert_column columns[ROW_VALUES_MAX];
	struct sql_value values[ROW_VALUES_MAX];
	struct buf json = {0};
	struct upsert u;
	size_t len = desk_stint_columns.len;
	const char *decisions = put_decisions(&json, all, assigned_by_decision);
	memcpy(columns, desk_stint_columns.list, len * sizeof *columns);
	columns[len] = (struct upsert_column){"decision", UPSERT_IF_TOLD};
	upsert_init(&u, db, desk_stint_columns.table, columns, len + 1);
	for (size_t i = 0; i < all->len; i++) {
		const struct served *is = &all->list[i];
		if (!is->told->stint)
			continue;
		desk_stint_values(values, is->tenant, is->told->conversation, is->told->stint);
		values[len] = sql_t(assigned_by_decision(is) ? next_decision(&decisions) : NULL);
		upsert_put(&u, values);
	}
	enum parlor_err err = upsert_finish(&u);
	buf_fini(&json);
	return err;
}

static enum parlor_err write_offers(struct db *db, const struct fold_served *all)
{
	struct sql_value values[ROW_VALUES_MAX];
	struct upsert u;
	struct buf json = {0};
	const char *decisions = put_decisions(&json, all, offered_by_decision);
	begin(&u, db, &desk_offer_columns);
	for (size_t i = 0; i < all->len; i++) {
		const struct served *is = &all->list[i];
		if (!is->told->offer)
			continue;
		desk_offer_values(values, is->tenant, is->told, is->time_us,
				  offered_by_decision(is) ? next_decision(&decisions) : NULL);
		upsert_put(&u, values);
	}
	enum parlor_err err = upsert_finish(&u);
	buf_fini(&json);
	return err;
}

static enum parlor_err write_transfers(struct db *db, const struct fold_served *all)
{
	struct sql_value values[ROW_VALUES_MAX];
	struct upsert u;
	begin(&u, db, &desk_transfer_columns);
	for (size_t i = 0; i < all->len; i++) {
		const struct served *is = &all->list[i];
		if (!is->told->transfer)
			continue;
		desk_transfer_values(values, is->tenant, is->told);
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
#define RATED_AND_TWO_KEYS 10
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
		struct sql_value values[RATED_AND_TWO_KEYS];
		if (!is->rated)
			continue;
		desk_rating_values(values, is->tenant, is->told, is->time_us);
		values[6] = values[8] = values[0];
		values[7] = values[9] = values[1];
		rows_put(&rows, values, RATED_AND_TWO_KEYS);
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
