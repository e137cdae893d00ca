#include "builder.h"

#include "turn/turn.h"

#include "base/mem.h"
#include "base/random.h"

#include <stdlib.h>

/* Records and bytes of one commit, about. */
#define STEP_RECORDS 2000
#define STEP_BYTES ((size_t)4 << 20)
/* Rows of one commit; it must fit the headroom that the store keeps. */
#define BATCH_ROWS 8000
#define ROW_BYTES 8192
#define RECORD_BYTES 1024
#define DIRTY_ROWS_MAX 200000

struct builder {
	struct store *store;
	struct core *core;
	struct turn turn;
	uint64_t journal_id;
	uint64_t *positions; /* of the last record of each room, by number */
	size_t positions_len;
	uint64_t mark; /* 0: it is where the journal ends */
	bool in_turn;
};

static void take_record(void *ctx, const struct record *r)
{
	struct builder *b = ctx;
	turn_record(&b->turn, r);
	if (b->mark)
		return;
	if (r->room >= b->positions_len) {
		size_t len = (size_t)(r->room + 1) * 2;
		b->positions = mem_resize(b->positions, len, sizeof *b->positions);
		memset(b->positions + b->positions_len, 0,
		       (len - b->positions_len) * sizeof *b->positions);
		b->positions_len = len;
	}
	b->positions[r->room] = r->position;
}

/* As wide as the tables: whoever set the broker's own limits lower has nothing
 * longer in them. */
static struct core_limits limits_of_tables(void)
{
	struct core_limits limits = core_limits_default;
	limits.name_bytes = 512;
	limits.avatar_bytes = 2048;
	limits.body_bytes = (16U << 20) - 1;
	limits.mentions = RECORD_MENTIONS_MAX;
	limits.room_members = UINT32_MAX;
	limits.tenants = UINT32_MAX;
	limits.members = limits.rooms = UINT64_MAX;
	limits.tenant_members = limits.tenant_rooms = UINT64_MAX;
	limits.desks = limits.teams = limits.seats = limits.team_seats = UINT64_MAX;
	limits.desk_rows = limits.conversations_open = UINT64_MAX;
	return limits;
}

static enum parlor_err turn_begin(struct builder *b)
{
	enum parlor_err err = store_read_begin(b->store);
	b->in_turn = !err;
	return err;
}

static void turn_end(struct builder *b)
{
	if (b->in_turn)
		store_read_end(b->store);
	b->in_turn = false;
}

static enum parlor_err open_journal(struct builder *b, const struct store_options *options,
				    char *why, size_t why_size)
{
	struct core_limits limits = limits_of_tables();
	enum parlor_err err = random_bytes(&b->journal_id, sizeof b->journal_id);
	/* As the broker makes it. */
	b->journal_id = (b->journal_id >> 1) | 1;
	if (!err)
		err = store_open(&b->store, options, b->journal_id, why, why_size);
	if (err)
		return err;
	b->turn.partitions = options->partitions;
	b->core = core_new(&limits, store_rows(b->store), (struct core_sink){b, take_record});
	err = turn_begin(b);
	if (!err)
		err = core_load(b->core);
	return err;
}

enum parlor_err builder_open(struct builder **out, const char *dir, uint32_t partitions, char *why,
			     size_t why_size)
{
	struct builder *b = mem_new(sizeof *b);
	const struct store_options options = {.dir = dir, .partitions = partitions};
	why[0] = '\0';
	enum parlor_err err = open_journal(b, &options, why, why_size);
	if (err) {
		builder_close(b);
		b = NULL;
	}
	*out = b;
	return err;
}

void builder_close(struct builder *b)
{
	if (!b)
		return;
	turn_end(b);
	core_free(b->core);
	store_close(b->store);
	turn_fini(&b->turn);
	free(b->positions);
	free(b);
}

struct core *builder_core(struct builder *b)
{
	return b->core;
}

struct store *builder_store(struct builder *b)
{
	return b->store;
}

void builder_set_mark(struct builder *b)
{
	b->mark = store_last(b->store);
}

uint64_t builder_mark(const struct builder *b)
{
	return b->mark ? b->mark : store_last(b->store);
}

uint64_t builder_journal_id(const struct builder *b)
{
	return b->journal_id;
}

uint64_t builder_room_position(const struct builder *b, uint64_t room)
{
	return room < b->positions_len ? b->positions[room] : 0;
}

enum parlor_err builder_message(struct builder *b, const struct core_call *call,
				const struct imported_message *message, struct core_posted *posted)
{
	enum parlor_err err = import_message(b->core, call, message, posted);
	/* The record of the message, which the one of its recall follows. */
	if (!err && message->recalled)
		turn_recall_body(&b->turn, b->turn.records[b->turn.len - 2].live.position);
	return err;
}

static void append_records(struct builder *b)
{
	for (size_t i = 0; i < b->turn.len; i++) {
		const struct turn_record *r = &b->turn.records[i];
		struct entry entry = {.position = r->live.position,
				      .partition = r->partition,
				      .head = {b->turn.bytes.data + r->head_at, r->head_len},
				      .event = turn_event(&b->turn, r)};
		store_append(b->store, &entry);
	}
}

static enum parlor_err commit(struct builder *b, bool rows)
{
	uint64_t covered;
	turn_end(b);
	enum parlor_err err =
		store_reserve(b->store, b->turn.bytes.len + b->turn.len * RECORD_BYTES +
						(rows ? (uint64_t)BATCH_ROWS * ROW_BYTES : 0));
	if (!err)
		err = store_begin(b->store);
	if (err)
		return err;
	append_records(b);
	if (rows) {
		core_write_back(b->core, BATCH_ROWS, store_put, b->store, &covered);
		store_set_covered(b->store, covered);
	}
	err = store_commit(b->store);
	turn_clear(&b->turn);
	if (!err)
		err = turn_begin(b);
	if (!err) {
		core_landed(b->core);
		core_evict(b->core);
	}
	return err;
}

enum parlor_err builder_step(struct builder *b)
{
	enum parlor_err err = core_broken(b->core);
	if (err || (b->turn.len < STEP_RECORDS && b->turn.bytes.len < STEP_BYTES))
		return err;
	return commit(b, core_writing(b->core) || core_dirty(b->core) > DIRTY_ROWS_MAX);
}

enum parlor_err builder_finish(struct builder *b)
{
	enum parlor_err err = core_broken(b->core);
	do {
		if (!err)
			err = commit(b, true);
	} while (!err && core_dirty(b->core));
	return err;
}
