#include "sync/archive.h"

#include "wire.h"

#include <assert.h>
#include <string.h>

_Static_assert(offsetof(struct archive_query, base) == 0, "one is cast to the other");

void archive_set(struct archive_query *q, const struct sync_query *asked)
{
	assert(asked->tenant.len <= ROW_ID_MAX && asked->room.len <= ROW_ID_MAX);
	q->asked = *asked;
	memcpy(q->tenant, asked->tenant.data, asked->tenant.len);
	memcpy(q->room, asked->room.data, asked->room.len);
	q->asked.tenant.data = q->tenant;
	q->asked.room.data = q->room;
}

void archive_put(const struct archive_query *q, struct buf *frame)
{
	Parlor__ArchiveQuery query = PARLOR__ARCHIVE_QUERY__INIT;
	query.query = q->base.number;
	query.tenant = (char *)q->tenant;
	query.room = (char *)q->room;
	query.from = q->asked.from;
	query.backwards = q->asked.backwards;
	query.limit = q->asked.limit;
	query.bytes = q->asked.bytes;
	query.floor = q->asked.floor;
	wire_put_field(frame, PARLOR__TO_WORKER__OP_ARCHIVE_QUERY, &query.base);
}
