#include "core/reading.h"
#include "api/request.h"
#include "core/inbox.h"
#include "core/message.h"

#include "turn/message.h"
#include "wire.h"

/* Bytes of the last message's body that the inbox shows. */
#define PREVIEW_BYTES 200

static enum parlor_err answer_unread(struct ask *a, const struct core_unread_view *view)
{
	parlor__unread_info__init(&a->unread);
	a->unread.unread = view->unread;
	a->unread.read_seq = view->read_seq;
	a->unread.last_seq = view->last_seq;
	a->unread.mentioned = view->mentioned;
	a->unread.position = view->position;
	a->reply.result_case = PARLOR__REPLY__RESULT_UNREAD;
	a->reply.unread = &a->unread;
	return PARLOR_E_OK;
}

enum parlor_err op_read(struct ask *a)
{
	const Parlor__Read *q = a->request->read;
	struct core_call call = ask_call(a);
	struct core_unread_view view;
	enum parlor_err err = core_read(a->broker->core, &call, SPAN_TEXT(q->room),
					SPAN_TEXT(q->member), q->seq, &view);
	return err ? err : answer_unread(a, &view);
}

enum parlor_err op_unread_mark(struct ask *a)
{
	const Parlor__UnreadMark *q = a->request->unread_mark;
	struct core_call call = ask_call(a);
	struct core_unread_view view;
	enum parlor_err err = core_mark_unread(a->broker->core, &call, SPAN_TEXT(q->room),
					       SPAN_TEXT(q->member), q->seq, &view);
	return err ? err : answer_unread(a, &view);
}

enum parlor_err op_unread_get(struct ask *a)
{
	const Parlor__UnreadGet *q = a->request->unread_get;
	struct core_call call = ask_call(a);
	struct core_unread_view view;
	enum parlor_err err = core_unread(a->broker->core, &call, SPAN_TEXT(q->room),
					  SPAN_TEXT(q->member), &view);
	return err ? err : answer_unread(a, &view);
}

enum parlor_err op_unread_total(struct ask *a)
{
	struct core_call call = ask_call(a);
	parlor__unread_sum__init(&a->total);
	enum parlor_err err = core_unread_total(a->broker->core, &call,
						SPAN_TEXT(a->request->unread_total->member),
						&a->total.unread, &a->total.rooms);
	if (err)
		return err;
	a->reply.result_case = PARLOR__REPLY__RESULT_UNREAD_TOTAL;
	a->reply.unread_total = &a->total;
	return PARLOR_E_OK;
}

/* ---- the inbox --------------------------------------------------------------------------- */

struct list_page {
	struct ask *ask;
	Parlor__Conversation **items;
	size_t len;
	enum parlor_err err;
};

/* The last message, its body cut. Absent in an empty room and when its record
 * is no longer kept. */
static enum parlor_err preview(struct ask *a, const struct core_inbox_room *c,
			       Parlor__Message **last)
{
	struct broker *b = a->broker;
	struct row_message row;
	struct buf message = {0};
	ProtobufCMessage *decoded;
	*last = NULL;
	if (!c->last_seq)
		return PARLOR_E_OK;
	enum parlor_err err = core_message(b->core, c->room, c->last_seq, &row);
	if (!err)
		err = message_put(&b->commit, &message, &row, PREVIEW_BYTES);
	if (!err)
		err = wire_decode(&parlor__message__descriptor, &b->reply_arena, message.data,
				  message.len, &decoded);
	if (!err)
		*last = (Parlor__Message *)decoded;
	buf_fini(&message);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}

static void add_conversation(void *ctx, const struct core_inbox_room *c)
{
	struct list_page *page = ctx;
	struct ask *a = page->ask;
	if (page->err)
		return;
	Parlor__Conversation *item = ask_memory(a, sizeof *item);
	char *room = ask_text(a, c->id);
	char *name = ask_text(a, c->name);
	if (!item || !room || !name) {
		page->err = PARLOR_E_NO_MEMORY;
		return;
	}
	parlor__conversation__init(item);
	item->room = room;
	item->name = name;
	item->member_type = (Parlor__MemberType)c->member_type;
	item->state = (Parlor__RoomState)c->state;
	item->unread = c->unread;
	item->read_seq = c->read_seq;
	item->last_seq = c->last_seq;
	item->active_us = c->active_us;
	item->mentioned = c->mentioned;
	page->err = preview(a, c, &item->last);
	page->items[page->len++] = item;
}

static enum parlor_err put_list(struct ask *a, size_t limit)
{
	const Parlor__ConversationList *q = a->request->list;
	struct core_call call = ask_call(a);
	struct list_page page = {.ask = a, .items = ask_memory(a, limit * sizeof *page.items)};
	parlor__conversation_page__init(&a->list);
	if (!page.items)
		return PARLOR_E_NO_MEMORY;
	enum parlor_err err = core_inbox(a->broker->core, &call, SPAN_TEXT(q->member), q->cursor,
					 limit, add_conversation, &page, &a->list.cursor);
	if (!err)
		err = page.err;
	if (err)
		return err;
	a->list.items = page.items;
	a->list.n_items = page.len;
	a->reply.result_case = PARLOR__REPLY__RESULT_LIST;
	a->reply.list = &a->list;
	return PARLOR_E_OK;
}

/* Names and mentions may be many: a page that is larger than a reply may be is
 * made of fewer rooms, and its cursor says where it goes on. */
enum parlor_err op_list(struct ask *a)
{
	size_t limit = ask_limit(a, a->request->list->limit);
	enum parlor_err err = put_list(a, limit);
	while (err == PARLOR_E_NO_MEMORY && limit > 1) {
		limit /= 2;
		arena_clear(&a->broker->reply_arena);
		err = put_list(a, limit);
	}
	return err;
}
