#include "core/inbox.h"
#include "api/request.h"
#include "core/message.h"

#include "turn/message.h"
#include "wire.h"

/* Bytes of the last message's body that the inbox shows. */
#define PREVIEW_BYTES 200

struct list_page {
	struct request *request;
	Parlor__InboxRoom **items;
	size_t len;
	enum parlor_err err;
};

/* The last message, its body cut. Absent in an empty room and when its record
 * is no longer kept. */
static enum parlor_err preview(struct request *a, const struct core_inbox_room *c,
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

static void add_room(void *ctx, const struct core_inbox_room *c)
{
	struct list_page *page = ctx;
	struct request *a = page->request;
	if (page->err)
		return;
	Parlor__InboxRoom *item = request_memory(a, sizeof *item);
	char *room = request_text(a, c->id);
	char *name = request_text(a, c->name);
	size_t labels_len;
	char **labels = request_texts(a, c->labels, &labels_len);
	if (!item || !room || !name || !labels) {
		page->err = PARLOR_E_NO_MEMORY;
		return;
	}
	parlor__inbox_room__init(item);
	item->room = room;
	item->name = name;
	item->labels = labels;
	item->n_labels = labels_len;
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

static enum parlor_err put_list(struct request *a, size_t limit)
{
	const Parlor__InboxList *q = a->request->list;
	struct list_page page = {.request = a,
				 .items = request_memory(a, limit * sizeof *page.items)};
	if (!page.items)
		return PARLOR_E_NO_MEMORY;
	Parlor__InboxPage *result = request_result(a);
	const struct core_inbox_query query = {.member = SPAN_TEXT(q->member),
					       .cursor = q->cursor,
					       .limit = limit,
					       .unread_only = q->unread_only,
					       .label = SPAN_TEXT(q->label)};
	enum parlor_err err =
		core_inbox(a->broker->core, &a->call, &query, add_room, &page, &result->cursor);
	if (!err)
		err = page.err;
	if (err)
		return err;
	result->items = page.items;
	result->n_items = page.len;
	return PARLOR_E_OK;
}

/* Names and mentions may be many: a page that is larger than a reply may be is
 * made of fewer rooms, and its cursor says where it goes on. */
static enum parlor_err op_list(struct request *a)
{
	size_t limit = request_limit(a, a->request->list->limit);
	enum parlor_err err = put_list(a, limit);
	while (err == PARLOR_E_NO_MEMORY && limit > 1) {
		limit /= 2;
		request_begin(a);
		err = put_list(a, limit);
	}
	return err;
}

static const struct request_kind kinds[] = {
	REQUEST(LIST, NEEDS_SESSION | SHOWS_STATE | GOES_ON, op_list, LIST),
};
const struct request_noun inbox_requests = REQUEST_NOUN(kinds);
