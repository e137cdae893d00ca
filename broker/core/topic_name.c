#include "core/topic_name.h"

#include "core/member.h"
#include "core/member_row.h"
#include "core/room.h"
#include "core/tables.h"
#include "core/tenant.h"

static enum parlor_err room_id(struct core *c, uint64_t no, struct span *id)
{
	struct core_room_view room;
	enum parlor_err err = core_room_names(c, no, &room);
	if (!err)
		*id = room.id;
	return err;
}

static enum parlor_err member_id(struct core *c, uint64_t no, struct span *id)
{
	struct member *m;
	enum parlor_err err = member_find_no(c, no, &m);
	if (!err && !m)
		err = PARLOR_E_NOT_FOUND;
	if (!err)
		*id = m->row.id;
	return err;
}

enum parlor_err core_topic_id(struct core *c, struct topic topic, struct span *id)
{
	switch (topic.kind) {
	case TOPIC_ROOM:
		return room_id(c, topic.number, id);
	case TOPIC_MEMBER:
		return member_id(c, topic.number, id);
	case TOPIC_TENANT:
		return core_tenant_id(c, (uint32_t)topic.number, id);
	case TOPIC_TEAM: /* no record is about one */
	case TOPIC_NONE:
		break;
	}
	return PARLOR_E_NOT_FOUND;
}

static enum parlor_err number_of(struct core *c, const struct topic_name *name, uint64_t *no)
{
	struct core_call call = {.tenant = name->tenant};
	struct core_room_view room = {0};
	uint32_t tenant = 0;
	enum parlor_err err = PARLOR_E_OK;
	*no = 0;
	switch (name->kind) {
	case TOPIC_ROOM:
		err = core_room_show(c, &call, name->id, &room);
		*no = room.no;
		break;
	case TOPIC_MEMBER:
		err = core_member_find(c, &call, name->id, no);
		break;
	case TOPIC_TENANT:
		err = core_tenant_find(c, name->id, &tenant);
		*no = tenant;
		break;
	case TOPIC_TEAM:
	case TOPIC_NONE:
		break;
	}
	return err == PARLOR_E_ROOM_UNKNOWN ? PARLOR_E_OK : err;
}

enum parlor_err core_topic_find(struct core *c, const struct topic_name *name, struct topic *topic)
{
	*topic = (struct topic){.kind = name->kind};
	enum parlor_err err = number_of(c, name, &topic->number);
	return !err && !topic->number ? PARLOR_E_NOT_FOUND : err;
}
