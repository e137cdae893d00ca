#include "adopt/desk_builder.h"

#include "adopt/desk_mend.h"
#include "core/core.h"
#include "core/desk/act.h"
#include "core/desk/import.h"
#include "core/desk/list.h"
#include "core/desk/open.h"
#include "core/reading.h"
#include "core/run.h"
#include "mend.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>

#define PROGRESS_US 5000000
#define NO_ONE ((struct span){NULL, 0})
#define SHOWN(key) (int)(key).len, (const char *)(key).data

/* ---- who serves --------------------------------------------------------------------- */

static enum parlor_err add_reads(struct desk_builder *b, const struct talk *t, uint64_t time_us)
{
	const char *readers[2] = {t->taken ? t->agent : "", t->visitor};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	struct core_unread_view view;
	enum parlor_err err = PARLOR_E_OK;
	for (int i = 0; !err && i < 2; i++)
		if (*readers[i] && t->said[i].seq)
			err = core_read(builder_core(b->steps.builder), &call, SPAN_TEXT(t->room),
					SPAN_TEXT(readers[i]), t->said[i].seq, &view);
	return err;
}

/* Whoever serves has no part in it from here on. */
static enum parlor_err take_from(struct desk_builder *b, struct talk *t, const char *agent,
				 uint64_t time_us, const struct old_row *row)
{
	struct conversation_view view;
	struct core *core = builder_core(b->steps.builder);
	const struct core_desk_act act = {.conversation = SPAN_TEXT(t->id),
					  .agent = SPAN_TEXT(agent)};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	enum parlor_err err = add_reads(b, t, time_us);
	if (!err && row->moved)
		return core_desk_import_transfer(core, &call, &act, &view);
	if (!err)
		err = core_desk_import_release(core, &call, &act, row->gone, &view);
	t->taken &= err != PARLOR_E_OK;
	return err ? err : core_desk_assign(core, &call, &act, true, &view);
}

/* It serves from here on. */
static enum parlor_err give_to(struct desk_builder *b, const struct old_row *row, struct talk *t,
			       const char *agent, uint64_t time_us)
{
	struct conversation_view view;
	enum parlor_err err;
	const struct core_desk_act act = {.conversation = SPAN_TEXT(t->id),
					  .agent = SPAN_TEXT(agent)};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	if (!*agent || (t->taken && strcmp(t->agent, agent) == 0))
		return PARLOR_E_OK;
	if (t->taken)
		err = take_from(b, t, agent, time_us, row);
	else
		err = core_desk_assign(builder_core(b->steps.builder), &call, &act, true, &view);
	if (err == PARLOR_E_SEAT_UNKNOWN || err == PARLOR_E_SEAT_AWAY) {
		desk_step_tell(&b->steps, FINDING_unknown_agent, row, agent);
		if (!t->taken)
			t->agent[0] = '\0';
		return PARLOR_E_OK;
	}
	if (!err) {
		t->taken = true;
		if (agent != t->agent)
			memcpy(t->agent, agent, sizeof t->agent);
	}
	return err;
}

static enum parlor_err end_talk(struct desk_builder *b, const struct old_row *row, struct talk *t,
				uint64_t time_us)
{
	struct conversation_view view;
	enum parlor_err err = give_to(b, row, t, t->agent, time_us);
	for (int i = 0; t->answered && i < 2; i++) {
		t->said[i].seq = UINT64_MAX; /* all of it */
		t->said[i].unread = 0;
	}
	if (!err)
		err = add_reads(b, t, time_us);
	b->unread += t->said[0].unread + t->said[1].unread;
	const struct core_desk_act act = {.conversation = SPAN_TEXT(t->id),
					  .by = SPAN_TEXT(t->taken ? t->agent : "")};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	if (!err && row->kind == OLD_CLOSED && row->gone)
		err = core_desk_import_timeout(builder_core(b->steps.builder), &call, &act, &view);
	else if (!err)
		err = core_desk_close(builder_core(b->steps.builder), &call, &act, &view);
	talk_ended(&b->talks, t);
	return err;
}

/* ---- opening ----------------------------------------------------------------------- */

/* A visitor has one conversation at a time at a desk. */
static enum parlor_err make_way(struct desk_builder *b, const struct old_row *row,
				const struct talk *next, uint64_t time_us)
{
	struct talk *before = talk_of_visitor(&b->talks, next->tenant, next->desk, next->visitor);
	if (!before)
		return PARLOR_E_OK;
	if (!before->ends_us || before->ends_us > time_us)
		findings_add(b->steps.findings, FINDING_followed, "%s %s: %s %.*s", row->table,
			     before->id, row->table, SHOWN(row->key));
	return end_talk(b, row, before, time_us);
}

static enum parlor_err open_talk(struct desk_builder *b, const struct old_row *row,
				 const struct talk *like, uint64_t time_us,
				 struct conversation_view *view)
{
	id_text type;
	struct core *core = builder_core(b->steps.builder);
	struct core_call call = desk_step_call(&b->steps, like->tenant, time_us);
	/* Of a room that is to be made. */
	struct hash128 random = talk_hash(&b->talks, like);
	call.random[0] = random.high;
	call.random[1] = random.low;
	struct core_desk_open open = {.conversation = SPAN_TEXT(like->id),
				      .desk = SPAN_TEXT(like->desk),
				      .visitor = SPAN_TEXT(like->visitor),
				      .product = row->product,
				      .team = row->team,
				      .imported = true};
	if (desk_mend_id(b->steps.findings, row, row->type, type))
		open.type = SPAN_TEXT(type);
	enum parlor_err err = core_desk_open(core, &call, &open, view);
	if (err == PARLOR_E_TEAM_UNKNOWN) {
		desk_step_tell(&b->steps, FINDING_unknown_team, row, "");
		open.team = NO_ONE;
		err = core_desk_open(core, &call, &open, view);
	}
	if (err != PARLOR_E_TYPE_UNKNOWN)
		return err;
	desk_step_tell(&b->steps, FINDING_unknown_type, row, type);
	open.type = NO_ONE;
	return core_desk_open(core, &call, &open, view);
}

static enum parlor_err add_talk(struct desk_builder *b, const struct old_row *row,
				const struct talk *like, uint64_t time_us, struct talk **out)
{
	struct conversation_view view;
	enum parlor_err err = make_way(b, row, like, time_us);
	if (!err)
		err = open_talk(b, row, like, time_us, &view);
	if (err)
		return err;
	*out = talk_add(&b->talks, like);
	memcpy((*out)->room, view.room.data, view.room.len);
	b->conversations++;
	return PARLOR_E_OK;
}

static void name_desk(struct desk_builder *b, const struct old_row *row, struct talk *like)
{
	desk_step_tenant(&b->steps, row, like->tenant);
	if (!desk_mend_id(b->steps.findings, row, row->desk, like->desk))
		snprintf(like->desk, sizeof like->desk, "%s", b->desk);
}

static void add_opened(struct desk_builder *b, const struct old_row *row)
{
	struct talk like = {.ends_us = row->ends_us, .answered = row->answered}, *t;
	struct conversation_view view;
	uint64_t time_us = desk_step_time(&b->steps, row);
	name_desk(b, row, &like);
	desk_mend_id(b->steps.findings, row, row->conversation, like.id);
	desk_mend_id(b->steps.findings, row, row->agent, like.agent);
	desk_mend_id(b->steps.findings, row, row->member, like.visitor);
	if (row->stranger)
		desk_step_tell(&b->steps, FINDING_unknown_visitor, row, like.visitor);
	if (row->odd)
		desk_step_tell(&b->steps, FINDING_status, row, like.agent);
	const struct core_call call = desk_step_call(&b->steps, like.tenant, time_us);
	enum parlor_err err =
		core_desk_show(builder_core(b->steps.builder), &call, SPAN_TEXT(like.id), &view);
	if (!err) {
		desk_step_tell(&b->steps, FINDING_twice, row, "");
		return;
	}
	desk_step_end(&b->steps, row, add_talk(b, row, &like, time_us, &t));
}

/* Of messages that are of no conversation of their visitor. */
static struct talk *make_up(struct desk_builder *b, const struct old_row *row, struct talk *like,
			    uint64_t time_us)
{
	struct talk *t = NULL;
	char id[2 * sizeof like->id];
	struct mend_id whole;
	snprintf(id, sizeof id, "%s %" PRIu64, like->visitor, time_us / 1000000);
	mend_id(&whole, SPAN_TEXT(id));
	memcpy(like->id, whole.text, sizeof like->id);
	like->made_up = true;
	like->ends_us = 1; /* the next one ends it */
	like->answered = row->answered;
	desk_step_tell(&b->steps, FINDING_stray_message, row, like->visitor);
	enum parlor_err err = add_talk(b, row, like, time_us, &t);
	if (err)
		desk_step_end(&b->steps, row, err);
	return t;
}

/* ---- what is said, and the end ------------------------------------------------------- */

static void note_read(struct desk_builder *b, const struct old_row *row, struct talk *t,
		      const char *sender, uint64_t seq)
{
	int to = strcmp(sender, t->visitor) == 0 ? 0 : 1;
	if (t->answered) {
		t->said[to].unread++;
		t->said[!to].unread = 0;
		t->said[!to].seq = seq;
	} else if (!row->read) {
		t->said[to].gap = true;
		t->said[to].unread++;
	} else if (!t->said[to].gap) {
		t->said[to].seq = seq;
	} else {
		desk_step_tell(&b->steps, FINDING_read_behind_unread, row, "");
		t->said[to].unread++;
	}
}

/* Where it is said: the visitor has another one when this one has ended. */
static struct talk *place_of(struct desk_builder *b, const struct old_row *row, struct talk *t)
{
	if (t->open)
		return t;
	desk_step_tell(&b->steps, FINDING_message_behind_end, row, t->id);
	struct talk *next = talk_of_visitor(&b->talks, t->tenant, t->desk, t->visitor);
	return next ? next : t;
}

static struct talk *talk_at(struct desk_builder *b, const struct old_row *row, uint64_t time_us)
{
	struct talk like = {.ends_us = 0};
	name_desk(b, row, &like);
	if (desk_mend_id(b->steps.findings, row, row->conversation, like.id)) {
		struct talk *t = talk_find(&b->talks, like.tenant, like.id);
		if (!t && row->kind == OLD_SAID)
			desk_step_tell(&b->steps, FINDING_unknown_conversation, row, like.id);
		return t;
	}
	desk_mend_id(b->steps.findings, row, row->visitor, like.visitor);
	desk_mend_id(b->steps.findings, row, row->agent, like.agent);
	struct talk *t = talk_of_visitor(&b->talks, like.tenant, like.desk, like.visitor);
	if (!t && row->kind == OLD_SAID)
		return make_up(b, row, &like, time_us);
	if (!t)
		desk_step_tell(&b->steps, FINDING_stray_stint, row, like.visitor);
	return t;
}

static void add_said(struct desk_builder *b, const struct old_row *row)
{
	id_text sender;
	struct core_posted posted;
	uint64_t time_us = desk_step_time(&b->steps, row);
	struct talk *t = talk_at(b, row, time_us);
	if (!t)
		return;
	t = place_of(b, row, t);
	if (!row->said_us)
		desk_step_tell(&b->steps, FINDING_untimed_row, row, "");
	else if (row->said_us < row->time_us)
		desk_step_tell(&b->steps, FINDING_message_before, row, "");
	if (!desk_mend_id(b->steps.findings, row, row->member, sender))
		desk_step_tell(&b->steps, FINDING_unknown_sender, row, "");
	buf_clear(&b->body);
	desk_mend_text(b->steps.findings, row, row->body, core_limits_default.body_bytes, &b->body);
	bool serves = t->open && *sender && strcmp(sender, t->agent) == 0;
	enum parlor_err err = serves ? give_to(b, row, t, t->agent, time_us) : PARLOR_E_OK;
	const struct imported_message message = {.room = SPAN_TEXT(t->room),
						 .sender = SPAN_TEXT(sender),
						 .type = MESSAGE_TYPE_MESSAGE,
						 .body = buf_span(&b->body)};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	if (!err)
		err = builder_message(b->steps.builder, &call, &message, &posted);
	if (!err) {
		note_read(b, row, t, sender, posted.seq);
		b->messages++;
	}
	desk_step_end(&b->steps, row, err);
}

static void add_taken(struct desk_builder *b, const struct old_row *row)
{
	id_text agent;
	uint64_t time_us = desk_step_time(&b->steps, row);
	struct talk *t = talk_at(b, row, time_us);
	if (!t || !t->open)
		return;
	if (!desk_mend_id(b->steps.findings, row, row->agent, agent))
		memcpy(agent, t->agent, sizeof agent);
	desk_step_end(&b->steps, row, give_to(b, row, t, agent, time_us));
}

static void add_spoke(struct desk_builder *b, const struct old_row *row)
{
	struct conversation_view view;
	uint64_t time_us = desk_step_time(&b->steps, row);
	struct talk *t = talk_at(b, row, time_us);
	if (!t || !t->open)
		return;
	const struct core_desk_act act = {.conversation = SPAN_TEXT(t->id)};
	const struct core_desk_spoken spoken = {.spoke = row->spoke, .asks = (uint32_t)row->asks};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	desk_step_end(&b->steps, row,
		      core_desk_import_spoken(builder_core(b->steps.builder), &call, &act, &spoken,
					      &view));
}

static void add_unreadable(struct desk_builder *b, const struct old_row *row)
{
	desk_step_tell(&b->steps, FINDING_unreadable_row, row, "");
}

static void add_lost(struct desk_builder *b, const struct old_row *row)
{
	desk_step_tell(&b->steps, FINDING_lost_transfer, row, "");
}

static void add_closed(struct desk_builder *b, const struct old_row *row)
{
	uint64_t time_us = desk_step_time(&b->steps, row);
	struct talk *t = talk_at(b, row, time_us);
	if (!t)
		return;
	enum parlor_err err = t->open ? end_talk(b, row, t, time_us) : PARLOR_E_OK;
	talk_free(&b->talks, t);
	desk_step_end(&b->steps, row, err);
}

static void add_seen(struct desk_builder *b, const struct old_row *row)
{
	id_text tenant, member;
	uint64_t time_us = desk_step_time(&b->steps, row);
	desk_step_tenant(&b->steps, row, tenant);
	if (!desk_mend_id(b->steps.findings, row, row->member, member))
		return;
	const struct core_call call = desk_step_call(&b->steps, tenant, time_us);
	desk_step_end(&b->steps, row,
		      import_last_seen(builder_core(b->steps.builder), &call, SPAN_TEXT(member)));
}

/* ---- all of it --------------------------------------------------------------------- */

static void add_config(struct desk_builder *b, const struct old_row *row)
{
	old_config_add(&b->rows, row);
}

static void say_progress(struct desk_builder *b)
{
	if (clock_mono_us() - b->said_us < PROGRESS_US)
		return;
	b->said_us = clock_mono_us();
	log_info("%" PRIu64 " conversations, %" PRIu64 " messages so far", b->conversations,
		 b->messages);
}

void desk_builder_row(void *arg, const struct old_row *row)
{
	static void (*const add[])(struct desk_builder *,
				   const struct old_row *) = {[OLD_CONFIG] = add_config,
							      [OLD_OPENED] = add_opened,
							      [OLD_SAID] = add_said,
							      [OLD_TAKEN] = add_taken,
							      [OLD_CLOSED] = add_closed,
							      [OLD_SEEN] = add_seen,
							      [OLD_LOST] = add_lost,
							      [OLD_SPOKE] = add_spoke,
							      [OLD_UNREADABLE] = add_unreadable};
	struct desk_builder *b = arg;
	if (b->steps.err)
		return;
	add[row->kind](b, row);
	say_progress(b);
}

enum parlor_err desk_builder_begin(struct desk_builder *b)
{
	b->rows.steps = &b->steps;
	b->said_us = clock_mono_us();
	if (!b->steps.first_us || b->steps.first_us > b->steps.now_us)
		b->steps.first_us = b->steps.now_us;
	/* The desk's time begins, and runs with that of the rows. */
	core_boot(builder_core(b->steps.builder), b->steps.first_us);
	return core_broken(builder_core(b->steps.builder));
}

static enum parlor_err leave_open(struct desk_builder *b, struct talk *t)
{
	static const struct old_row end = {.kind = OLD_CLOSED, .table = "messages"};
	if (!t->open)
		return PARLOR_E_OK;
	if (t->made_up)
		return end_talk(b, &end, t, 0);
	b->unread += t->said[0].unread + t->said[1].unread;
	if (t->taken)
		b->served++;
	else
		b->waiting++;
	return add_reads(b, t, 0);
}

static enum parlor_err leave_all_open(struct desk_builder *b)
{
	enum parlor_err err = PARLOR_E_OK;
	for (struct talk *t = b->talks.by_id; !err && t; t = t->hh.next) {
		err = leave_open(b, t);
		if (!err)
			err = builder_step(b->steps.builder);
	}
	return err;
}

enum parlor_err desk_builder_finish(struct desk_builder *b)
{
	enum parlor_err err = b->steps.err ? b->steps.err : leave_all_open(b);
	/* As after any start nobody is served for a moment, whatever is said now. */
	if (!err && core_boot(builder_core(b->steps.builder), b->steps.now_us))
		err = old_config_finish(&b->rows);
	if (!err)
		err = builder_finish(b->steps.builder);
	if (err && !b->steps.why[0])
		snprintf(b->steps.why, sizeof b->steps.why, "%s", parlor_err_text(err));
	return err;
}

void desk_builder_fini(struct desk_builder *b)
{
	old_config_fini(&b->rows);
	talks_fini(&b->talks);
	buf_fini(&b->body);
}
