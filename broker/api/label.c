#include "core/label.h"
#include "api/room.h"

static enum parlor_err op_room_labels(struct request *r)
{
	const Parlor__RoomLabels *q = r->request->room_labels;
	struct core_room_view view;
	struct span *add, *remove;
	enum parlor_err err = request_spans(r, q->add, q->n_add, LABELS_MAX, &add);
	if (!err)
		err = request_spans(r, q->remove, q->n_remove, LABELS_MAX, &remove);
	if (err)
		return err;
	const struct core_labels_change change = {.clear = q->clear,
						  .remove = remove,
						  .add = add,
						  .remove_len = q->n_remove,
						  .add_len = q->n_add};
	err = core_labels_change(r->broker->core, &r->call, SPAN_TEXT(q->room), &change, &view);
	return err ? err : request_answer_room(r, &view);
}

static const struct request_kind kinds[] = {
	REQUEST(ROOM_LABELS, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_room_labels, ROOM),
};
const struct request_noun label_requests = REQUEST_NOUN(kinds);
