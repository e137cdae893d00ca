#include "core/desk/move.h"

#include "core/desk/conversation.h"
#include "core/desk/duty.h"
#include "core/desk/service.h"

/* Who waits has the place of when it asked; whoever is served goes on being served. */
static void move(struct core *c, struct conversation *v, struct team *to)
{
	struct conversation_change ch;
	bool serves = v->row.state > CONVERSATION_OFFERED;
	if (!serves) {
		enum queue_why why = duty_closed(c, to) ? QUEUE_DEFERRED : QUEUE_MOVED;
		offer_withdraw(c, v);
		service_queue(c, v, &(struct queueing){.why = why, .team = to});
		return;
	}
	conversation_begin(&ch, c, v);
	ch.row.team = to->config->base.at.number;
	conversation_emit(c, RECORD_MARKED, &ch);
}

bool move_some(struct core *c, struct team *from, struct team *to, size_t max)
{
	struct rank_node *n;
	while ((n = rank_first(&from->open)) != NULL && max-- > 0 && !c->broken)
		move(c, CONTAINER(n, struct conversation, in_team), to);
	return from->open.root;
}
