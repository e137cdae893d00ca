#include "api/place.h"

#include "core/desk/list.h"
#include "event/event.h"
#include "fanout/live.h"

static void tell(void *broker, uint64_t visitor, const struct conversation_view *view,
		 const struct place_view *place)
{
	struct broker *b = broker;
	buf_clear(&b->scratch);
	event_put_place(&b->scratch, view->conversation, place, view->state);
	live_transient(&b->fanout, &b->commit.turn.replies, topic_member(visitor),
		       buf_span(&b->scratch));
}

void place_tell(struct broker *b)
{
	core_desk_places(b->core, b->now_us, tell, b);
}
