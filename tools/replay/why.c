#include "why.h"

#include "audit/finding.h"
#include "audit/record_text.h"
#include "core/desk/candidates.h"
#include "core/kinds.h"
#include "message_json.h"
#include "noun/conversation.h"
#include "options.h"

#include "base/mem.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TENANT_DEFAULT "default"
#define WORD_MAX 32

struct why {
	bool json, failed;
	const char *conversation;
	struct span tenant;
	uint32_t tenant_no;
	bool candidates;
	struct source source;
	struct engine engine; /* of candidates */
	struct record_text record_text;
	uint64_t steps;
	/* Of the record that is to be applied next. */
	struct seen {
		struct candidate *list;
		char (*agents)[ROW_ID_MAX + 1];
		size_t len, cap, agents_cap;
	} seen;
	uint64_t not_first; /* decisions for another than the first */
};

/* ---- words ---------------------------------------------------------------------- */

/* "most idle" of STRATEGY_MOST_IDLE; "" of what is not known. */
static const char *word(char text[WORD_MAX], const ProtobufCEnumDescriptor *words, int value)
{
	const ProtobufCEnumValue *of = protobuf_c_enum_descriptor_get_value(words, value);
	const char *name = of ? strchr(of->name, '_') : NULL;
	size_t len = 0;
	while (name && *++name && len + 1 < WORD_MAX)
		text[len++] = (char)(*name == '_' ? ' ' : tolower((unsigned char)*name));
	text[len] = 0;
	return text;
}

static void put_text(const char *before, const char *text)
{
	if (!text[0])
		return;
	fputs(before, stdout);
	record_text_put(stdout, text);
}

static void put_word(const char *before, const ProtobufCEnumDescriptor *words, int value)
{
	char text[WORD_MAX];
	put_text(before, word(text, words, value));
}

static void put_time(uint64_t us)
{
	char text[RECORD_TEXT_TIME_BYTES];
	printf("%s.%03u", record_text_time(us, text), (unsigned)(us / 1000 % 1000));
}

/* ---- a step ----------------------------------------------------------------------- */

/* What the strategy compares: the smallest is the first. */
static void put_score(Parlor__DeskStrategy strategy, uint64_t score, uint64_t of)
{
	if (strategy == PARLOR__DESK_STRATEGY__STRATEGY_PRIORITY)
		printf("%g", (double)(UINT64_MAX - score) / 1000);
	else if (of > 1 || strategy == PARLOR__DESK_STRATEGY__STRATEGY_MOST_IDLE)
		printf("%" PRIu64 "/%" PRIu64, score, of);
	else
		printf("%" PRIu64, score);
}

static void put_decision(const Parlor__Decision *d)
{
	if (!d)
		return;
	put_word("  by ", &parlor__offer_why__descriptor, (int)d->why);
	put_word(", ", &parlor__desk_strategy__descriptor, (int)d->strategy);
	if (d->of) {
		putchar(' ');
		put_score(d->strategy, d->score, d->of);
	}
	if (d->second_seat) {
		fputs(" before ", stdout);
		put_score(d->strategy, d->second_score, d->second_of);
		put_text(" (", d->second_agent);
		putchar(')');
	}
	printf("  of %u ready", d->ready);
	if (d->place)
		printf(", place %u", d->place);
	if (d->level)
		printf(", level %u", d->level);
}

static void put_stint(const Parlor__Stint *s, bool begins)
{
	if (!s)
		return;
	put_text("  ", s->agent);
	if (!begins) {
		put_word("  ", &parlor__release_why__descriptor, (int)s->end_why);
		return;
	}
	put_word("  ", &parlor__assign_how__descriptor, (int)s->how);
	printf("  stint %u after %" PRIu64 " ms, sees from message %" PRIu64, s->n, s->wait_ms,
	       s->from_seq + 1);
}

static void put_offer(const Parlor__Offer *o)
{
	if (!o)
		return;
	printf("  #%" PRIu64, o->offer);
	put_text(o->end ? "  " : " to ", o->agent);
	if (o->end)
		put_word("  ", &parlor__offer_end__descriptor, (int)o->end);
	if (o->end && o->misses)
		printf(", %u missed", o->misses);
	if (!o->end && o->expires_ms)
		printf("  for %" PRIu64 " ms", o->expires_ms);
}

static void put_transfer(const Parlor__Transfer *t)
{
	if (!t)
		return;
	printf("  #%" PRIu64, t->no);
	put_word(" ", &parlor__transfer_end__descriptor, (int)t->end);
	put_text("  from ", t->from_agent);
	put_text(" to ", t->to_agent);
	put_text(" to team ", t->to_team);
	put_text("  note: ", t->note);
}

static void put_conversation(enum record_kind_no kind, const Parlor__Conversation *v)
{
	if (kind == RECORD_OPENED) {
		put_text("  by ", v->visitor);
		put_text("  team ", v->team);
		put_text("  type ", v->type);
		put_text("  product ", v->product);
	}
	if (kind == RECORD_QUEUED || kind == RECORD_RAISED)
		put_text("  team ", v->team);
	if (kind == RECORD_RAISED)
		printf("  level %u", v->level);
	if (kind == RECORD_HELD)
		put_word("  ", &parlor__conversation_state__descriptor, (int)v->state);
	if ((kind == RECORD_OPENED || kind == RECORD_MARKED) && v->priority)
		printf("  priority %u", v->priority);
	if (kind == RECORD_CLOSED)
		put_word("  ", &parlor__close_why__descriptor, (int)v->close_why);
	if (kind == RECORD_RATED)
		printf("  %u", v->score);
}

/* ---- candidates ------------------------------------------------------------------- */

static const char *const states[] = {
	[CANDIDATE_READY] = "ready",       [CANDIDATE_AWAY] = "not there",
	[CANDIDATE_FULL] = "full",         [CANDIDATE_RESTS] = "rests",
	[CANDIDATE_EXCLUDED] = "excluded", [CANDIDATE_LEVEL] = "of a higher level",
	[CANDIDATE_SERVES] = "serves it",
};

static void see(void *ctx, const struct candidate *c)
{
	struct seen *seen = ctx;
	MEM_GROW(seen->agents, seen->len, seen->agents_cap, 16);
	MEM_GROW(seen->list, seen->len, seen->cap, 16);
	seen->list[seen->len] = *c;
	audit_text(seen->agents[seen->len++], sizeof *seen->agents, c->agent);
}

/* What stands before the record was seen when it was decided. */
static enum parlor_err look(void *arg, const struct entry *entry, const struct record *r)
{
	struct why *w = arg;
	(void)entry;
	w->seen.len = 0;
	if (r->kind != RECORD_OFFERED && r->kind != RECORD_ASSIGNED)
		return PARLOR_E_OK;
	enum parlor_err err = core_desk_candidates(w->engine.core, r, see, &w->seen);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

/* By the strategy, and by one that has an order: the chosen one must be the first. */
static bool has_order(const Parlor__Decision *d)
{
	return d && d->why == PARLOR__OFFER_WHY__WHY_STRATEGY &&
	       d->strategy != PARLOR__DESK_STRATEGY__STRATEGY_RANDOM &&
	       d->strategy != PARLOR__DESK_STRATEGY__STRATEGY_BROADCAST;
}

static bool is_first(const struct why *w, uint64_t seat)
{
	const struct seen *seen = &w->seen;
	if (seen->len && seen->list[0].state == CANDIDATE_READY)
		return seen->list[0].seat == seat;
	/* All were excluded: the oldest no is forgotten. */
	for (size_t i = 0; i < seen->len; i++)
		if (seen->list[i].seat == seat)
			return seen->list[i].state == CANDIDATE_EXCLUDED;
	return false;
}

static void print_candidates(const struct why *w, uint64_t seat)
{
	for (size_t i = 0; i < w->seen.len; i++) {
		const struct candidate *c = &w->seen.list[i];
		printf("%12s%s ", "", c->seat == seat ? ">" : " ");
		record_text_put(stdout, w->seen.agents[i]);
		printf("  %s  load %" PRIu64 "/%" PRIu64 "  score ", states[c->state], c->load,
		       c->max);
		put_score((Parlor__DeskStrategy)c->strategy, c->score, c->of);
		putchar('\n');
	}
}

static json_t *candidates_json(const struct why *w, uint64_t seat)
{
	json_t *list = json_array();
	for (size_t i = 0; i < w->seen.len; i++) {
		const struct candidate *c = &w->seen.list[i];
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:i, s:b}", "agent",
					w->seen.agents[i], "state", states[c->state], "load",
					(json_int_t)c->load, "max", (json_int_t)c->max, "score",
					(json_int_t)c->score, "of", (json_int_t)c->of, "level",
					(int)c->level, "chosen", (int)(c->seat == seat)));
	}
	return list;
}

/* ---- lines ------------------------------------------------------------------------ */

static void print_step(const struct entry *entry, const struct record *r,
		       const Parlor__ConversationChanged *change)
{
	static const char *const reminders[] = {"", "the seat", "the visitor", "first answer due",
						"end due"};
	printf("%10" PRIu64 "  ", entry->position);
	put_time(r->time_us);
	printf("  %-11s", record_kind(r->kind)->name);
	put_conversation(r->kind, change->conversation);
	if (change->queued && r->kind == RECORD_QUEUED)
		put_word("  ", &parlor__queue_why__descriptor, (int)change->queued);
	put_stint(change->stint, r->kind == RECORD_ASSIGNED);
	put_offer(change->offer);
	put_transfer(change->transfer);
	put_decision(change->decision);
	if (change->reminded < sizeof reminders / sizeof reminders[0])
		put_text("  ", reminders[change->reminded]);
	put_text("  asked by ", change->by);
	put_text("  ", change->why);
	put_text("  ", change->comment);
	putchar('\n');
}

static bool step_json(const struct why *w, const struct entry *entry, const struct record *r,
		      const Parlor__ConversationChanged *change)
{
	json_t *line = message_to_json(&change->base, UINT32_MAX);
	json_object_set_new(line, "position", json_integer((json_int_t)entry->position));
	json_object_set_new(line, "time_us", json_integer((json_int_t)r->time_us));
	json_object_set_new(line, "kind", json_string(record_kind(r->kind)->name));
	if (w->seen.len)
		json_object_set_new(line, "candidates", candidates_json(w, r->conversation.seat));
	return record_text_json_line(stdout, line);
}

/* ---- the journal ------------------------------------------------------------------ */

static enum parlor_err come_by(void *arg, const struct entry *entry, const struct record *r)
{
	struct why *w = arg;
	if (r->kind == RECORD_TENANT && span_equal(r->tenant_id, w->tenant))
		w->tenant_no = r->tenant;
	if (!conversation_has(r->kind) || r->tenant != w->tenant_no)
		return PARLOR_E_OK;
	const Parlor__Event *event = record_text_event(&w->record_text, entry);
	const Parlor__ConversationChanged *change = event ? conversation_change_of(event) : NULL;
	if (!change || !change->conversation)
		return source_fault(&w->source, PARLOR_E_STORE_CORRUPT, entry->position,
				    "journal entry %" PRIu64 ": a conversation without its event",
				    entry->position);
	if (strcmp(change->conversation->conversation, w->conversation) != 0)
		return PARLOR_E_OK;
	w->steps++;
	if (w->seen.len && has_order(change->decision))
		w->not_first += !is_first(w, r->conversation.seat);
	if (w->json) {
		w->failed |= !step_json(w, entry, r, change);
		return PARLOR_E_OK;
	}
	print_step(entry, r, change);
	print_candidates(w, r->conversation.seat);
	return PARLOR_E_OK;
}

/* Its record may be trimmed. */
static enum parlor_err find_tenant(struct why *w)
{
	struct row_key key;
	struct span value;
	uint64_t number;
	enum parlor_err err = source_hold(&w->source);
	if (err)
		return err;
	struct core_rows rows = store_rows(w->source.store);
	row_key_name(&key, 'T', 0, w->tenant);
	if (!rows.get(rows.ctx, &key, &value) && row_get_number(value, &number))
		w->tenant_no = (uint32_t)number;
	source_release(&w->source);
	return PARLOR_E_OK;
}

static enum parlor_err execute(struct why *w)
{
	enum parlor_err err = engine_init(&w->engine, &w->source);
	if (!err)
		err = engine_start(&w->engine, w->source.last);
	if (err)
		return err;
	core_desk_derive(w->engine.core);
	w->engine.before = look;
	w->engine.before_arg = w;
	return engine_run(&w->engine, w->source.last, come_by, w);
}

static enum parlor_err walk(struct why *w, const char *dir)
{
	enum parlor_err err = source_open(&w->source, dir);
	if (!err && w->tenant.len <= ROW_ID_MAX)
		err = find_tenant(w);
	if (!err && w->candidates)
		return execute(w);
	return err ? err : source_walk(&w->source, w->source.first, w->source.last, come_by, w);
}

static int finish(const struct why *w)
{
	if (!w->steps) {
		fprintf(stderr, "parlor-replay: the journal tells of no such conversation%s\n",
			w->source.first > 1 ? ", and its beginning is trimmed" : "");
		return AUDIT_DIFFERENT;
	}
	if (w->not_first)
		fprintf(stderr,
			"parlor-replay: %" PRIu64 " decisions were for another than the first\n",
			w->not_first);
	if (!w->failed && !fflush(stdout))
		return w->not_first ? AUDIT_DIFFERENT : AUDIT_EQUAL;
	fprintf(stderr, "parlor-replay: output cannot be written\n");
	return AUDIT_UNREADABLE;
}

int why_main(int argc, char **argv)
{
	struct why w = {0};
	struct options_shared shared;
	const struct options_row rows[] = {
		{"candidates", NULL,
		 "everybody who might have had it, in the strategy's order:\n"
		 "executes the journal again",
		 OPTIONS_FLAG, .into = &w.candidates},
		{"json", NULL, "lines of JSON, one a step", OPTIONS_FLAG, .into = &w.json},
		{0},
	};
	const struct options_command command = {
		.name = "why",
		.operands = "CONVERSATION",
		.about = "Prints what became of a conversation, step by step: opened, queued,\n"
			 "offered, assigned, to whom, and what the strategy saw when it chose:\n"
			 "the score of the seat it chose, of the next best, and how many were\n"
			 "ready.\n"
			 "exit: 0 printed; 1 the journal tells of no such conversation, or "
			 "somebody\n"
			 "was chosen who was not the first; 2 usage; 3 the journal is damaged;\n"
			 "7 something cannot be read; 8 the journal begins behind position 1, and\n"
			 "no snapshot can be used",
		.shared = OPTIONS_DATA | OPTIONS_DATA_NEEDED | OPTIONS_TENANT,
		.rows = rows,
	};

	const char *const *words = options_parse(&command, &shared, argc, argv);
	w.tenant = SPAN_TEXT(shared.tenant ? shared.tenant : TENANT_DEFAULT);
	w.conversation = words[0];
	record_text_init(&w.record_text);
	enum parlor_err err = walk(&w, shared.data);
	int code = err ? (int)audit_exit_of(err) : finish(&w);
	if (err)
		fprintf(stderr, "parlor-replay: %s\n", w.source.why);
	engine_fini(&w.engine);
	free(w.seen.list);
	free(w.seen.agents);
	source_close(&w.source);
	record_text_fini(&w.record_text);
	return code;
}
