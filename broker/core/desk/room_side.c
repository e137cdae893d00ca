#include "core/desk/room_side.h"

#include "core/decide.h"
#include "core/desk/config_row.h"
#include "core/desk/conversation_row.h"
#include "core/desk/open.h"
#include "core/room_row.h"
#include "core/tenant_row.h"

/* The last conversation of a room; NULL: it has had none. */
static enum parlor_err find(struct core *c, const struct core_call *call, struct span room_id,
			    struct conversation **v)
{
	struct tenant *t = NULL;
	struct room *room = NULL;
	*v = NULL;
	enum parlor_err err = tenant_find(c, call->tenant, &t);
	if (!err && t)
		err = room_find(c, t->no, room_id, &room);
	if (!err && room && room->row.conversation)
		err = conversation_find_no(c, room->row.conversation, v);
	return err;
}

static bool opens_by_posting(struct core *c, const struct conversation *v)
{
	const struct team *t = team_find_no(c, v->row.team);
	return t && t->row.post_opens && !t->desk->row.room_each;
}

/* Of the same team, in the same room. */
static enum parlor_err open_again(struct core *c, const struct core_call *call,
				  const struct conversation *v, const struct core_post *q)
{
	const struct team *t = team_find_no(c, v->row.team);
	struct conversation_view view;
	const struct core_desk_open open = {.desk = t->desk->row.desk,
					    .visitor = q->sender,
					    .team = t->row.team,
					    .product = v->row.product,
					    .business = v->row.business,
					    .room = q->room};
	return core_desk_open(c, call, &open, &view);
}

enum parlor_err room_side_may_post(struct core *c, const struct room *room, uint64_t member)
{
	struct conversation *v;
	enum parlor_err err = conversation_find_no(c, room->row.conversation, &v);
	if (!err && v && v->row.state == CONVERSATION_CLOSED && v->row.visitor == member)
		err = PARLOR_E_CONVERSATION_CLOSED;
	return err;
}

enum parlor_err core_desk_post(struct core *c, const struct core_call *call,
			       const struct core_post *q, struct core_posted *posted)
{
	struct conversation *v;
	enum parlor_err err = core_post(c, call, q, posted);
	if (err != PARLOR_E_CONVERSATION_CLOSED)
		return err;
	err = find(c, call, q->room, &v);
	if (!err && !(v && opens_by_posting(c, v)))
		err = PARLOR_E_CONVERSATION_CLOSED;
	if (!err)
		err = open_again(c, call, v, q);
	return err ? err : core_post(c, call, q, posted);
}

enum parlor_err core_desk_may_leave(struct core *c, const struct core_call *call,
				    struct span room_id, const struct span *members, size_t n)
{
	struct conversation *v;
	enum parlor_err err = find(c, call, room_id, &v);
	if (err || !v || v->row.state == CONVERSATION_CLOSED)
		return err;
	uint64_t agent = conversation_serving(c, v);
	for (size_t i = 0; !err && i < n; i++) {
		struct member *m;
		err = decide_member(c, call, members[i], &m);
		if (!err && (m->no == v->row.visitor || m->no == agent))
			return PARLOR_E_CONVERSATION_OPEN;
		if (err == PARLOR_E_MEMBER_UNKNOWN)
			err = PARLOR_E_OK; /* whoever is asked next says so */
	}
	return err == PARLOR_E_OK || err == PARLOR_E_EMPTY || err == PARLOR_E_TOO_LONG ? PARLOR_E_OK
										       : err;
}
