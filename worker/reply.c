#include "reply.h"

#include "base/mem.h"

#include <stdlib.h>

/* protobuf-c's structs take char *, and change nothing. */
static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

void reply_part_state(struct link *link, const struct part *part)
{
	Parlor__FromWorker message = PARLOR__FROM_WORKER__INIT;
	Parlor__PartState state = PARLOR__PART_STATE__INIT;
	size_t n = quarantine_count(&part->quarantine);
	Parlor__QuarantinedRoom *rooms = mem_new((n + 1) * sizeof *rooms);
	Parlor__QuarantinedRoom **list = mem_new((n + 1) * sizeof *list);
	state.part = part->mark.part;
	state.epoch = part->epoch;
	state.db_epoch = part->mark.epoch;
	state.position = part->mark.position;
	state.digest = part->mark.digest;
	state.unread_position = part_unread_position(part);
	for (const struct quarantine_room *q = part->quarantine.rooms; q; q = q->hh.next) {
		Parlor__QuarantinedRoom *room = &rooms[state.n_quarantined];
		parlor__quarantined_room__init(room);
		room->tenant = q->tenant;
		room->room = q->room;
		room->position = q->position;
		room->error = borrow(q->error);
		list[state.n_quarantined++] = room;
	}
	state.quarantined = list;
	message.op_case = PARLOR__FROM_WORKER__OP_PART_STATE;
	message.part_state = &state;
	link_send(link, &message);
	free(list);
	free(rooms);
}

void reply_batch_done(struct link *link, const struct part *part)
{
	Parlor__FromWorker message = PARLOR__FROM_WORKER__INIT;
	Parlor__BatchDone done = PARLOR__BATCH_DONE__INIT;
	done.part = part->mark.part;
	done.epoch = part->epoch;
	done.position = part->mark.position;
	done.unread_position = part_unread_position(part);
	message.op_case = PARLOR__FROM_WORKER__OP_BATCH_DONE;
	message.batch_done = &done;
	link_send(link, &message);
}

void reply_failed(struct link *link, uint32_t part, uint64_t epoch, Parlor__FailClass fail,
		  const char *error)
{
	Parlor__FromWorker message = PARLOR__FROM_WORKER__INIT;
	Parlor__BatchFailed failed = PARLOR__BATCH_FAILED__INIT;
	failed.part = part;
	failed.epoch = epoch;
	failed.fail = fail;
	failed.error = borrow(error);
	message.op_case = PARLOR__FROM_WORKER__OP_BATCH_FAILED;
	message.batch_failed = &failed;
	link_send(link, &message);
}

void reply_release(struct link *link, const Parlor__Release *release, const char *error)
{
	Parlor__FromWorker message = PARLOR__FROM_WORKER__INIT;
	Parlor__ReleaseDone done = PARLOR__RELEASE_DONE__INIT;
	done.part = release->part;
	done.epoch = release->epoch;
	done.tenant = release->tenant;
	done.room = release->room;
	done.upto = release->upto;
	done.error = borrow(error);
	message.op_case = PARLOR__FROM_WORKER__OP_RELEASE_DONE;
	message.release_done = &done;
	link_send(link, &message);
}

void reply_cold_refused(struct link *link, uint64_t query, enum parlor_err err, const char *text)
{
	Parlor__FromWorker message = PARLOR__FROM_WORKER__INIT;
	Parlor__ColdPage page = PARLOR__COLD_PAGE__INIT;
	page.query = query;
	page.code = (uint32_t)err;
	page.text = borrow(text);
	message.op_case = PARLOR__FROM_WORKER__OP_COLD_PAGE;
	message.cold_page = &page;
	link_send(link, &message);
}
