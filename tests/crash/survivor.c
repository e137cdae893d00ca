#include "survivor.h"

#include "core/desk/list.h"
#include "core/kinds.h"
#include "core/reading.h"
#include "core/room.h"
#include "random.h"
#include "state_hash.h"
#include "store/store.h"

#include <stdarg.h>
#include <stdio.h>

#define MIB ((uint64_t)1 << 20)
#define ROWS 100000
#define TENANT SPAN_TEXT("default")

struct survivor_run {
	const struct expected *expected;
	struct store *store;
	struct core *core;
	size_t records; /* emitted: what was asked for was not there */
	char *why;
};

__attribute__((format(printf, 2, 3))) static bool bad(struct survivor_run *s, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->why, SURVIVOR_WHY, format, args);
	va_end(args);
	return false;
}

static bool good(struct survivor_run *s, enum parlor_err err, const char *what)
{
	return err == PARLOR_E_OK || bad(s, "%s: %s", what, parlor_err_text(err));
}

/* ---- recovery ------------------------------------------------------------------- */

/* Every entry has its checksum and its place, and says what was said then. */
static bool check_journal(struct survivor_run *s)
{
	const struct reference *r = s->expected->reference;
	struct store_walk walk;
	struct entry entry;
	uint64_t position = 0;
	enum parlor_err err = store_walk_open(s->store, 1, &walk);

	if (err)
		return good(s, err, "the journal");
	while (!(err = store_walk_next(s->store, &walk, &entry)) &&
	       entry.position == position + 1 && entry.position <= r->last &&
	       span_equal(entry.head, reference_head(r, entry.position)))
		position++;
	store_walk_close(s->store, &walk);
	if (err == PARLOR_E_OK)
		return bad(s, "entry %llu is another one", (unsigned long long)entry.position);
	if (err != PARLOR_E_NOT_FOUND)
		return good(s, err, "the journal");
	return position == store_last(s->store) ||
	       bad(s, "%llu entries of %llu", (unsigned long long)position,
		   (unsigned long long)store_last(s->store));
}

static bool recover(struct survivor_run *s)
{
	enum parlor_err err = core_load(s->core);
	struct record record;
	struct entry entry;

	for (uint64_t at = store_covered(s->store) + 1; !err && at <= store_last(s->store); at++) {
		err = store_read(s->store, at, &entry);
		if (!err)
			err = record_decode(&record, entry.head.data, entry.head.len);
		if (!err)
			err = core_apply(s->core, &record);
	}
	return good(s, err, "recovery") &&
	       (core_position(s->core) == store_last(s->store) || bad(s, "not all was applied"));
}

/* ---- what was acknowledged --------------------------------------------------------- */

static bool has_body(struct survivor_run *s, const struct ack *a)
{
	struct entry entry;
	enum parlor_err err = store_read(s->store, a->position, &entry);

	return good(s, err, "an acknowledged message") &&
	       (memmem(entry.event.data, entry.event.len, a->body.data, a->body.len) != NULL ||
		bad(s, "the body of message %llu of %s is gone", (unsigned long long)a->seq,
		    (const char *)a->room.data));
}

/* The same post again has the same answer, and makes no message. */
static bool is_posted(struct survivor_run *s, const struct ack *a)
{
	struct core_call call = {.tenant = TENANT};
	struct core_posted posted = {0};
	struct core_post post = {.room = a->room,
				 .sender = a->member,
				 .client_id = a->client_id,
				 .body = a->body,
				 .type = MESSAGE_TYPE_MESSAGE,
				 .refusal = PARLOR_E_STORE_FULL};
	enum parlor_err err = core_post(s->core, &call, &post, &posted);

	if (err || posted.seq != a->seq || posted.position != a->position ||
	    posted.time_us != a->time_us || s->records)
		return bad(s, "lost: %s of %s in %s, seq %llu at %llu: now %s, seq %llu at %llu",
			   (const char *)a->client_id.data, (const char *)a->member.data,
			   (const char *)a->room.data, (unsigned long long)a->seq,
			   (unsigned long long)a->position, parlor_err_text(err),
			   (unsigned long long)posted.seq, (unsigned long long)posted.position);
	return a->kind == ACK_POSTED || has_body(s, a);
}

static bool is_recalled(struct survivor_run *s, const struct ack *a)
{
	struct core_call call = {.tenant = TENANT};
	struct core_room_view room;
	struct row_message message = {0};
	enum parlor_err err = core_room_show(s->core, &call, a->room, &room);

	if (!err)
		err = core_message(s->core, room.no, a->seq, &message);
	return good(s, err, "a recalled message") &&
	       (message.recalled || bad(s, "lost: a recall in %s", (const char *)a->room.data));
}

static bool is_read(struct survivor_run *s, const struct ack *a)
{
	struct core_call call = {.tenant = TENANT};
	struct core_unread_view is = {0};
	enum parlor_err err = core_unread(s->core, &call, a->room, a->member, &is);

	return good(s, err, "an acknowledged membership") &&
	       (is.read_seq >= a->seq ||
		bad(s, "lost: %s has read %s up to %llu, not %llu", (const char *)a->member.data,
		    (const char *)a->room.data, (unsigned long long)is.read_seq,
		    (unsigned long long)a->seq));
}

/* How far it has come is in the state, which is compared as a whole. */
static bool is_known(struct survivor_run *s, const struct ack *a)
{
	struct core_call call = {.tenant = TENANT};
	uint64_t no, position;

	return good(s, core_desk_told(s->core, &call, a->room, &no, &position),
		    "an acknowledged conversation");
}

static bool check_ack(struct survivor_run *s, const struct ack *a)
{
	if (a->kind == ACK_DESK)
		return is_known(s, a);
	if (a->kind == ACK_POST || a->kind == ACK_POSTED)
		return is_posted(s, a);
	return a->kind == ACK_RECALL ? is_recalled(s, a) : is_read(s, a);
}

/* The state is a function of the journal, and is compared as a whole: asking
 * for some of them shows that what is compared answers as it should. */
static bool check_acks(struct survivor_run *s)
{
	const struct expected *e = s->expected;
	const struct ack *all = e->acks->all;
	uint64_t chance = e->chance, last = store_last(s->store);

	if (e->received && all[e->received - 1].highest > last)
		return bad(s, "lost: position %llu was acknowledged, the journal ends at %llu",
			   (unsigned long long)all[e->received - 1].highest,
			   (unsigned long long)last);
	for (size_t i = 0; i < e->asked && i < e->received; i++) {
		size_t back = i % 2 ? i / 2 : random_below(&chance, e->received);
		if (!check_ack(s, &all[e->received - 1 - back]))
			return false;
	}
	return true;
}

/* ---- the state ------------------------------------------------------------------------ */

static enum parlor_err write_all_rows(struct survivor_run *s)
{
	uint64_t covered = store_covered(s->store);
	enum parlor_err err = store_reserve(s->store, MIB);

	if (!err)
		err = store_begin(s->store);
	if (err)
		return err;
	while (core_dirty(s->core) || core_writing(s->core))
		core_write_back(s->core, ROWS, store_put, s->store, &covered);
	store_set_covered(s->store, covered);
	return store_commit(s->store);
}

static bool check_state(struct survivor_run *s)
{
	struct hash128 is, want;
	enum parlor_err err = write_all_rows(s);

	if (!err)
		err = state_hash(s->store, &is);
	if (err)
		return good(s, err, "writing after recovery");
	want = reference_hash(s->expected->reference, store_last(s->store));
	return (is.low == want.low && is.high == want.high) ||
	       bad(s, "the state is not that of its journal up to %llu",
		   (unsigned long long)store_last(s->store));
}

/* ---- an image --------------------------------------------------------------------------- */

static void take_record(void *ctx, const struct record *record)
{
	(void)record;
	++*(size_t *)ctx;
}

static bool check_in_turn(struct survivor_run *s)
{
	enum parlor_err err = store_read_begin(s->store);

	if (err)
		return good(s, err, "a read transaction");
	bool stands = check_journal(s) && recover(s) && check_acks(s);
	store_read_end(s->store);
	return stands;
}

static struct seen look(struct survivor_run *s)
{
	struct store_counts counts;

	store_counts(s->store, &counts);
	return (struct seen){.covered = store_covered(s->store),
			     .last = store_last(s->store),
			     .map_bytes = counts.map_bytes};
}

bool survivor_check(const char *dir, const struct expected *expected, struct seen *seen,
		    char why[SURVIVOR_WHY])
{
	struct survivor_run s = {.expected = expected, .why = why};
	struct store_options options = {
		.dir = dir, .map_init = MIB, .headroom = MIB, .map_max = 256 * MIB};
	char said[256] = "";

	*seen = (struct seen){0};
	if (store_open(&s.store, &options, 1, said, sizeof said))
		return bad(&s, "does not open: %s", said);
	*seen = look(&s);
	s.core = core_new(&core_limits_default, store_rows(s.store),
			  (struct core_sink){.ctx = &s.records, .record = take_record});
	bool stands = check_in_turn(&s) && check_state(&s);
	core_free(s.core);
	store_close(s.store);
	return stands;
}
