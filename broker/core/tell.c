#include "core/tell.h"

#include "core/decide.h"
#include "core/presence.h"
#include "core/room.h"
#include "core/tenant.h"

enum parlor_err core_tell_room(struct core *c, const struct core_call *call,
			       const struct core_told_room *told)
{
	struct tenant *t;
	struct room *room;
	core_clock(c, call);
	enum parlor_err err = decide_id(told->id);
	if (!err && told->name.len > c->limits.name_bytes)
		err = PARLOR_E_TOO_LONG;
	if (!err && c->state.rooms >= c->limits.rooms)
		err = PARLOR_E_TENANT_FULL;
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (!err)
		err = tables_room(c, t->no, told->id, &room);
	if (!err && room)
		err = PARLOR_E_ROOM_CONFLICT;
	if (err)
		return err;
	return room_emit_created(
		c, t,
		&(struct core_room_made){.id = told->id, .name = told->name, .open = told->open},
		&room);
}

static enum parlor_err check_message(const struct core *c, const struct core_told_message *told)
{
	if (told->sender.len > ROW_ID_MAX || told->client_id.len > c->limits.client_id_bytes ||
	    told->body.len > c->limits.body_bytes || told->sender_name.len > c->limits.name_bytes ||
	    told->sender_avatar.len > c->limits.avatar_bytes)
		return PARLOR_E_TOO_LONG;
	if (told->client_id.len && !told->sender.len)
		return PARLOR_E_EMPTY;
	if (told->type != MESSAGE_TYPE_MESSAGE && told->type != MESSAGE_TYPE_NOTICE)
		return PARLOR_E_VALUE;
	return told->mentions_len > RECORD_MENTIONS_MAX ? PARLOR_E_TOO_MANY : PARLOR_E_OK;
}

static enum parlor_err find_sender(struct core *c, const struct core_call *call,
				   const struct core_told_message *told,
				   struct message_draft *draft)
{
	struct tenant *t;
	struct member *m;
	if (!told->sender.len)
		return PARLOR_E_OK;
	enum parlor_err err = tenant_introduce(c, call, &t);
	if (!err)
		err = member_capacity(c, t, &(struct core_member_spec){.id = told->sender}, 1);
	if (!err)
		err = member_introduce(c, t, told->sender, &m);
	if (!err)
		err = tables_membership(c, draft->room, m, &draft->sender);
	if (err)
		return err;
	draft->sender_no = m->no;
	draft->sender_id = m->row.id;
	if (!told->client_id.len)
		return PARLOR_E_OK;
	const struct core_post post = {.type = told->type,
				       .content_type = told->content_type,
				       .body = told->body,
				       .mentions = told->mentions,
				       .mentions_len = told->mentions_len};
	draft->dedup = message_dedup(c, m->no, told->client_id);
	draft->content = told->recalled ? 0 : message_content(c, &post);
	return PARLOR_E_OK;
}

/* Whoever is not known any more has nothing to be mentioned in. */
static enum parlor_err find_mentions(struct core *c, const struct core_told_message *told,
				     const struct message_draft *draft, uint64_t *numbers)
{
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && i < told->mentions_len; i++) {
		struct member *m = NULL;
		err = decide_id(told->mentions[i]);
		if (!err)
			err = tables_member(c, draft->room->row.tenant, told->mentions[i], &m);
		numbers[i] = !err && m && m->no != draft->sender_no ? m->no : 0;
	}
	return err;
}

enum parlor_err core_tell_message(struct core *c, const struct core_call *call,
				  const struct core_told_message *told, struct core_posted *posted)
{
	uint64_t mentions[RECORD_MENTIONS_MAX];
	struct message_draft draft = {.type = told->type,
				      .content_type = told->content_type,
				      .body = told->body,
				      .client_id = told->client_id,
				      .mention_ids = told->mentions,
				      .mentions = mentions,
				      .mentions_len = told->mentions_len,
				      .told = true,
				      .sender_name = told->sender_name,
				      .sender_avatar = told->sender_avatar};
	core_clock(c, call);
	enum parlor_err err = check_message(c, told);
	if (!err)
		err = decide_room(c, call, told->room, &draft.room);
	if (!err)
		err = find_sender(c, call, told, &draft);
	if (!err)
		err = find_mentions(c, told, &draft, mentions);
	if (err)
		return err;
	message_emit(c, &draft, posted);
	if (told->recalled)
		(void)message_emit_recall(c, draft.room, posted->seq, 0, (struct span){NULL, 0});
	return c->broken;
}

enum parlor_err core_tell_last_seen(struct core *c, const struct core_call *call, struct span id)
{
	uint64_t no;
	struct member *m;
	enum parlor_err err = core_member_intern(c, call, id, &no);
	if (!err)
		err = tables_member_no(c, no, &m);
	if (err)
		return err;
	presence_emit(c, m, PRESENCE_IS_OFFLINE);
	return c->broken;
}
