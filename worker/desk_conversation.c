#include "desk_conversation.h"

#include "base/mem.h"
#include "db/upsert.h"
#include "desk_columns.h"

#include <stdlib.h>
#include <string.h>

/* Rooms that one question asks for. */
#define ROOMS_MAX 256

/* ---- folding ---------------------------------------------------------------------------- */

static struct desk_item *add_item(struct fold *fold, struct fold_conversations *all,
				  const Parlor__SyncRecord *r, bool asks)
{
	const struct fold_room *room = fold_room(fold, r);
	struct desk_room *desk;
	HASH_FIND(hh, all->rooms, &room, sizeof(room), desk);
	if (!desk) {
		desk = mem_new(sizeof *desk);
		desk->room = room;
		HASH_ADD(hh, all->rooms, room, sizeof(room), desk);
	}
	desk->asks |= asks;
	MEM_GROW(all->items, all->items_len, all->items_cap, 64);
	struct desk_item *item = &all->items[all->items_len++];
	*item = (struct desk_item){.position = r->event->position, .time_us = r->event->time_us};
	if (desk->last)
		all->items[desk->last - 1].next = all->items_len;
	else
		desk->first = all->items_len;
	desk->last = all->items_len;
	return item;
}

static void add_changed(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__ConversationChanged *told = desk_told(r->event);
	if (told->conversation)
		add_item(fold, state, r, false)->changed = told->conversation;
}

/* Notices are nobody's words. */
static void add_posted(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	const Parlor__Message *m = r->event->posted;
	if (!*m->sender || m->type != PARLOR__MESSAGE_TYPE__MESSAGE_MESSAGE)
		return;
	struct desk_item *item = add_item(fold, state, r, true);
	item->posted = m;
	item->seq = m->seq;
}

static void add_read(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	struct desk_item *item = add_item(fold, state, r, true);
	item->read = r->event->read;
	item->seq = r->read_seq;
}

/* ---- what becomes of it --------------------------------------------------------------------- */

static struct desk_now *add_now(struct desk_room *room, const char *id, uint64_t no)
{
	struct desk_now *now = mem_new(sizeof *now), **at = &room->conversations;
	now->tenant = room->room->tenant;
	now->id = id;
	now->no = no;
	while (*at && (*at)->no > no)
		at = &(*at)->next;
	now->next = *at;
	*at = now;
	return now;
}

static struct desk_now *now_of(struct desk_room *room, const Parlor__Conversation *c)
{
	for (struct desk_now *now = room->conversations; now; now = now->next)
		if (strcmp(now->id, c->conversation) == 0)
			return now;
	return add_now(room, c->conversation, c->no);
}

/* Whatever is posted behind it counts, also where the row knew of it: it comes again. */
static void change(struct desk_now *now, const Parlor__Conversation *c)
{
	now->told = c;
	now->spoke_seq = 0;
	now->visitor = c->visitor;
	now->agent = c->agent;
	now->robot = c->robot;
	now->state = (int)c->state;
	now->first_seq = c->first_seq;
	now->asks = c->asks;
	now->spoke = (int)c->spoke;
	now->responded = c->first_response_us > 0;
	now->first_response_us = c->first_response_us;
	now->last_message_us = c->last_message_us;
}

/* A message that the row counts already changes nothing. */
static bool post(struct desk_now *now, const struct desk_item *item)
{
	bool visitor = strcmp(item->posted->sender, now->visitor) == 0;
	bool agent = !visitor && strcmp(item->posted->sender, now->agent) == 0;
	if (now->state == PARLOR__CONVERSATION_STATE__CONVERSATION_CLOSED ||
	    item->seq < now->first_seq)
		return false;
	if ((!visitor && !agent) || item->seq <= now->spoke_seq)
		return true;
	now->spoke_seq = item->seq;
	now->spoke = visitor ? PARLOR__SPOKE_LAST__SPOKE_VISITOR : PARLOR__SPOKE_LAST__SPOKE_SEAT;
	now->last_message_us = item->time_us;
	if (visitor && !*now->agent)
		now->asks++;
	if (agent && !now->robot && !now->responded) {
		now->responded = true;
		now->first_response_us = item->time_us;
	}
	return true;
}

static bool has_read(struct desk_now *now, const struct desk_item *item)
{
	uint64_t *seq = strcmp(item->read->member, now->visitor) == 0 ? &now->visitor_read_seq
			: strcmp(item->read->member, now->agent) == 0 ? &now->agent_read_seq
								      : NULL;
	if (!seq || item->seq <= *seq)
		return false;
	*seq = item->seq;
	return true;
}

void desk_room_walk(const struct fold_conversations *all, struct desk_room *room)
{
	for (size_t i = room->first; i; i = all->items[i - 1].next) {
		const struct desk_item *item = &all->items[i - 1];
		struct desk_now *now =
			item->changed ? now_of(room, item->changed) : room->conversations;
		bool moved = item->changed != NULL;
		if (!now)
			continue;
		if (item->changed)
			change(now, item->changed);
		else
			moved = item->posted ? post(now, item) : has_read(now, item);
		if (moved && !item->read)
			now->time_us = item->time_us;
		if (moved)
			now->position = item->position;
	}
}

/* ---- what was there -------------------------------------------------------------------------- */

struct search {
	struct desk_room **rooms; /* by tenant and id */
	size_t len;
};

static int by_name(const void *left, const void *right)
{
	const struct fold_room *a = (*(struct desk_room *const *)left)->room;
	const struct fold_room *b = (*(struct desk_room *const *)right)->room;
	int order = strcmp(a->tenant, b->tenant);
	return order ? order : strcmp(a->room, b->room);
}

static void now_row(void *arg, const struct span *cells, unsigned n)
{
	const struct search *s = arg;
	const struct fold_room name = {.tenant = (const char *)cells[0].data,
				       .room = (const char *)cells[1].data};
	const struct desk_room like = {.room = &name}, *key = &like;
	struct desk_room **found = bsearch(&key, s->rooms, s->len, sizeof *s->rooms, by_name);
	(void)n;
	if (!found)
		return;
	struct buf texts = {0};
	for (int i = 2; i < 5; i++)
		buf_put(&texts, cells[i].data ? cells[i].data : (const uint8_t *)"",
			cells[i].len + 1);
	char *text = mem_text(texts.data, texts.len);
	buf_fini(&texts);
	struct desk_now *now = add_now(*found, text, db_cell_number(cells[5]));
	now->texts = text;
	now->visitor = text + strlen(text) + 1;
	now->agent = now->visitor + strlen(now->visitor) + 1;
	now->robot = db_cell_number(cells[6]) == 2;
	now->state = (int)db_cell_number(cells[7]);
	now->first_seq = db_cell_number(cells[8]);
	now->asks = (uint32_t)db_cell_number(cells[9]);
	now->spoke = (int)db_cell_number(cells[10]);
	now->spoke_seq = db_cell_number(cells[11]);
	now->visitor_read_seq = db_cell_number(cells[12]);
	now->agent_read_seq = db_cell_number(cells[13]);
	now->responded = db_cell_number(cells[14]);
}

/* The latest conversation of each of the first rooms, all of one tenant; how many rooms. */
static size_t put_question(struct sql *sql, const struct search *s)
{
	const char *tenant = s->rooms[0]->room->tenant;
	size_t n = 0;
	sql_put(sql,
		"SELECT c.ent_id, c.room, c.conversation_id, c.visitor_id, c.agent_id, c.no, "
		"c.kind, c.state, c.first_seq, c.asks, c.spoke, c.spoke_seq, c.visitor_read_seq, "
		"c.agent_read_seq, c.first_response_at IS NOT NULL FROM "
		"(SELECT room, MAX(no) AS no FROM desk_conversation WHERE ent_id = ? AND room IN (",
		sql_t(tenant));
	for (; n < s->len && n < ROOMS_MAX && strcmp(s->rooms[n]->room->tenant, tenant) == 0; n++)
		sql_put(sql, n ? ", ?" : "?", sql_t(s->rooms[n]->room->room));
	sql_put(sql, ") GROUP BY room) l JOIN desk_conversation c ON c.no = l.no AND c.ent_id = ?",
		sql_t(tenant));
	return n;
}

static enum parlor_err read_rooms(struct db *db, const struct fold_conversations *all)
{
	struct search s = {.rooms = mem_new(HASH_COUNT(all->rooms) * sizeof *s.rooms + 1)};
	struct desk_room **list = s.rooms;
	enum parlor_err err = PARLOR_E_OK;
	struct sql sql;
	for (struct desk_room *room = all->rooms; room; room = room->hh.next)
		if (room->asks)
			s.rooms[s.len++] = room;
	qsort(s.rooms, s.len, sizeof *s.rooms, by_name);
	sql_init(&sql, db);
	while (!err && s.len) {
		sql_clear(&sql);
		size_t n = put_question(&sql, &s);
		err = db_select(db, &sql, now_row, &s);
		s.rooms += n;
		s.len -= n;
	}
	sql_fini(&sql);
	free(list);
	return err;
}

/* ---- writing ---------------------------------------------------------------------------- */

static enum parlor_err write_rooms(struct db *db, const struct fold_conversations *all, bool told)
{
	const struct desk_columns *columns = told ? &desk_conversation_columns : &desk_said_columns;
	struct sql_value values[ROW_VALUES_MAX];
	struct upsert u;
	upsert_init(&u, db, columns->table, columns->list, columns->len);
	for (const struct desk_room *room = all->rooms; room; room = room->hh.next)
		for (const struct desk_now *now = room->conversations; now; now = now->next) {
			if (!now->position || (now->told != NULL) != told)
				continue;
			if (told)
				desk_conversation_values(values, now);
			else
				desk_said_values(values, now);
			upsert_put(&u, values);
		}
	return upsert_finish(&u);
}

static enum parlor_err conversations_write(struct db *db, const struct fold *fold, void *state,
					   const struct mark *mark)
{
	struct fold_conversations *all = state;
	(void)fold;
	(void)mark;
	enum parlor_err err = read_rooms(db, all);
	if (err)
		return err;
	for (struct desk_room *room = all->rooms; room; room = room->hh.next)
		desk_room_walk(all, room);
	err = write_rooms(db, all, true);
	return err ? err : write_rooms(db, all, false);
}

static void conversations_free(void *state)
{
	struct fold_conversations *all = state;
	for (struct desk_room *room = all->rooms; room; room = room->hh.next)
		for (struct desk_now *now = room->conversations, *next; now; now = next) {
			next = now->next;
			free(now->texts);
			free(now);
		}
	MEM_FREE_TABLE(all->rooms);
	free(all->items);
}

#define TOLD(KIND, EVENT)                                                                    \
	{                                                                                    \
		PARLOR__RECORD_KIND__RECORD_##KIND, PARLOR__EVENT__KIND_##EVENT, add_changed \
	}
static const struct fold_kind kinds[] = {
	TOLD(OPENED, CONVERSATION),
	TOLD(QUEUED, CONVERSATION),
	TOLD(RAISED, CONVERSATION),
	TOLD(OFFERED, OFFER),
	TOLD(OFFER_ENDED, OFFER_ENDED),
	TOLD(ASSIGNED, CONVERSATION),
	TOLD(RELEASED, CONVERSATION),
	TOLD(HELD, CONVERSATION),
	TOLD(TRANSFER, TRANSFER),
	TOLD(MARKED, CONVERSATION),
	TOLD(REMINDED, CONVERSATION),
	TOLD(CLOSED, CONVERSATION),
	TOLD(RATED, CONVERSATION),
	{PARLOR__RECORD_KIND__RECORD_POSTED, PARLOR__EVENT__KIND_POSTED, add_posted},
	{PARLOR__RECORD_KIND__RECORD_READ, PARLOR__EVENT__KIND_READ, add_read},
};
static const struct table tables[] = {{.name = "desk_conversation",
				       .migration = 4,
				       .key = {"ent_id", "conversation_id"},
				       .of_journal = true}};
const struct noun desk_conversation_noun = {
	NOUN_LIST(tables),
	NOUN_LIST(kinds),
	.state_bytes = sizeof(struct fold_conversations),
	.write = conversations_write,
	.free = conversations_free,
};
