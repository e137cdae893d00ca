#include "whatif/course.h"

#include "core/desk/act.h"
#include "core/desk/config.h"
#include "core/desk/desk.h"
#include "core/desk/list.h"
#include "core/desk/row.h"
#include "core/message.h"
#include "core/tenant.h"
#include "noun/conversation.h"

#include <inttypes.h>
#include <stdio.h>

/* Of one moment: a core that has more to do at once has lost its way. */
#define STEPS_MAX 1000000

static struct core *core_of(struct course *c)
{
	return decider_core(&c->decider);
}

static uint64_t desk_us(struct course *c)
{
	return core_desk_now(core_of(c));
}

static uint64_t offset_us(struct course *c)
{
	return desk_us(c) - core_time(core_of(c));
}

/* What was decided is counted, and people hear of it. */
static void tell(struct course *c)
{
	const struct record *r;
	while ((r = decider_told(&c->decider)) != NULL) {
		(void)outcome_take(c->outcome, r);
		people_hear(&c->people, r, desk_us(c));
		decider_take(&c->decider);
	}
}

/* ---- time ---------------------------------------------------------------------- */

static uint64_t people_due_us(struct course *c)
{
	uint64_t due = people_due(&c->people);
	if (due == UINT64_MAX)
		return due;
	/* Wall time; what is due by now is due now. */
	uint64_t ahead = due > desk_us(c) ? due - desk_us(c) : 0;
	return core_time(core_of(c)) + ahead;
}

/* All that is due up to then, the earliest first. */
static enum parlor_err pass(struct course *c, uint64_t until_us)
{
	enum parlor_err err = PARLOR_E_OK;
	for (unsigned steps = 0; !err; steps++) {
		uint64_t rules_us = core_due(core_of(c)), people_us = people_due_us(c);
		uint64_t next_us = people_us < rules_us ? people_us : rules_us;
		if (next_us > until_us)
			return PARLOR_E_OK;
		if (steps == STEPS_MAX)
			return source_fault(c->source, PARLOR_E_IO, 0,
					    "what is due at one time does not end");
		if (c->now_us < next_us) {
			c->now_us = next_us;
			steps = 0;
		}
		err = people_us < rules_us ? people_act(&c->people, c->now_us)
					   : decider_tick(&c->decider, c->now_us);
		tell(c);
	}
	return err;
}

/* The moment's clock says how long the broker was held up, or down, before it. */
static uint64_t served_until(struct course *c)
{
	const struct moment *m = &c->moment;
	for (size_t i = 0; i < m->len; i++) {
		if (m->list[i].record.kind != RECORD_DESK_CLOCK)
			continue;
		uint64_t lost = offset_us(c) - m->list[i].record.desk_clock.offset_us;
		if ((int64_t)lost > 0)
			return lost < m->time_us ? m->time_us - lost : 0;
	}
	return m->time_us;
}

/* ---- what was given ------------------------------------------------------------- */

static enum parlor_err follow(struct course *c, const struct record *r)
{
	(void)outcome_take(c->outcome, r);
	return decider_follow(&c->decider, r);
}

static enum parlor_err follow_row(struct course *c, const struct record *r)
{
	union row_any row;
	struct buf fields = {0};
	struct record other = *r;
	enum config_no kind = (enum config_no)r->config.kind;
	bool changes = kind == CONFIG_TEAM || kind == CONFIG_SEAT;
	if (!changes || !fields_decode_whole(r->config.fields, config_form(kind)->fields, &row))
		return follow(c, r);
	if (kind == CONFIG_TEAM)
		rules_change_team(c->rules, &row.team);
	else
		rules_change_seat(c->rules, &row.seat);
	fields_encode(&fields, config_form(kind)->fields, &row);
	other.config.fields = buf_span(&fields);
	enum parlor_err err = follow(c, &other);
	buf_fini(&fields);
	return err;
}

/* A run begins where the last one ended, in desk time. */
static enum parlor_err boot(struct course *c)
{
	const struct moment *m = &c->moment;
	enum parlor_err err = PARLOR_E_OK;
	struct record clock = {.kind = RECORD_DESK_CLOCK,
			       .time_us = m->time_us,
			       .desk_clock = {.offset_us = offset_us(c)}};
	if (clock.desk_clock.offset_us)
		err = follow(c, &clock);
	if (!err)
		err = decider_boot(&c->decider, m->time_us);
	tell(c);
	return err;
}

/* A room that was closed by its conversation's end, or opened for the next one, is so by
 * what is decided here. */
static bool is_of_conversation(const struct moment *m, size_t i)
{
	for (size_t k = 0; k < m->len; k++) {
		const struct record *r = &m->list[k].record;
		bool ends = k < i && r->kind == RECORD_CLOSED;
		bool begins = k > i && r->kind == RECORD_OPENED;
		if (r->room == m->list[i].record.room && (ends || begins))
			return true;
	}
	return false;
}

/* ---- who came, and what they did --------------------------------------------------- */

static struct core_call call_of(struct course *c, const struct record *r)
{
	return decider_call(&c->decider, r->tenant, c->moment.time_us);
}

/* Refused is what has become of it here: nobody is there any more. */
static enum parlor_err done(struct course *c)
{
	enum parlor_err err = core_broken(core_of(c));
	tell(c);
	return err;
}

static enum parlor_err open(struct course *c, size_t i)
{
	const struct moment_entry *e = &c->moment.list[i];
	struct past_room *room = past_room(c->past, e->record.room);
	if (room)
		room->apart = true;
	enum parlor_err err = ask_again(&c->ask, &c->moment, (struct cause){CAUSE_OPEN, i});
	/* Its visitor may have another one still. */
	bool opened = false;
	for (size_t k = c->decider.first; !err && k < c->decider.len; k++)
		opened |= c->decider.told[k].record.kind == RECORD_OPENED;
	c->not_opened += !opened;
	return done(c);
}

static bool is_written_by_visitor(struct course *c, const struct record *r)
{
	const struct past_room *room = past_room(c->past, r->room);
	return room && room->visit && room->visit->visitor == r->member;
}

/* The visitor's words, and a robot's while it serves. */
static enum parlor_err post(struct course *c, const struct moment_entry *e)
{
	const struct record *r = &e->record;
	const Parlor__Event *event = record_text_event(&c->ask.text, &e->entry);
	struct core_posted posted;
	struct conversation_view view;
	const struct past_room *room = past_room(c->past, r->room);
	if (!event || event->kind_case != PARLOR__EVENT__KIND_POSTED || !r->member)
		return PARLOR_E_OK;
	const Parlor__Message *m = event->posted;
	struct core_call call = call_of(c, r);
	bool serves = !is_written_by_visitor(c, r) && room && room->visit &&
		      !core_desk_show(core_of(c), &call, SPAN_TEXT(room->visit->key.id), &view) &&
		      view.robot && span_equal(view.agent, SPAN_TEXT(m->sender));
	const struct core_post said = {.room = SPAN_TEXT(event->room),
				       .sender = SPAN_TEXT(m->sender),
				       .client_id = SPAN_TEXT(m->client_id),
				       .body = SPAN_TEXT(m->body),
				       .type = MESSAGE_TYPE_MESSAGE};
	if (is_written_by_visitor(c, r) || serves)
		(void)!core_post(core_of(c), &call, &said, &posted);
	return done(c);
}

/* By somebody, and before any agent had it: or it was open before, and nobody knows how long
 * it takes. */
static enum parlor_err close_as_recorded(struct course *c, const struct moment_entry *e)
{
	struct row_conversation row;
	struct conversation_view view;
	if (!conversation_get_row(e->record.conversation.row, &row))
		return PARLOR_E_STORE_CORRUPT;
	const struct past_visit *v = past_visit(c->past, e->record.tenant, row.id);
	bool asked = row.close_why == PARLOR__CLOSE_WHY__CLOSE_VISITOR ||
		     row.close_why == PARLOR__CLOSE_WHY__CLOSE_MANAGER ||
		     row.close_why == PARLOR__CLOSE_WHY__CLOSE_SERVICE ||
		     row.close_why == PARLOR__CLOSE_WHY__CLOSE_SEAT;
	struct core_call call = call_of(c, &e->record);
	const struct core_desk_act act = {.conversation = row.id};
	if (!v || !(v->before || (asked && !v->agent)) ||
	    core_desk_show(core_of(c), &call, row.id, &view))
		return PARLOR_E_OK;
	bool served = view.agent_no && !view.robot;
	if (v->before || !served)
		(void)!core_desk_close(core_of(c), &call, &act, &view);
	return done(c);
}

static enum parlor_err ask(struct course *c, enum cause_kind kind, size_t i)
{
	enum parlor_err err = ask_again(&c->ask, &c->moment, (struct cause){kind, i});
	if (err == PARLOR_E_STORE_CORRUPT)
		return err;
	return done(c);
}

static enum parlor_err queued(struct course *c, size_t i)
{
	struct row_conversation row;
	if (!conversation_get_row(c->moment.list[i].record.conversation.row, &row))
		return PARLOR_E_STORE_CORRUPT;
	if (row.queue_why == PARLOR__QUEUE_WHY__QUEUE_HANDOFF)
		return ask(c, CAUSE_HANDOFF, i);
	return row.queue_why == PARLOR__QUEUE_WHY__QUEUE_MOVED ? ask(c, CAUSE_MOVE, i)
							       : PARLOR_E_OK;
}

/* What of rooms goes its own way in this run. */
static enum parlor_err apart(struct course *c, size_t i)
{
	const struct moment_entry *e = &c->moment.list[i];
	if (e->record.kind == RECORD_POSTED)
		return post(c, e);
	if (e->record.kind == RECORD_ROOM_STATE && !is_of_conversation(&c->moment, i))
		return follow(c, &e->record);
	return PARLOR_E_OK;
}

static enum parlor_err happen(struct course *c, size_t i)
{
	const struct moment_entry *e = &c->moment.list[i];
	const struct record *r = &e->record;
	const struct past_room *room = r->room ? past_room(c->past, r->room) : NULL;
	switch (r->kind) {
	case RECORD_BOOT:
		return boot(c);
	case RECORD_OPENED:
		return open(c, i);
	case RECORD_QUEUED:
		return queued(c, i);
	case RECORD_MARKED:
		return ask(c, CAUSE_MARK, i);
	case RECORD_CLOSED:
		return close_as_recorded(c, e);
	case RECORD_TEAM_SET:
	case RECORD_SEAT_SET:
		return follow_row(c, r);
	default:
		break;
	}
	if (conversation_has(r->kind))
		return PARLOR_E_OK;
	return room && room->apart ? apart(c, i) : follow(c, r);
}

/* ---- the rules from the beginning on ------------------------------------------------ */

struct rows {
	struct course *course;
	struct record found; /* of one row: its fields are in the buffer */
	struct buf fields;
};

static void take_row(void *ctx, const struct core_desk_row *row)
{
	struct rows *rows = ctx;
	struct record *r = &rows->found;
	buf_clear(&rows->fields);
	fields_encode(&rows->fields, config_form(row->kind)->fields, row->is);
	r->config.no = row->no;
	r->config.kind = (uint8_t)row->kind;
	r->config.fields = buf_span(&rows->fields);
}

static enum parlor_err change_rows(struct course *c, uint32_t tenant, enum config_no kind)
{
	struct rows rows = {.course = c};
	struct core_call call = decider_call(&c->decider, tenant, core_time(core_of(c)));
	uint64_t after = 0;
	enum parlor_err err = PARLOR_E_OK;
	for (bool more = true; !err && more;) {
		rows.found = (struct record){.kind = kind == CONFIG_TEAM ? RECORD_TEAM_SET
									 : RECORD_SEAT_SET,
					     .tenant = tenant,
					     .time_us = core_time(core_of(c))};
		err = core_desk_rows(core_of(c), &call, kind, (struct span){NULL, 0}, &after, 1,
				     &more, take_row, &rows);
		if (!err && rows.found.config.no)
			err = follow_row(c, &rows.found);
	}
	buf_fini(&rows.fields);
	return err;
}

static enum parlor_err begin(struct course *c)
{
	struct span id;
	enum parlor_err err = PARLOR_E_OK;
	outcome_begin(c->outcome);
	decider_serve(&c->decider);
	c->now_us = core_time(core_of(c));
	for (uint32_t t = 1; !err && !core_tenant_id(core_of(c), t, &id); t++) {
		err = change_rows(c, t, CONFIG_TEAM);
		if (!err)
			err = change_rows(c, t, CONFIG_SEAT);
	}
	return err;
}

/* ---- the walk ------------------------------------------------------------------------- */

static enum parlor_err run_moment(struct course *c)
{
	const struct moment *m = &c->moment;
	enum parlor_err err = PARLOR_E_OK;
	if (!m->len)
		return err;
	if (!c->decider.serves && m->list[0].entry.position > c->from)
		err = begin(c);
	if (!err && c->decider.serves)
		err = pass(c, served_until(c));
	if (c->now_us < m->time_us)
		c->now_us = m->time_us;
	for (size_t i = 0; !err && i < m->len; i++)
		err = c->decider.serves ? happen(c, i) : follow(c, &m->list[i].record);
	if (!err)
		err = decider_settle(&c->decider);
	moment_clear(&c->moment);
	return err;
}

static enum parlor_err come_by(void *arg, const struct entry *entry, const struct record *r)
{
	struct course *c = arg;
	enum parlor_err err = PARLOR_E_OK;
	if (c->moment.len && c->moment.time_us != r->time_us)
		err = run_moment(c);
	if (!err)
		moment_add(&c->moment, entry);
	return err;
}

enum parlor_err course_run(struct course *c)
{
	enum parlor_err err = decider_open(&c->decider, c->source, c->upto);
	ask_init(&c->ask, &c->decider);
	c->people = (struct people){.decider = &c->decider,
				    .past = c->past,
				    .speed = c->speed,
				    .patience = c->patience};
	if (!err)
		err = source_walk(c->source, c->decider.engine.next, c->upto, come_by, c);
	if (!err)
		err = run_moment(c);
	if (err && !c->source->why[0])
		source_fault(c->source, err, 0, "the other run broke off: %s",
			     parlor_err_text(err));
	return err;
}

void course_fini(struct course *c)
{
	people_fini(&c->people);
	moment_fini(&c->moment);
	ask_fini(&c->ask);
	decider_close(&c->decider);
}
