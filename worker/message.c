#include "message.h"

#include "base/mem.h"
#include "db/pick.h"
#include "db/rows.h"

#include <stdlib.h>
#include <string.h>

static struct fold_message *new_message(struct fold_messages *f)
{
	MEM_GROW(f->messages, f->messages_len, f->messages_cap, 64);
	return &f->messages[f->messages_len++];
}

static void add_posted(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__Message *m = r->event->posted;
	struct fold_room *room = fold_room(fold, r);
	room->posted = true;
	room->last_seq = m->seq;
	*new_message(state) = (struct fold_message){.room = room,
						    .message = m,
						    .position = r->event->position,
						    .time_us = r->event->time_us,
						    .recalled = m->recalled};
}

static void add_recalled(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	struct fold_messages *f = state;
	uint64_t seq = r->event->recalled->seq;
	const struct fold_room *room = fold_room(fold, r);
	for (size_t i = f->messages_len; i > 0; i--) {
		struct fold_message *m = &f->messages[i - 1];
		if (m->room != room || m->message->seq != seq)
			continue;
		m->recalled = true;
		return;
	}
	MEM_GROW(f->recalls, f->recalls_len, f->recalls_cap, 16);
	f->recalls[f->recalls_len++] = (struct fold_recall){room, seq};
}

/* A JSON array of the ids, with its NUL. */
static void put_json(struct buf *json, char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_put(json, i ? ",\"" : "[\"", 2);
		for (const char *c = texts[i]; *c; c++) {
			static const char hex[] = "0123456789abcdef";
			unsigned byte = (unsigned char)*c;
			char escaped[] = {'\\', 'u', '0', '0', hex[byte >> 4 & 15], hex[byte & 15]};
			if (byte < 0x20 || byte == '"' || byte == '\\')
				buf_put(json, escaped, sizeof escaped);
			else
				buf_put_u8(json, (uint8_t)byte);
		}
		buf_put_u8(json, '"');
	}
	buf_put(json, "]", 2);
}

/* The mentions of all messages that have any, one behind the other. */
static void put_mentions(struct buf *json, const struct fold_messages *fold)
{
	for (size_t i = 0; i < fold->messages_len; i++) {
		const Parlor__Message *m = fold->messages[i].message;
		if (m->n_mentions)
			put_json(json, m->mentions, m->n_mentions);
	}
}

static enum parlor_err write_messages(struct db *db, const struct fold_messages *fold)
{
	struct rows rows;
	struct buf json = {0};
	rows_init(&rows, db,
		  "INSERT INTO group_message "
		  "(ent_id, group_id, seq, sender, sender_name, sender_avatar, message_type, "
		  "content_type, message_content, client_id, mentions, recalled, position, "
		  "created_at) VALUES ",
		  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		  " ON DUPLICATE KEY UPDATE sender = VALUES(sender), "
		  "sender_name = VALUES(sender_name), sender_avatar = VALUES(sender_avatar), "
		  "message_type = VALUES(message_type), content_type = VALUES(content_type), "
		  "message_content = VALUES(message_content), client_id = VALUES(client_id), "
		  "mentions = VALUES(mentions), recalled = VALUES(recalled), "
		  "position = VALUES(position), created_at = VALUES(created_at)");
	put_mentions(&json, fold);
	const char *mentions = (const char *)json.data;
	for (size_t i = 0; i < fold->messages_len; i++) {
		const struct fold_message *f = &fold->messages[i];
		const Parlor__Message *m = f->message;
		rows_add(&rows, sql_t(f->room->tenant), sql_t(f->room->room), sql_u(m->seq),
			 sql_t(m->sender), sql_t(m->sender_name), sql_t(m->sender_avatar),
			 sql_u((uint64_t)m->type), sql_u((uint64_t)m->content_type),
			 sql_t(f->recalled ? "" : m->body), sql_t(m->client_id),
			 sql_t(m->n_mentions ? mentions : NULL), sql_u(f->recalled),
			 sql_u(f->position), sql_time(f->time_us));
		if (m->n_mentions)
			mentions += strlen(mentions) + 1;
	}
	enum parlor_err err = rows_finish(&rows);
	buf_fini(&json);
	return err;
}

static enum parlor_err write_recalls(struct db *db, const struct fold_messages *fold)
{
	static const struct pick_columns columns = {"ent_id", "group_id", "seq"};
	struct picks picks = {0};
	for (size_t i = 0; i < fold->recalls_len; i++)
		picks_add(&picks, (struct pick){.tenant = fold->recalls[i].room->tenant,
						.room = fold->recalls[i].room->room,
						.seq = fold->recalls[i].seq});
	enum parlor_err err =
		picks_run(&picks, db, "UPDATE group_message SET message_content = '', recalled = 1",
			  &columns);
	picks_fini(&picks);
	return err;
}

static enum parlor_err messages_write(struct db *db, const struct fold *fold, void *state,
				      const struct mark *mark)
{
	(void)fold;
	(void)mark;
	enum parlor_err err = write_messages(db, state);
	return err ? err : write_recalls(db, state);
}

static void messages_free(void *state)
{
	struct fold_messages *f = state;
	free(f->messages);
	free(f->recalls);
}

static const struct fold_kind kinds[] = {
	{PARLOR__RECORD_KIND__RECORD_POSTED, PARLOR__EVENT__KIND_POSTED, add_posted},
	{PARLOR__RECORD_KIND__RECORD_RECALLED, PARLOR__EVENT__KIND_RECALLED, add_recalled},
};
static const struct table tables[] = {{.name = "group_message",
				       .migration = 1,
				       .key = {"ent_id", "group_id", "seq"},
				       .of_room = true}};
const struct noun message_noun = {
	NOUN_LIST(tables),       NOUN_LIST(kinds),      .state_bytes = sizeof(struct fold_messages),
	.write = messages_write, .free = messages_free,
};
