#include "core/import.h"

#include "core/decide.h"
#include "core/member_row.h"
#include "core/membership.h"
#include "core/membership_row.h"
#include "core/presence.h"
#include "core/room.h"
#include "core/room_row.h"
#include "core/tenant.h"
#include "core/tenant_row.h"

enum parlor_err import_room(struct core *c, const struct core_call *call,
			    const struct imported_room *imported)
{
	struct tenant *t = NULL;
	struct room *room;
	core_clock(c, call);
	enum parlor_err err = decide_id(imported->id);
	if (!err && imported->name.len > c->limits.name_bytes)
		err = PARLOR_E_TOO_LONG;
	if (!err)
		err = tenant_find(c, call->tenant, &t);
	if (!err)
		err = tenant_capacity(c, t, 1, 0);
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (!err)
		err = room_find(c, t->no, imported->id, &room);
	if (!err && room)
		err = PARLOR_E_ROOM_CONFLICT;
	if (err)
		return err;
	return room_emit_created(c, t,
				 &(struct core_room_made){.id = imported->id,
							  .name = imported->name,
							  .open = imported->open},
				 &room);
}

static enum parlor_err check_message(const struct core *c, const struct imported_message *imported)
{
	if (imported->sender.len > ROW_ID_MAX ||
	    imported->client_id.len > c->limits.client_id_bytes ||
	    imported->body.len > c->limits.body_bytes ||
	    imported->sender_name.len > c->limits.name_bytes ||
	    imported->sender_avatar.len > c->limits.avatar_bytes)
		return PARLOR_E_TOO_LONG;
	if (imported->client_id.len && !imported->sender.len)
		return PARLOR_E_EMPTY;
	if (imported->type != MESSAGE_TYPE_MESSAGE && imported->type != MESSAGE_TYPE_NOTICE)
		return PARLOR_E_VALUE;
	if (imported->mentions_len > RECORD_MENTIONS_MAX)
		return PARLOR_E_TOO_MANY;
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && i < imported->mentions_len; i++)
		err = decide_id(imported->mentions[i]);
	return err;
}

static enum parlor_err find_sender(struct core *c, const struct core_call *call,
				   const struct imported_message *imported,
				   struct message_draft *draft)
{
	struct tenant *t;
	struct member *m;
	if (!imported->sender.len)
		return PARLOR_E_OK;
	/* The tenant has a room: it is not new. */
	enum parlor_err err = tenant_introduce(c, call, &t);
	if (!err)
		err = member_capacity(c, t, &(struct core_member_spec){.id = imported->sender}, 1);
	if (!err)
		err = member_introduce(c, t, imported->sender, &m);
	if (!err)
		err = membership_find(c, draft->room, m, &draft->sender);
	if (err)
		return err;
	draft->sender_no = m->no;
	draft->sender_id = m->row.id;
	if (!imported->client_id.len)
		return PARLOR_E_OK;
	const struct core_post post = {.type = imported->type,
				       .content_type = imported->content_type,
				       .body = imported->body,
				       .mentions = imported->mentions,
				       .mentions_len = imported->mentions_len};
	draft->dedup = message_dedup(c, m->no, imported->client_id);
	draft->content = imported->recalled ? 0 : message_content(c, &post);
	return PARLOR_E_OK;
}

/* Whoever is not known any more has nothing to be mentioned in. */
static enum parlor_err find_mentions(struct core *c, const struct imported_message *imported,
				     const struct message_draft *draft, uint64_t *numbers)
{
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && i < imported->mentions_len; i++) {
		struct member *m = NULL;
		err = member_find(c, draft->room->row.tenant, imported->mentions[i], &m);
		numbers[i] = !err && m && m->no != draft->sender_no ? m->no : 0;
	}
	return err;
}

enum parlor_err import_message(struct core *c, const struct core_call *call,
			       const struct imported_message *imported, struct core_posted *posted)
{
	uint64_t mentions[RECORD_MENTIONS_MAX];
	struct message_draft draft = {.type = imported->type,
				      .content_type = imported->content_type,
				      .body = imported->body,
				      .client_id = imported->client_id,
				      .mention_ids = imported->mentions,
				      .mentions = mentions,
				      .mentions_len = imported->mentions_len,
				      .imported = true,
				      .sender_name = imported->sender_name,
				      .sender_avatar = imported->sender_avatar};
	core_clock(c, call);
	enum parlor_err err = check_message(c, imported);
	if (!err)
		err = decide_room(c, call, imported->room, &draft.room);
	if (!err)
		err = find_sender(c, call, imported, &draft);
	if (!err)
		err = find_mentions(c, imported, &draft, mentions);
	if (err)
		return err;
	message_emit(c, &draft, posted);
	if (imported->recalled)
		(void)message_emit_recall(c, draft.room, posted->seq, 0, (struct span){NULL, 0});
	return c->broken;
}

enum parlor_err import_join(struct core *c, const struct core_call *call, struct span id,
			    const struct core_member_spec *spec, uint64_t seq)
{
	struct tenant *t;
	struct room *room;
	struct member *m;
	struct membership *there = NULL;
	core_clock(c, call);
	enum parlor_err err = membership_check_specs(c, spec, 1);
	if (!err)
		err = decide_room(c, call, id, &room);
	if (!err && seq > room->row.last_seq)
		err = PARLOR_E_VALUE;
	if (!err)
		err = tenant_introduce(c, call, &t);
	if (!err)
		err = member_introduce(c, t, spec->id, &m);
	if (!err)
		err = membership_find(c, room, m, &there);
	if (!err && !there)
		membership_emit_joined_from(c, room, m, spec, seq);
	return err ? err : c->broken;
}

enum parlor_err import_last_seen(struct core *c, const struct core_call *call, struct span id)
{
	uint64_t no;
	struct member *m;
	enum parlor_err err = core_member_intern(c, call, id, &no);
	if (!err)
		err = member_find_no(c, no, &m);
	if (err)
		return err;
	presence_emit(c, m, PRESENCE_IS_OFFLINE);
	return c->broken;
}
