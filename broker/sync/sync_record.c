#include "sync/sync_record.h"

#include "core/kinds.h"
#include "core/room.h"
#include "core/tenant.h"
#include "core/topic_name.h"
#include "wire.h"

#include <parlor/fields.h>
#include <parlor/worker.pb-c.h>

#define SAME_KIND(name) ((int)RECORD_##name == (int)PARLOR__RECORD_KIND__RECORD_##name)
_Static_assert(SAME_KIND(BOOT) && SAME_KIND(ROOM_CREATED) && SAME_KIND(ROOM_RENAMED) &&
		       SAME_KIND(ROOM_STATE) && SAME_KIND(JOINED) && SAME_KIND(LEFT) &&
		       SAME_KIND(MEMBER_CHANGED) && SAME_KIND(POSTED) && SAME_KIND(RECALLED) &&
		       SAME_KIND(READ) && SAME_KIND(PRESENCE) && SAME_KIND(ROOM_LABELS),
	       "a worker is told the kind by its number");
#define SAME_TOPIC(name) ((int)TOPIC_##name == (int)PARLOR__TOPIC_KIND__TOPIC_##name)
_Static_assert(SAME_TOPIC(ROOM) && SAME_TOPIC(MEMBER) && SAME_TOPIC(TENANT),
	       "a worker is told the kind of topic by its number");

/* room: of the record, when it has one. */
static enum parlor_err put_topic(struct buf *b, struct core *core, struct topic topic,
				 const struct core_room_view *room)
{
	struct span id = room->id;
	enum parlor_err err = PARLOR_E_OK;
	if (topic.kind == TOPIC_NONE)
		return PARLOR_E_OK;
	if (topic.kind != TOPIC_ROOM)
		err = core_topic_id(core, topic, &id);
	if (err)
		return err;
	wire_put_varint_field(b, PB_SYNC_RECORD_TOPIC_KIND, topic.kind);
	wire_put_bytes_field(b, PB_SYNC_RECORD_TOPIC, id);
	return PARLOR_E_OK;
}

/* What is delivered to nobody has no event, but it has a place and a time. */
static void put_event(struct buf *b, const struct entry *e, const struct record *r)
{
	if (e->event.len) {
		wire_put_bytes_field(b, PB_SYNC_RECORD_EVENT, e->event);
		return;
	}
	Parlor__Event event = PARLOR__EVENT__INIT;
	event.position = e->position;
	event.time_us = r->time_us;
	wire_put_field(b, PB_SYNC_RECORD_EVENT, &event.base);
}

enum parlor_err sync_record_put(struct buf *to, uint32_t field, struct buf *scratch,
				struct core *core, const struct entry *e, struct record *r)
{
	enum parlor_err err = record_decode(r, e->head.data, e->head.len);
	if (err)
		return err;
	struct span tenant = {NULL, 0};
	if (r->tenant && (err = core_tenant_id(core, r->tenant, &tenant)))
		return err;
	buf_clear(scratch);
	wire_put_varint_field(scratch, PB_SYNC_RECORD_KIND, r->kind);
	if (tenant.len)
		wire_put_bytes_field(scratch, PB_SYNC_RECORD_TENANT, tenant);
	const struct record_counts *counts = record_counts(r);
	if (counts) {
		wire_put_varint_field(scratch, PB_SYNC_RECORD_COUNTED, counts->counted);
		wire_put_varint_field(scratch, PB_SYNC_RECORD_SEEN, counts->seen);
		wire_put_varint_field(scratch, PB_SYNC_RECORD_READ_SEQ, counts->read_seq);
	}
	struct core_room_view room = {0};
	if (r->room) {
		err = core_room_names(core, r->room, &room);
		if (err)
			return err;
		wire_put_varint_field(scratch, PB_SYNC_RECORD_MEMBERS, room.members);
	}
	err = put_topic(scratch, core, record_topic(r), &room);
	if (err)
		return err;
	put_event(scratch, e, r);
	wire_put_bytes_field(to, field, buf_span(scratch));
	return PARLOR_E_OK;
}
