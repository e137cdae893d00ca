#include "desk_builder.h"

#include "core/core.h"
#include "core/desk/act.h"
#include "core/desk/list.h"
#include "core/desk/open.h"
#include "core/reading.h"
#include "core/run.h"
#include "desk_mend.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <uthash.h>

#define PROGRESS_US 5000000
#define NO_ONE ((struct span){NULL, 0})
#define SHOWN(key) (int)(key).len, (const char *)(key).data

typedef char id_text[ROW_ID_MAX + 1];

/* A conversation between its first row and its last. */
struct talk {
	id_text tenant, id, desk, visitor, agent, room;
	bool open, taken;
	uint64_t ends_us;
	/* Of messages of the visitor, and of others: read without a gap up to that seq. */
	struct {
		uint64_t seq;
		bool gap;
	} read[2];
	UT_hash_handle hh, hh_guest;
	size_t key_len;
	char key[]; /* tenant, conversation; behind it tenant, desk, visitor */
};

/* ---- conversations at hand --------------------------------------------------------- */

static void put_key(struct desk_builder *b, const char *tenant, const char *of, const char *id)
{
	buf_clear(&b->key);
	buf_put(&b->key, tenant, strlen(tenant) + 1);
	if (of)
		buf_put(&b->key, of, strlen(of) + 1);
	buf_put(&b->key, id, strlen(id) + 1);
}

static struct talk *guest_of(struct desk_builder *b, const char *tenant, const char *desk,
			     const char *visitor)
{
	struct talk *t;
	put_key(b, tenant, desk, visitor);
	HASH_FIND(hh_guest, b->guests, b->key.data, b->key.len, t);
	return t;
}

static struct talk *talk_of(struct desk_builder *b, const char *tenant, const char *id)
{
	struct talk *t;
	put_key(b, tenant, NULL, id);
	HASH_FIND(hh, b->talks, b->key.data, b->key.len, t);
	return t;
}

static struct talk *new_talk(struct desk_builder *b, const struct talk *like)
{
	put_key(b, like->tenant, NULL, like->id);
	struct buf keys = {0};
	buf_put(&keys, b->key.data, b->key.len);
	put_key(b, like->tenant, like->desk, like->visitor);
	buf_put(&keys, b->key.data, b->key.len);
	struct talk *t = mem_new(sizeof *t + keys.len);
	*t = *like;
	memcpy(t->key, keys.data, keys.len);
	t->key_len = keys.len - b->key.len;
	HASH_ADD_KEYPTR(hh, b->talks, t->key, t->key_len, t);
	HASH_ADD_KEYPTR(hh_guest, b->guests, t->key + t->key_len, b->key.len, t);
	t->open = true;
	buf_fini(&keys);
	return t;
}

static void free_talk(struct desk_builder *b, struct talk *t)
{
	if (t->open)
		HASH_DELETE(hh_guest, b->guests, t);
	HASH_DELETE(hh, b->talks, t);
	free(t);
}

static enum parlor_err add_reads(struct desk_builder *b, const struct talk *t, uint64_t time_us)
{
	const char *readers[2] = {t->taken ? t->agent : "", t->visitor};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	struct core_unread_view view;
	enum parlor_err err = PARLOR_E_OK;
	for (int i = 0; !err && i < 2; i++)
		if (*readers[i] && t->read[i].seq)
			err = core_read(builder_core(b->steps.builder), &call, SPAN_TEXT(t->room),
					SPAN_TEXT(readers[i]), t->read[i].seq, &view);
	return err;
}

/* Whose it is to be, from here on. */
static enum parlor_err take(struct desk_builder *b, const struct old_row *row, struct talk *t,
			    uint64_t time_us)
{
	struct conversation_view view;
	const struct core_desk_act act = {.conversation = SPAN_TEXT(t->id),
					  .agent = SPAN_TEXT(t->agent)};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	if (t->taken || !*t->agent)
		return PARLOR_E_OK;
	enum parlor_err err =
		core_desk_assign(builder_core(b->steps.builder), &call, &act, true, &view);
	t->taken = !err;
	if (err == PARLOR_E_SEAT_UNKNOWN || err == PARLOR_E_SEAT_AWAY) {
		desk_step_tell(&b->steps, FINDING_unknown_agent, row, t->agent);
		t->agent[0] = '\0';
		err = PARLOR_E_OK;
	}
	return err;
}

static enum parlor_err end_talk(struct desk_builder *b, const struct old_row *row, struct talk *t,
				uint64_t time_us)
{
	struct conversation_view view;
	enum parlor_err err = take(b, row, t, time_us);
	if (!err)
		err = add_reads(b, t, time_us);
	const struct core_desk_act act = {.conversation = SPAN_TEXT(t->id),
					  .by = SPAN_TEXT(t->taken ? t->agent : "")};
	const struct core_call call = desk_step_call(&b->steps, t->tenant, time_us);
	if (!err)
		err = core_desk_close(builder_core(b->steps.builder), &call, &act, &view);
	HASH_DELETE(hh_guest, b->guests, t);
	t->open = false;
	return err;
}

/* ---- opening ----------------------------------------------------------------------- */

/* A visitor has one conversation at a time at a desk. */
static enum parlor_err make_way(struct desk_builder *b, const struct old_row *row,
				const struct talk *next, uint64_t time_us)
{
	struct talk *before = guest_of(b, next->tenant, next->desk, next->visitor);
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
	put_key(b, like->tenant, like->desk, like->visitor);
	struct hash128 random = hash128(b->key.data, b->key.len);
	call.random[0] = random.high;
	call.random[1] = random.low;
	struct core_desk_open open = {.conversation = SPAN_TEXT(like->id),
				      .desk = SPAN_TEXT(like->desk),
				      .visitor = SPAN_TEXT(like->visitor),
				      .product = row->product};
	if (desk_mend_id(b->steps.findings, row, row->type, type))
		open.type = SPAN_TEXT(type);
	enum parlor_err err = core_desk_open(core, &call, &open, view);
	if (err != PARLOR_E_TYPE_UNKNOWN)
		return err;
	desk_step_tell(&b->steps, FINDING_unknown_type, row, type);
	open.type = NO_ONE;
	return core_desk_open(core, &call, &open, view);
}

static void add_opened(struct desk_builder *b, const struct old_row *row)
{
	struct talk like = {.ends_us = row->ends_us};
	struct conversation_view view;
	uint64_t time_us = desk_step_time(&b->steps, row);
	desk_step_tenant(&b->steps, row, like.tenant);
	desk_mend_id(b->steps.findings, row, row->conversation, like.id);
	desk_mend_id(b->steps.findings, row, row->agent, like.agent);
	if (!desk_mend_id(b->steps.findings, row, row->desk, like.desk))
		snprintf(like.desk, sizeof like.desk, "%s", b->desk);
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
	err = make_way(b, row, &like, time_us);
	if (!err)
		err = open_talk(b, row, &like, time_us, &view);
	if (!err) {
		struct talk *t = new_talk(b, &like);
		memcpy(t->room, view.room.data, view.room.len);
		b->conversations++;
	}
	desk_step_end(&b->steps, row, err);
}

/* ---- what is said, and the end ------------------------------------------------------- */

static void note_read(struct desk_builder *b, const struct old_row *row, struct talk *t,
		      const char *sender, uint64_t seq)
{
	int to = strcmp(sender, t->visitor) == 0 ? 0 : 1;
	if (!row->read) {
		t->read[to].gap = true;
		b->unread++;
	} else if (!t->read[to].gap) {
		t->read[to].seq = seq;
	} else {
		desk_step_tell(&b->steps, FINDING_read_behind_unread, row, "");
		b->unread++;
	}
}

/* Where it is said: the visitor has another one when this one has ended. */
static struct talk *place_of(struct desk_builder *b, const struct old_row *row, struct talk *t)
{
	if (t->open)
		return t;
	desk_step_tell(&b->steps, FINDING_message_behind_end, row, t->id);
	struct talk *next = guest_of(b, t->tenant, t->desk, t->visitor);
	return next ? next : t;
}

static struct talk *talk_at(struct desk_builder *b, const struct old_row *row)
{
	id_text tenant, id;
	desk_step_tenant(&b->steps, row, tenant);
	desk_mend_id(b->steps.findings, row, row->conversation, id);
	struct talk *t = talk_of(b, tenant, id);
	if (!t && row->kind == OLD_SAID)
		desk_step_tell(&b->steps, FINDING_unknown_conversation, row, id);
	return t;
}

static void add_said(struct desk_builder *b, const struct old_row *row)
{
	id_text sender;
	struct core_posted posted;
	struct talk *t = talk_at(b, row);
	uint64_t time_us = desk_step_time(&b->steps, row);
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
	enum parlor_err err = serves ? take(b, row, t, time_us) : PARLOR_E_OK;
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
	struct talk *t = talk_at(b, row);
	uint64_t time_us = desk_step_time(&b->steps, row);
	if (t && t->open)
		desk_step_end(&b->steps, row, take(b, row, t, time_us));
}

static void add_closed(struct desk_builder *b, const struct old_row *row)
{
	struct talk *t = talk_at(b, row);
	uint64_t time_us = desk_step_time(&b->steps, row);
	if (!t)
		return;
	enum parlor_err err = t->open ? end_talk(b, row, t, time_us) : PARLOR_E_OK;
	free_talk(b, t);
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
	static void (*const add[])(struct desk_builder *, const struct old_row *) = {
		[OLD_CONFIG] = add_config, [OLD_OPENED] = add_opened, [OLD_SAID] = add_said,
		[OLD_TAKEN] = add_taken,   [OLD_CLOSED] = add_closed, [OLD_SEEN] = add_seen};
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

static enum parlor_err leave_open(struct desk_builder *b)
{
	enum parlor_err err = PARLOR_E_OK;
	for (struct talk *t = b->talks; !err && t; t = t->hh.next) {
		if (!t->open)
			continue;
		err = add_reads(b, t, 0);
		if (t->taken)
			b->served++;
		else
			b->waiting++;
		if (!err)
			err = builder_step(b->steps.builder);
	}
	return err;
}

enum parlor_err desk_builder_finish(struct desk_builder *b)
{
	enum parlor_err err = b->steps.err ? b->steps.err : leave_open(b);
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
	struct talk *t, *next;
	HASH_CLEAR(hh_guest, b->guests);
	HASH_ITER (hh, b->talks, t, next) {
		HASH_DEL(b->talks, t);
		free(t);
	}
	old_config_fini(&b->rows);
	buf_fini(&b->key);
	buf_fini(&b->body);
}
