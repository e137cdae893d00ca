#include "core/reading.h"
#include "api/request.h"
#include "core/inbox.h"

static enum parlor_err answer_unread(struct request *a, const struct core_unread_view *view)
{
	Parlor__UnreadInfo *info = request_result(a);
	info->unread = view->unread;
	info->read_seq = view->read_seq;
	info->last_seq = view->last_seq;
	info->mentioned = view->mentioned;
	info->position = view->position;
	return PARLOR_E_OK;
}

static enum parlor_err op_read(struct request *a)
{
	const Parlor__Read *q = a->request->read;
	struct core_unread_view view;
	enum parlor_err err = core_read(a->broker->core, &a->call, SPAN_TEXT(q->room),
					SPAN_TEXT(q->member), q->seq, &view);
	return err ? err : answer_unread(a, &view);
}

static enum parlor_err op_unread_mark(struct request *a)
{
	const Parlor__UnreadMark *q = a->request->unread_mark;
	struct core_unread_view view;
	enum parlor_err err = core_mark_unread(a->broker->core, &a->call, SPAN_TEXT(q->room),
					       SPAN_TEXT(q->member), q->seq, &view);
	return err ? err : answer_unread(a, &view);
}

static enum parlor_err op_unread_get(struct request *a)
{
	const Parlor__UnreadGet *q = a->request->unread_get;
	struct core_unread_view view;
	enum parlor_err err = core_unread(a->broker->core, &a->call, SPAN_TEXT(q->room),
					  SPAN_TEXT(q->member), &view);
	return err ? err : answer_unread(a, &view);
}

static enum parlor_err op_unread_total(struct request *a)
{
	Parlor__UnreadSum *sum = request_result(a);
	return core_unread_total(a->broker->core, &a->call,
				 SPAN_TEXT(a->request->unread_total->member), &sum->unread,
				 &sum->rooms);
}

static const struct request_kind kinds[] = {
	REQUEST(READ, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_read, UNREAD),
	REQUEST(UNREAD_MARK, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_unread_mark, UNREAD),
	REQUEST(UNREAD_GET, NEEDS_SESSION | SHOWS_STATE, op_unread_get, UNREAD),
	REQUEST(UNREAD_TOTAL, NEEDS_SESSION | SHOWS_STATE | GOES_ON, op_unread_total, UNREAD_TOTAL),
};
const struct request_noun reading_requests = REQUEST_NOUN(kinds);
