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

/* Nobody of the team takes it any more: whoever has it keeps it. */
static void end_transfer(struct core *c, struct conversation *v)
{
	offer_withdraw(c, v);
	service_transfer_end(c, v, TRANSFER_EXPIRED, NO_ONE);
}

bool move_some(struct core *c, struct team *from, struct team *to, size_t max)
{
	for (size_t i = 0; i < max && !c->broken; i++) {
		struct rank_node *own = rank_first(&from->open), *passed = rank_first(&from->all);
		if (own)
			move(c, CONTAINER(own, struct conversation, in_team), to);
		else if (passed)
			end_transfer(c, CONTAINER(passed, struct conversation, in_all));
	}
	return from->open.root || from->all.root;
}
