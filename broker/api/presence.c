#include "core/presence.h"
#include "api/request.h"
#include "core/room.h"

#include "event/event.h"
#include "fanout/live.h"
#include "turn/presence.h"

_Static_assert((int)PRESENCE_IS_OFFLINE == (int)PARLOR__PRESENCE__PRESENCE_OFFLINE &&
		       (int)PRESENCE_IS_ONLINE == (int)PARLOR__PRESENCE__PRESENCE_ONLINE &&
		       (int)PRESENCE_IS_BUSY == (int)PARLOR__PRESENCE__PRESENCE_BUSY,
	       "one is cast to the other");

static enum parlor_err op_presence_set(struct request *a)
{
	const Parlor__PresenceSet *q = a->request->presence_set;
	struct broker *b = a->broker;
	uint64_t member, before = core_position(b->core);
	if (q->presence != PARLOR__PRESENCE__PRESENCE_ONLINE &&
	    q->presence != PARLOR__PRESENCE__PRESENCE_BUSY)
		return PARLOR_E_VALUE;
	if (!*q->member)
		return PARLOR_E_EMPTY;
	enum parlor_err err = core_member_find(b->core, &a->call, SPAN_TEXT(q->member), &member);
	if (!err && (!member || !session_member_find(a->session, member)))
		err = PARLOR_E_NOT_ATTACHED;
	if (!err)
		err = core_presence_set(b->core, &a->call, member, (uint8_t)q->presence);
	if (err)
		return err;
	presence_settled(&b->commit, member);
	uint64_t after = core_position(b->core);
	request_done(a, after == before ? 0 : after);
	return PARLOR_E_OK;
}

static enum parlor_err show(struct request *a, char *member, Parlor__MemberPresence *item)
{
	uint8_t presence;
	parlor__member_presence__init(item);
	enum parlor_err err = core_presence_get(a->broker->core, &a->call, SPAN_TEXT(member),
						&presence, &item->last_seen_us);
	if (err)
		return err;
	item->member = member;
	item->presence = (Parlor__Presence)presence;
	return PARLOR_E_OK;
}

/* Those that turns before have brought to memory are shown as they are at the end; whom it has
 * not kept is read again. */
static enum parlor_err show_all(struct request *a, Parlor__MemberPresence *items)
{
	const Parlor__PresenceGet *q = a->request->presence_get;
	struct session_progress *progress = &a->session->progress;
	size_t before = progress->at;
	enum parlor_err err = PARLOR_E_OK;
	while (!err && progress->at < q->n_members) {
		size_t i = progress->at;
		err = meter_spent(&a->broker->meter) ? PARLOR_E_BUSY
						     : show(a, q->members[i], &items[i]);
		progress->at += !err;
	}
	for (size_t i = 0; !err && i < before; i++)
		err = show(a, q->members[i], &items[i]);
	return err;
}

static enum parlor_err op_presence_get(struct request *a)
{
	size_t n = a->request->presence_get->n_members;
	if (n > a->broker->settings.core.request_members)
		return PARLOR_E_TOO_MANY;
	Parlor__MemberPresence *items = request_memory(a, n * sizeof *items + 1);
	Parlor__MemberPresence **list = request_memory(a, n * sizeof *list + 1);
	if (!items || !list)
		return PARLOR_E_NO_MEMORY;
	enum parlor_err err = show_all(a, items);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		list[i] = &items[i];
	Parlor__PresencePage *page = request_result(a);
	page->n_members = n;
	page->members = list;
	return PARLOR_E_OK;
}

static enum parlor_err op_typing(struct request *a)
{
	const Parlor__Typing *q = a->request->typing;
	struct span room = SPAN_TEXT(q->room), member = SPAN_TEXT(q->member);
	uint64_t no;
	enum parlor_err err = core_room_check(a->broker->core, &a->call, room, member, &no);
	if (err)
		return err;
	struct broker *b = a->broker;
	buf_clear(&b->scratch);
	event_put_typing(&b->scratch, room, member);
	live_transient(&b->fanout, &b->commit.turn.replies, topic_room(no), buf_span(&b->scratch));
	request_done(a, 0);
	return PARLOR_E_OK;
}

static const struct request_kind kinds[] = {
	REQUEST(PRESENCE_SET, NEEDS_SESSION | NEEDS_SPACE, op_presence_set, DONE),
	REQUEST(PRESENCE_GET, NEEDS_SESSION | SHOWS_STATE | GOES_ON, op_presence_get, PRESENCE),
	REQUEST(TYPING, NEEDS_SESSION, op_typing, DONE),
};
const struct request_noun presence_requests = REQUEST_NOUN(kinds);
