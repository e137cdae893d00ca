#include "core/message.h"
#include "audit/record_text.h"
#include "noun/noun.h"
#include "rebuild_lmdb.h"
#include "verify_mysql_rooms.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *who(const char *id)
{
	return id && *id ? id : "the system";
}

static void what_posted(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "%s %" PRIu64 " by %s%s",
		 r->posted.type == MESSAGE_TYPE_NOTICE ? "notice" : "posted", r->posted.seq,
		 who(e->posted->sender), e->posted->recalled ? " (recalled later)" : "");
}

static void what_recalled(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	snprintf(text, size, "recalled %" PRIu64 " by %s", r->recalled.seq, who(e->recalled->by));
}

static void draft_posted(struct draft *d, const Parlor__Event *e)
{
	const Parlor__Message *m = e->posted;

	if (m->type == PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE)
		d->type = "notice";
	d->from = m->sender;
	d->seq = m->seq;
	d->body = m->body;
	draft_add_text(d, "client_id", m->client_id);
	if (m->content_type != PARLOR__CONTENT_TYPE__CONTENT_TEXT)
		draft_add_text(d, "content", kind_word(recording_contents, (int)m->content_type));
	if (m->n_mentions > 0) {
		json_t *mentions = json_array();
		for (size_t i = 0; i < m->n_mentions; i++)
			json_array_append_new(mentions, json_string(m->mentions[i]));
		json_object_set_new(d->more, "mentions", mentions);
	}
	if (m->recalled)
		json_object_set_new(d->more, "recalled", json_true());
}

static void draft_recalled(struct draft *d, const Parlor__Event *e)
{
	d->from = e->recalled->by;
	d->seq = e->recalled->seq;
}

/* ---- requests ------------------------------------------------------------------- */

static enum parlor_err send_post(struct operation *d, operation_send_fn *fn)
{
	const struct recording_event *e = &d->event;
	size_t len;
	char **mentions = operation_texts(e->mentions, &len);
	enum parlor_err err = OPERATION_SEND(
		d, fn, POST, post, Post, .room = d->place->id, .sender = operation_text(d->member),
		.client_id = operation_text(e->client_id),
		.type = recording_is_notice(e) ? PARLOR__MESSAGE_TYPE__MESSAGE_NOTICE
					       : PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE,
		.content_type = (Parlor__ContentType)e->content, .body = operation_text(e->body),
		.mentions = mentions, .n_mentions = len,
		.level = d->stored ? PARLOR__LEVEL__LEVEL_STORED : PARLOR__LEVEL__LEVEL_JOURNAL);
	free(mentions);
	return err;
}

static void posted(const struct operation *d, const Parlor__Reply *reply, struct summary *s)
{
	if (reply->result_case != PARLOR__REPLY__RESULT_POSTED)
		return;
	histogram_add(&s->ack_us, clock_mono_us() - d->sent_us);
	if (recording_is_notice(&d->event))
		s->notices++;
	else
		s->texts++;
	if (reply->posted->seq != place_seq(d->place, d->event.seq))
		s->renumbered++;
}

const struct operation_kind operation_post = {send_post, .done = posted};

static enum parlor_err send_recall(struct operation *d, operation_send_fn *fn)
{
	return OPERATION_SEND(d, fn, RECALL, recall, Recall, .room = d->place->id,
			      .by = operation_text(d->member),
			      .seq = place_seq(d->place, d->event.seq));
}

static const struct operation_kind operation_recall = {send_recall, .has_sense = place_has,
						       .counted = OPERATION_COUNTED(recalls)};

static const struct kind kinds[] = {
	{RECORD_POSTED, PARLOR__EVENT__KIND_POSTED, what_posted, "text",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM | LINE_NEEDS_SEQ | LINE_NEEDS_CLIENT_ID, draft_posted,
	 .operation = &operation_post},
	{RECORD_POSTED, PARLOR__EVENT__KIND_POSTED, what_posted, "notice",
	 LINE_NEEDS_ROOM | LINE_NEEDS_SEQ, draft_posted, .operation = &operation_post},
	{RECORD_RECALLED, PARLOR__EVENT__KIND_RECALLED, what_recalled, "recall",
	 LINE_NEEDS_ROOM | LINE_NEEDS_FROM | LINE_NEEDS_SEQ, draft_recalled,
	 .operation = &operation_recall},
};

/* ---- from the tables --------------------------------------------------------------- */

/* Borrowed from the list, which is NULL when it is no list of texts. */
static size_t read_mentions(json_t *list, struct span *mentions)
{
	size_t n = 0, index;
	json_t *item;
	json_array_foreach(list, index, item) if (json_is_string(item) && n < RECORD_MENTIONS_MAX)
		mentions[n++] = (struct span){json_string_value(item), json_string_length(item)};
	return n;
}

static enum parlor_err rebuild_message(struct rebuild *r, const struct history_row *f)
{
	struct span mentions[RECORD_MENTIONS_MAX];
	struct core_posted posted;
	const struct core_call call = rebuild_call(f);
	json_t *list =
		f->mentions.data ? json_loadb(f->mentions.data, f->mentions.len, 0, NULL) : NULL;
	const struct imported_message message = {
		.room = f->room,
		.sender = f->member,
		.sender_name = f->name,
		.sender_avatar = f->avatar,
		.client_id = f->client_id,
		.body = f->body,
		.type = (uint8_t)f->numbers[0],
		.content_type = (uint8_t)f->numbers[1],
		.recalled = f->numbers[2] != 0,
		.mentions = mentions,
		.mentions_len = read_mentions(list, mentions),
	};
	enum parlor_err err = builder_message(r->builder, &call, &message, &posted);
	json_decref(list);
	r->counts.messages++;
	r->counts.recalled += message.recalled;
	if (!err && posted.seq != f->seq)
		err = rebuild_misfit(r, f,
				     "message %" PRIu64 " stands where %" PRIu64 " is expected",
				     f->seq, posted.seq);
	return err;
}

static const struct history_source history[] = {
	{HISTORY_SAYS,
	 "group_message",
	 {"created_at", "ent_id", "group_id", "seq", "sender", "message_type", "content_type",
	  "recalled", "sender_name", "sender_avatar", "message_content", "client_id", "mentions"},
	 rebuild_message},
};

/* ---- against the tables ------------------------------------------------------------ */

struct message_check {
	struct mysql_rooms *p;
	const struct row_message *row;
	const struct span *cells;
};

/* A body that was recalled behind the mark may be gone already, or not yet. */
static void check_recalled(const struct message_check *c, bool recalled)
{
	struct mysql_rooms *p = c->p;
	bool blank = db_cell_number(c->cells[9]) != 0;
	if (c->row->recalled && !blank)
		mysql_check_words(p, "group_message.recalled", "1", "0");
	if (blank && !recalled)
		mysql_check_words(p, "group_message.recalled", "0", "1");
	if (blank)
		mysql_check_text(p, "group_message.message_content of a recalled message",
				 (struct span){"", 0}, c->cells[7]);
}

/* The column holds a JSON array of ids, or NULL. */
static void check_mentions(const struct message_check *c, const Parlor__Message *m)
{
	struct mysql_rooms *p = c->p;
	struct span cell = c->cells[12];
	json_t *found = cell.data ? json_loadb(cell.data, cell.len, 0, NULL) : NULL;
	bool equal = json_array_size(found) == m->n_mentions && !found == !m->n_mentions;
	for (size_t i = 0; equal && i < m->n_mentions; i++) {
		const char *id = json_string_value(json_array_get(found, i));
		equal = id && strcmp(id, m->mentions[i]) == 0;
	}
	json_decref(found);
	if (equal || !mysql_differ(p, "group_message.mentions"))
		return;
	finding_expected(p->finding, "%zu mentions%s%s", m->n_mentions,
			 m->n_mentions ? ", first " : "", m->n_mentions ? m->mentions[0] : "");
	finding_found(p->finding, "%.*s", (int)(cell.len < 200 ? cell.len : 200),
		      cell.data ? (const char *)cell.data : "");
}

static enum parlor_err check_event(void *arg, const struct entry *entry, const struct record *r)
{
	const struct message_check *c = arg;
	struct mysql_rooms *p = c->p;
	const Parlor__Event *e = record_text_event(&p->record_text, entry);
	if (!e || e->kind_case != PARLOR__EVENT__KIND_POSTED || r->kind != RECORD_POSTED)
		return PARLOR_E_STORE_CORRUPT;
	const Parlor__Message *m = e->posted;
	p->finding->position = entry->position;
	mysql_check_text(p, "group_message.sender", SPAN_TEXT(m->sender), c->cells[2]);
	mysql_check_text(p, "group_message.sender_name", SPAN_TEXT(m->sender_name), c->cells[3]);
	mysql_check_text(p, "group_message.sender_avatar", SPAN_TEXT(m->sender_avatar),
			 c->cells[4]);
	mysql_check_number(p, "group_message.message_type", r->posted.type, c->cells[5]);
	mysql_check_number(p, "group_message.content_type", (uint64_t)m->content_type, c->cells[6]);
	check_recalled(c, m->recalled);
	if (!m->recalled)
		mysql_check_text(p, "group_message.message_content", SPAN_TEXT(m->body),
				 c->cells[7]);
	mysql_check_text(p, "group_message.client_id", SPAN_TEXT(m->client_id), c->cells[8]);
	check_mentions(c, m);
	if (!p->v->differing)
		p->finding->position = 0;
	return PARLOR_E_OK;
}

static void check_message(struct mysql_rooms *p, const struct span *cells)
{
	struct row_message row;
	uint64_t seq = p->room->rows;
	p->v->messages++;
	mysql_check_number(p, "group_message.seq: the next one in the room", seq, cells[1]);
	if (p->v->differing)
		return;
	if (seq > p->room->row.last_seq) {
		mysql_check_words(p, "group_message: a message that the journal does not have",
				  "no row", "a row");
		return;
	}
	p->err = core_message(p->engine->core, p->room->no, seq, &row);
	if (p->err)
		return;
	mysql_check_number(p, "group_message.position", row.position, cells[10]);
	mysql_check_number(p, "group_message.created_at", row.time_us, cells[11]);
	struct message_check check = {p, &row, cells};
	enum parlor_err err = source_read(p->engine->source, row.position, check_event, &check);
	/* Trimmed: its text is nowhere to be compared with. */
	p->err = err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

static void end_messages(struct mysql_rooms *p)
{
	mysql_check_rows(p, "group_message: messages of the room", "up to seq ",
			 p->room->row.last_seq);
}

static const struct mysql_table tables[] = {
	{"SELECT group_id, seq, sender, sender_name, sender_avatar, message_type, content_type, "
	 "message_content, client_id, recalled, position, " MYSQL_US(
		 "created_at") ", mentions FROM group_message WHERE group_id",
	 check_message, end_messages},
};

const struct replay_noun replay_message = {NOUN_LIST(kinds), NOUN_LIST(history), NOUN_LIST(tables)};
