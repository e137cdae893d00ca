#include "verify_rows.h"

#include "audit/pager.h"
#include "core/block.h"
#include "row_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct side {
	struct span key, value;
	bool ended;
};

struct compare {
	struct engine *engine;
	struct verify_rows *result;
	struct finding *finding;
	enum row_table table;
	struct side executed, found;
	struct hash_stream *hashes; /* executed, found */
};

/* ---- a row in words --------------------------------------------------------------- */

static void say_bytes(char *text, struct span value)
{
	size_t at = 0;
	for (size_t i = 0; i < value.len && at + 8 < FINDING_TEXT; i++)
		at += (size_t)snprintf(text + at, FINDING_TEXT - at, "%02x",
				       ((const uint8_t *)value.data)[i]);
}

static bool say_room(char *text, struct span value)
{
	struct row_room r;
	if (!row_get_room(value, &r))
		return false;
	snprintf(text, FINDING_TEXT,
		 "state %u, %u members, last seq %" PRIu64 ", counted %" PRIu64
		 ", as of position %" PRIu64 ", name \"%.*s\"",
		 r.state, r.members, r.last_seq, r.counted, r.as_of,
		 (int)(r.name.len < 80 ? r.name.len : 80), (const char *)r.name.data);
	return true;
}

static bool say_membership(char *text, struct span value)
{
	struct row_membership r;
	if (!row_get_membership(value, &r))
		return false;
	snprintf(text, FINDING_TEXT,
		 "type %u, seen %" PRIu64 ", read up to %" PRIu64 ", own %" PRIu64
		 ", joined at %" PRIu64 ", as of position %" PRIu64 ", name \"%.*s\"",
		 r.type, r.seen, r.read_seq, r.own, r.joined_pos, r.as_of,
		 (int)(r.name.len < 80 ? r.name.len : 80), (const char *)r.name.data);
	return true;
}

static void say(char *text, enum row_table table, const struct side *side, bool there)
{
	const uint8_t *key = side->key.data;
	if (!there) {
		snprintf(text, FINDING_TEXT, "no such row");
		return;
	}
	if (table == ROW_ROOMS && side->key.len >= ROW_PREFIX &&
	    ((key[8] == 0 && say_room(text, side->value)) ||
	     (key[8] == 1 && say_membership(text, side->value))))
		return;
	if (row_text_desk(text, FINDING_TEXT, table, side->key, side->value))
		return;
	text[0] = 0;
	say_bytes(text, side->value);
	if (!text[0])
		snprintf(text, FINDING_TEXT, "an empty row");
}

static bool same_message(const struct row_message *a, const struct row_message *b)
{
	return a->position == b->position && a->time_us == b->time_us && a->sender == b->sender &&
	       a->counted == b->counted && a->own == b->own && a->own_prev == b->own_prev &&
	       a->counts == b->counts && a->recalled == b->recalled && a->keyed == b->keyed &&
	       a->key.high == b->key.high && a->key.low == b->key.low && a->content == b->content;
}

static void say_message(char *text, bool there, const struct row_message *m)
{
	if (!there)
		snprintf(text, FINDING_TEXT, "no such message");
	else
		snprintf(text, FINDING_TEXT,
			 "at position %" PRIu64 ", sender #%" PRIu64 ", counted %" PRIu64
			 ", own %" PRIu64 " after message %" PRIu64 "%s%s, key %016" PRIx64
			 ", content %016" PRIx64,
			 m->position, m->sender, m->counted, m->own, m->own_prev,
			 m->counts ? "" : ", does not count", m->recalled ? ", recalled" : "",
			 m->key.low, m->content);
}

/* Both sides have the block: its first message that differs, instead of bytes. */
static void point_at_message(const struct compare *c, struct finding *f)
{
	const uint8_t *key = c->executed.key.data;
	unsigned executed, found;
	if (c->table != ROW_ROOMS || key[8] != ROW_BLOCK ||
	    !block_count(c->executed.value, &executed) || !block_count(c->found.value, &found))
		return;
	for (unsigned at = 0; at < executed || at < found; at++) {
		struct row_message a = {0}, b = {0};
		bool in_executed = at < executed && !block_get(c->executed.value, at, &a);
		bool in_found = at < found && !block_get(c->found.value, at, &b);
		if (in_executed && in_found && same_message(&a, &b))
			continue;
		snprintf(f->what, sizeof f->what, "the index of message %" PRIu64,
			 row_key_tail(key, c->executed.key.len) * BLOCK_MESSAGES + at + 1);
		f->position = a.position;
		say_message(f->expected, in_executed, &a);
		say_message(f->found, in_found, &b);
		return;
	}
}

/* What the key names, as broker/core/row.h has it. */
static void name(struct compare *c, struct finding *f, struct span at)
{
	static const char *const of_room[] = {"the row of the room",
					      "the row of the membership",
					      "a block of messages",
					      "a range of idempotency keys",
					      "the number of a message of the member",
					      "the number of a member by its id"};
	static const char *const of_member[] = {"the row of the member",
						"the member's list of rooms",
						"the member's list of rooms it left"};
	const size_t rooms = sizeof of_room / sizeof *of_room;
	const uint8_t *key = at.data;
	bool numbered = c->table != ROW_NAMES && at.len >= ROW_PREFIX;
	uint64_t number = numbered ? be64_get(key) : 0;
	uint64_t tail = numbered && at.len >= ROW_PREFIX + 8 ? row_key_tail(key, at.len) : 0;
	const char *of_desk = row_text_name(c->table, at);
	finding_set(f, AUDIT_ROWS, of_desk ? of_desk : "a row");
	if (c->table == ROW_ROOMS && numbered) {
		if (key[8] < rooms)
			finding_set(f, AUDIT_ROWS, of_room[key[8]]);
		finding_name(f, c->engine, number,
			     key[8] == ROW_MEMBERSHIP || key[8] == ROW_OWN ? tail : 0);
	} else if (c->table == ROW_MEMBERS && numbered) {
		if (key[8] < 3)
			finding_set(f, AUDIT_ROWS, of_member[key[8]]);
		finding_name(f, c->engine, key[8] == 1 ? tail : 0, number);
	} else if (c->table == ROW_NAMES) {
		finding_set(f, AUDIT_ROWS,
			    key[0] == 'S'              ? "the row of the state"
			    : key[0] == 'C'            ? "how many names a tenant has"
			    : key[0] == ROW_DESK_STATE ? "the row of the desk's state"
			    : key[0] == ROW_OPEN       ? "that a conversation is open"
			    : key[0] == ROW_VISIT_NAME ? "the number of a conversation"
						       : "the number of a name");
	}
}

/* ---- both sides ------------------------------------------------------------------- */

static int order(const struct side *a, const struct side *b)
{
	if (a->ended || b->ended)
		return a->ended - b->ended;
	return span_order(a->key, b->key);
}

static void differ(struct compare *c, bool executed, bool found)
{
	struct finding f = {.only = c->finding->only};
	name(c, &f, executed ? c->executed.key : c->found.key);
	if (!finding_wanted(&f) || c->result->differing++)
		return;
	say(f.expected, c->table, &c->executed, executed);
	say(f.found, c->table, &c->found, found);
	/* What words do not tell apart. */
	if (strcmp(f.expected, f.found) == 0) {
		say_bytes(f.expected, c->executed.value);
		say_bytes(f.found, c->found.value);
	}
	if (executed && found)
		point_at_message(c, &f);
	*c->finding = f;
}

static enum parlor_err ended(struct side *s, enum parlor_err err)
{
	s->ended = err == PARLOR_E_NOT_FOUND;
	return s->ended ? PARLOR_E_OK : err;
}

static enum parlor_err next_executed(struct compare *c, struct pager *p)
{
	struct side *s = &c->executed;
	enum parlor_err err = ended(s, pager_next(p, &s->key, &s->value));
	if (err || s->ended)
		return err;
	row_hash(&c->hashes[0], c->table, s->key, s->value);
	c->result->rows++;
	progress_step(&c->engine->progress);
	return PARLOR_E_OK;
}

static enum parlor_err next_found(struct compare *c, struct recovered_walk *w)
{
	struct side *s = &c->found;
	enum parlor_err err = ended(s, recovered_next(w, &s->key, &s->value));
	if (!err && !s->ended)
		row_hash(&c->hashes[1], c->table, s->key, s->value);
	return err;
}

static enum parlor_err merge(struct compare *c, struct pager *executed,
			     struct recovered_walk *found)
{
	int first = 0;
	c->executed.ended = c->found.ended = false;
	for (;;) {
		enum parlor_err err = PARLOR_E_OK;
		if (first <= 0 && !c->executed.ended)
			err = next_executed(c, executed);
		if (!err && first >= 0 && !c->found.ended)
			err = next_found(c, found);
		if (err || (c->executed.ended && c->found.ended))
			return err;
		first = order(&c->executed, &c->found);
		if (first || !span_equal(c->executed.value, c->found.value))
			differ(c, first <= 0, first >= 0);
	}
}

static enum parlor_err compare_table(struct compare *c, struct recovered *recovered)
{
	struct pager executed;
	struct recovered_walk found;
	pager_init(&executed, engine_rows(c->engine), c->table);
	recovered_walk_init(&found, recovered, c->table);
	enum parlor_err err = merge(c, &executed, &found);
	recovered_walk_fini(&found);
	pager_fini(&executed);
	return err;
}

enum parlor_err verify_rows(struct engine *engine, struct recovered *recovered,
			    struct verify_rows *result, struct finding *finding)
{
	struct compare c = {.engine = engine, .result = result, .finding = finding};
	enum parlor_err err = PARLOR_E_OK;
	*result = (struct verify_rows){0};
	/* Aligned as no stack frame of a sanitizer is. */
	c.hashes = aligned_alloc(_Alignof(struct hash_stream), 2 * sizeof *c.hashes);
	if (!c.hashes)
		return source_fault(recovered->source, PARLOR_E_NO_MEMORY, 0, "out of memory");
	hash_stream_init(&c.hashes[0]);
	hash_stream_init(&c.hashes[1]);
	progress_begin(&engine->progress, "rows compared", 0);
	for (int table = 0; !err && table < ROW_TABLES; table++) {
		c.table = (enum row_table)table;
		err = compare_table(&c, recovered);
	}
	result->executed = hash_stream_sum(&c.hashes[0]);
	result->found = hash_stream_sum(&c.hashes[1]);
	free(c.hashes);
	if (err)
		source_fault(recovered->source, err, 0, "the rows cannot be read: %s",
			     parlor_err_text(err));
	return err;
}
