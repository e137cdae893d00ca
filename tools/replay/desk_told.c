#include "desk_told.h"

#include "audit/record_text.h"
#include "core/desk/form.h"
#include "core/tenant.h"
#include "desk_columns.h"
#include "noun/conversation.h"

#include "base/mem.h"

#include <stdlib.h>
#include <uthash.h>

/* Rows that are gathered before they are written. */
#define PENDING_MAX 2000
#define ROW_BYTES 16384

struct pending {
	UT_hash_handle hh; /* key: bytes of the key */
	struct row_key key;
	struct buf value;
};

struct desk_told {
	struct engine *engine;
	const uint64_t *marks;
	struct scratch scratch;
	struct record_text record_text;
	struct pending *pending;
	struct buf decision;
	uint64_t *ahead;
	size_t ahead_len, ahead_cap;
};

enum parlor_err desk_told_new(struct desk_told **out, struct engine *engine, const uint64_t *marks)
{
	struct desk_told *t = mem_new(sizeof *t);
	t->engine = engine;
	t->marks = marks;
	record_text_init(&t->record_text);
	*out = t;
	return scratch_open(&t->scratch, engine->source->why, sizeof engine->source->why);
}

static void forget(struct desk_told *t, struct pending *p)
{
	HASH_DEL(t->pending, p);
	buf_fini(&p->value);
	free(p);
}

void desk_told_free(struct desk_told *t)
{
	if (!t)
		return;
	while (t->pending)
		forget(t, t->pending);
	record_text_fini(&t->record_text);
	scratch_close(&t->scratch);
	buf_fini(&t->decision);
	free(t->ahead);
	free(t);
}

/* ---- rows that wait to be written ----------------------------------------------------- */

static enum parlor_err write_pending(struct desk_told *t)
{
	struct store *store = t->scratch.store;
	store_read_end(store);
	enum parlor_err err = store_reserve(store, PENDING_MAX * (uint64_t)ROW_BYTES);
	if (!err)
		err = store_begin(store);
	if (!err) {
		while (t->pending) {
			store_put(store, &t->pending->key, buf_span(&t->pending->value));
			forget(t, t->pending);
		}
		err = store_commit(store);
	}
	enum parlor_err turn = store_read_begin(store);
	if (!err)
		err = turn;
	return err ? source_fault(t->engine->source, PARLOR_E_IO, 0, "the scratch directory: %s",
				  parlor_err_text(err))
		   : PARLOR_E_OK;
}

static void key_of(struct row_key *key, enum desk_told_table table, uint64_t conversation,
		   uint64_t first, uint64_t second)
{
	*key = (struct row_key){.table = ROW_VISITS, .len = DESK_TOLD_KEY};
	key->bytes[0] = (uint8_t)table;
	be64_put(key->bytes + DESK_TOLD_PREFIX, conversation);
	be64_put(key->bytes + DESK_TOLD_PREFIX + 8, first);
	be64_put(key->bytes + DESK_TOLD_PREFIX + 16, second);
}

/* What is known of it so far; its value is empty where that is nothing. */
static struct pending *row_of(struct desk_told *t, const struct row_key *key)
{
	struct pending *p;
	struct span value;
	struct core_rows rows = scratch_rows(&t->scratch);
	HASH_FIND(hh, t->pending, key->bytes, key->len, p);
	if (p)
		return p;
	p = mem_new(sizeof *p);
	p->key = *key;
	if (!rows.get(rows.ctx, key, &value))
		buf_put(&p->value, value.data, value.len);
	HASH_ADD_KEYPTR(hh, t->pending, p->key.bytes, p->key.len, p);
	return p;
}

/* A row that was told. */
struct told {
	const char *room;
	const struct desk_columns *columns;
	struct sql_value values[ROW_VALUES_MAX];
	size_t len, keys; /* values that are told; columns of the key */
	bool begins;
};

static void upsert(struct desk_told *t, const struct row_key *key, const struct told *told)
{
	struct pending *p = row_of(t, key);
	struct buf now = {0}, cells = {0};
	struct reader was, in;
	bool is_new = !p->value.len;
	reader_init(&was, p->value.data, p->value.len);
	if (!is_new)
		(void)reader_span(&was);
	desk_cells_put_all(&now, told->columns->list, told->values, told->len);
	reader_init(&in, now.data, now.len);
	buf_put_span(&cells, SPAN_TEXT(told->room));
	desk_cells_upsert(&cells, told->columns->list, told->len, told->keys, is_new ? NULL : &was,
			  &in, told->begins || !t->engine->base);
	buf_fini(&p->value);
	buf_fini(&now);
	p->value = cells;
}

/* ---- records ------------------------------------------------------------------------------ */

static void take_offer(struct desk_told *t, const char *tenant, uint64_t time_us,
		       const Parlor__ConversationChanged *told)
{
	struct told row = {.room = told->conversation->room,
			   .columns = &desk_offer_columns,
			   .len = desk_offer_columns.len,
			   .keys = 4,
			   .begins = told->offer->end == PARLOR__OFFER_END__OFFER_LIVE};
	struct row_key key;
	buf_clear(&t->decision);
	if (told->decision)
		desk_decision_put(&t->decision, told->decision);
	desk_offer_values(row.values, tenant, told, time_us,
			  told->decision ? (const char *)t->decision.data : NULL);
	key_of(&key, TOLD_OFFERS, told->conversation->no, told->offer->offer, told->offer->seat_no);
	upsert(t, &key, &row);
}

static void take_transfer(struct desk_told *t, const char *tenant,
			  const Parlor__ConversationChanged *told)
{
	struct told row = {.room = told->conversation->room,
			   .columns = &desk_transfer_columns,
			   .len = desk_transfer_columns.len,
			   .keys = 3,
			   .begins = told->transfer->asked_us != 0};
	struct row_key key;
	desk_transfer_values(row.values, tenant, told);
	key_of(&key, TOLD_TRANSFERS, told->conversation->no, told->transfer->no, 0);
	upsert(t, &key, &row);
}

static void take_rating(struct desk_told *t, const char *tenant, uint64_t time_us,
			const Parlor__ConversationChanged *told)
{
	struct told row = {.room = told->conversation->room,
			   .columns = &desk_rating_columns,
			   .len = desk_rating_columns.len - 2,
			   .keys = 2,
			   .begins = true};
	struct row_key key;
	desk_rating_values(row.values, tenant, told, time_us);
	key_of(&key, TOLD_RATINGS, told->conversation->no, 0, 0);
	upsert(t, &key, &row);
}

/* Its rows are written of the same kinds of record as a worker writes them. */
static enum parlor_err take_change(struct desk_told *t, const struct entry *entry,
				   const struct record *r)
{
	const Parlor__Event *e = record_text_event(&t->record_text, entry);
	const Parlor__ConversationChanged *told = e ? conversation_change_of(e) : NULL;
	struct span id;
	char tenant[ROW_ID_MAX + 1];
	if (!told || !told->conversation)
		return PARLOR_E_OK;
	enum parlor_err err = core_tenant_id(t->engine->core, r->tenant, &id);
	if (err)
		return source_fault(t->engine->source, err, entry->position, "%s",
				    parlor_err_text(err));
	memcpy(tenant, id.data, id.len);
	tenant[id.len] = 0;
	if (told->offer)
		take_offer(t, tenant, e->time_us, told);
	if (told->transfer)
		take_transfer(t, tenant, told);
	if (r->kind == RECORD_RATED)
		take_rating(t, tenant, e->time_us, told);
	return HASH_COUNT(t->pending) < PENDING_MAX ? PARLOR_E_OK : write_pending(t);
}

#define AHEAD(kind, no) ((uint64_t)(kind) << 56 | (no))

static void note_ahead(struct desk_told *t, unsigned kind, uint64_t no)
{
	MEM_GROW(t->ahead, t->ahead_len, t->ahead_cap, 64);
	t->ahead[t->ahead_len++] = AHEAD(kind, no);
}

static void take_ahead(struct desk_told *t, const struct record *r)
{
	union row_any row;
	unsigned kind = r->config.kind;
	note_ahead(t, kind, r->config.no);
	if ((kind == CONFIG_AGENT || kind == CONFIG_VISITOR) &&
	    fields_decode_whole(r->config.fields, config_form((enum config_no)kind)->fields, &row))
		note_ahead(t, 0, kind == CONFIG_AGENT ? row.agent.party_no : row.visitor.party_no);
}

static bool is_config(enum record_kind_no kind)
{
	return (kind >= RECORD_DESK_SET && kind <= RECORD_HOURS_SET) || kind == RECORD_BUSINESS_SET;
}

enum parlor_err desk_told_take(void *arg, const struct entry *entry, const struct record *r)
{
	struct desk_told *t = arg;
	bool ahead = entry->partition < store_partitions(t->engine->source->store) &&
		     entry->position > t->marks[entry->partition];
	if (is_config(r->kind) && ahead)
		take_ahead(t, r);
	return conversation_has(r->kind) && !ahead ? take_change(t, entry, r) : PARLOR_E_OK;
}

/* ---- asking --------------------------------------------------------------------------------- */

static int by_number(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

enum parlor_err desk_told_end(struct desk_told *t)
{
	if (t->ahead_len)
		qsort(t->ahead, t->ahead_len, sizeof *t->ahead, by_number);
	return write_pending(t);
}

struct core_rows desk_told_rows(struct desk_told *t, enum desk_told_table table,
				struct row_key *from)
{
	key_of(from, table, 0, 0, 0);
	return scratch_rows(&t->scratch);
}

bool desk_told_is_ahead(const struct desk_told *t, unsigned kind, uint64_t no)
{
	const uint64_t key = AHEAD(kind, no);
	return t->ahead_len &&
	       bsearch(&key, t->ahead, t->ahead_len, sizeof *t->ahead, by_number) != NULL;
}
