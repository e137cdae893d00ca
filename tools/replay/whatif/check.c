#include "whatif/check.h"

#include "core/desk/row.h"
#include "core/kinds.h"
#include "noun/conversation.h"

#include <inttypes.h>
#include <stdio.h>

/* Ends the walk: what was found stands in the finding. */
#define DIFFERS PARLOR_E_DESK_CONFLICT

/* ---- comparing ------------------------------------------------------------------ */

static bool same_numbers(struct number_list a, struct number_list b)
{
	return a.len == b.len && span_equal(a.bytes, b.bytes);
}

/* What was decided of it, times aside: several moments of a broker may be one here. */
static bool same_row(const struct row_conversation *a, const struct row_conversation *b)
{
	return a->state == b->state && a->priority == b->priority && a->level == b->level &&
	       a->overflows == b->overflows && a->close_why == b->close_why &&
	       a->queue_why == b->queue_why && a->desk == b->desk && a->team == b->team &&
	       a->wanted == b->wanted && a->reserved == b->reserved && a->key == b->key &&
	       a->offer == b->offer && a->offer_team == b->offer_team &&
	       same_numbers(a->offered, b->offered) && a->seat == b->seat &&
	       a->serving_team == b->serving_team && a->stints == b->stints &&
	       a->transfer == b->transfer && a->transfer_seat == b->transfer_seat &&
	       a->transfer_team == b->transfer_team;
}

static bool same_change(const struct record_conversation *a, const struct record_conversation *b)
{
	struct row_conversation row_a, row_b;
	if (!conversation_get_row(a->row, &row_a) || !conversation_get_row(b->row, &row_b))
		return false;
	return a->no == b->no && a->team == b->team && a->seat == b->seat && a->agent == b->agent &&
	       a->misses == b->misses && a->team_seat == b->team_seat && a->turn == b->turn &&
	       a->pass == b->pass && a->how == b->how && a->stint_n == b->stint_n &&
	       a->given == b->given && a->offers == b->offers &&
	       span_equal(a->decision, b->decision) && same_row(&row_a, &row_b);
}

static bool same(const struct record *a, const struct record *b)
{
	if (a->kind != b->kind || a->room != b->room || a->member != b->member)
		return false;
	return !conversation_has(a->kind) || same_change(&a->conversation, &b->conversation);
}

/* ---- what is told of a difference ---------------------------------------------- */

static void describe(struct check *c, const struct record *r, char text[FINDING_TEXT])
{
	struct row_conversation row = {0};
	struct finding of = {0};
	finding_name(&of, &c->decider.engine, 0, r->member);
	if (conversation_has(r->kind) && conversation_get_row(r->conversation.row, &row))
		snprintf(text, FINDING_TEXT, "conversation %.*s: %s%s%s, state %u, offer %" PRIu64,
			 (int)row.id.len, (const char *)row.id.data, record_kind(r->kind)->name,
			 of.member[0] ? " " : "", of.member, (unsigned)row.state, row.offer);
	else
		snprintf(text, FINDING_TEXT, "%s%s%s", record_kind(r->kind)->name,
			 of.member[0] ? " " : "", of.member);
}

/* NULL: nothing was. */
static enum parlor_err differs(struct check *c, const struct record *decided,
			       const struct moment_entry *recorded)
{
	struct finding *f = &c->finding;
	enum parlor_err err = engine_settle(&c->decider.engine);
	if (err)
		return err;
	c->differs = true;
	finding_set(f, AUDIT_DIFFERENT, "a decision that is not made again");
	finding_expected(f, "nothing");
	finding_found(f, "nothing");
	if (decided)
		describe(c, decided, f->expected);
	if (recorded)
		describe(c, &recorded->record, f->found);
	f->position = recorded ? recorded->entry.position : 0;
	return DIFFERS;
}

static enum parlor_err refused(struct check *c, const struct moment_entry *asked,
			       enum parlor_err err)
{
	enum parlor_err told = differs(c, NULL, asked);
	finding_expected(&c->finding, "refused: %s", parlor_err_text(err));
	return told;
}

/* ---- a moment ---------------------------------------------------------------------- */

static bool has(const struct moment *m, enum record_kind_no kind)
{
	for (size_t i = 0; i < m->len; i++)
		if (m->list[i].record.kind == kind)
			return true;
	return false;
}

/* A turn begins with what is due: before whatever was asked in it, and behind what it says
 * of the time. Where that is said later nothing was due; nor was it before a run. */
static bool ticks_behind(const struct moment *m, size_t i)
{
	if (has(m, RECORD_BOOT))
		return false;
	bool clock_first = m->list[0].record.kind == RECORD_DESK_CLOCK;
	return clock_first ? i == 1 : i == 0 && !has(m, RECORD_DESK_CLOCK);
}

static bool is_a_row(enum record_kind_no kind)
{
	return kind == RECORD_BUSINESS_SET ||
	       (kind >= RECORD_DESK_SET && kind <= RECORD_HOURS_TURNED &&
		kind != RECORD_VISITOR_SET);
}

/* Whoever sets a row serves whom it lets serve before the next thing is asked; hours turn with
 * their row. */
static bool settles_behind(const struct moment *m, size_t i)
{
	return is_a_row(m->list[i].record.kind) &&
	       (i + 1 == m->len || m->list[i + 1].record.kind != RECORD_HOURS_TURNED);
}

static enum parlor_err follow(struct check *c, size_t i)
{
	const struct moment *m = &c->moment;
	enum parlor_err err = decider_follow(&c->decider, &m->list[i].record);
	if (err || !settles_behind(m, i))
		return err;
	return decider_pair(&c->decider, m->time_us);
}

/* Where it is not, a tick has changed nothing; or none was run, as on a full disk, of which
 * only the next clock tells. */
static bool is_decided_in(const struct moment *m)
{
	for (size_t i = 0; i < m->len; i++)
		if (cause_of(m, i).kind != CAUSE_GIVEN)
			return true;
	return false;
}

static enum parlor_err happen(struct check *c, size_t i)
{
	const struct moment *m = &c->moment;
	struct decider *d = &c->decider;
	struct cause cause = cause_of(m, i);
	if (cause.kind == CAUSE_RUN)
		return decider_boot(d, m->time_us);
	if (cause.kind == CAUSE_TIME)
		return decider_tick(d, m->time_us);
	if (cause.kind == CAUSE_GIVEN)
		return follow(c, i);
	enum parlor_err err = ask_again(&c->ask, m, cause);
	return err ? refused(c, &m->list[cause.at], err) : err;
}

static void count(struct check *c, const struct record *r)
{
	c->records += conversation_has(r->kind);
	c->offers += r->kind == RECORD_OFFERED;
	c->assignments += r->kind == RECORD_ASSIGNED;
	c->closed += r->kind == RECORD_CLOSED;
}

/* The next record that was decided is the one that was recorded. */
static bool meets(struct check *c, const struct moment_entry *e)
{
	const struct record *decided = decider_told(&c->decider);
	if (!decided || !same(decided, &e->record))
		return false;
	count(c, &e->record);
	decider_take(&c->decider);
	return true;
}

/* Applied as it was, and decided by nobody here. */
static bool is_given(const struct moment *m, size_t i)
{
	return cause_of(m, i).kind == CAUSE_GIVEN;
}

static enum parlor_err decide(struct check *c, size_t i)
{
	const struct moment_entry *e = &c->moment.list[i];
	if (meets(c, e))
		return PARLOR_E_OK;
	bool given = is_given(&c->moment, i);
	if (decider_told(&c->decider) && !given)
		return differs(c, decider_told(&c->decider), e);
	enum parlor_err err = happen(c, i);
	if (err || given)
		return err;
	return meets(c, e) ? PARLOR_E_OK : differs(c, decider_told(&c->decider), e);
}

static enum parlor_err happen_again(struct check *c, size_t i)
{
	const struct moment *m = &c->moment;
	enum parlor_err err = PARLOR_E_OK;
	if (!c->decider.serves)
		return decider_follow(&c->decider, &m->list[i].record);
	if (ticks_behind(m, i) && is_decided_in(m))
		err = decider_tick(&c->decider, m->time_us);
	return err ? err : decide(c, i);
}

static enum parlor_err run_moment(struct check *c)
{
	const struct moment *m = &c->moment;
	enum parlor_err err = PARLOR_E_OK;
	if (!m->len)
		return err;
	if (!c->decider.serves && m->list[0].entry.position > c->from)
		decider_serve(&c->decider);
	for (size_t i = 0; !err && i < m->len; i++) {
		err = happen_again(c, i);
		if (!err && c->seen)
			c->seen(c->arg, &m->list[i], c->decider.serves);
	}
	if (!err)
		err = decider_settle(&c->decider);
	moment_clear(&c->moment);
	return err;
}

static enum parlor_err come_by(void *arg, const struct entry *entry, const struct record *r)
{
	struct check *c = arg;
	enum parlor_err err = PARLOR_E_OK;
	if (c->moment.len && c->moment.time_us != r->time_us)
		err = run_moment(c);
	if (!err)
		moment_add(&c->moment, entry);
	return err;
}

/* ---- all of it --------------------------------------------------------------------- */

enum parlor_err check_run(struct check *c)
{
	enum parlor_err err = decider_open(&c->decider, c->source, c->upto);
	ask_init(&c->ask, &c->decider);
	if (!err)
		err = source_walk(c->source, c->decider.engine.next, c->upto, come_by, c);
	if (!err)
		err = run_moment(c);
	if (!err && decider_told(&c->decider))
		err = differs(c, decider_told(&c->decider), NULL);
	return err == DIFFERS && c->differs ? PARLOR_E_OK : err;
}

void check_fini(struct check *c)
{
	moment_fini(&c->moment);
	ask_fini(&c->ask);
	decider_close(&c->decider);
}
