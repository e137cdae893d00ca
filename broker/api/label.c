#include "core/label.h"
#include "api/room.h"

static enum parlor_err read_labels(struct request *r, char *const *in, size_t n, struct span **out)
{
	if (n > LABELS_MAX)
		return PARLOR_E_TOO_MANY;
	*out = request_memory(r, n * sizeof **out + 1);
	for (size_t i = 0; *out && i < n; i++)
		(*out)[i] = SPAN_TEXT(in[i]);
	return *out ? PARLOR_E_OK : PARLOR_E_NO_MEMORY;
}

static enum parlor_err op_room_labels(struct request *r)
{
	const Parlor__RoomLabels *q = r->request->room_labels;
	struct core_call call = request_call(r);
	struct core_room_view view;
	struct span *add, *remove;
	enum parlor_err err = read_labels(r, q->add, q->n_add, &add);
	if (!err)
		err = read_labels(r, q->remove, q->n_remove, &remove);
	if (err)
		return err;
	const struct core_labels_change change = {.clear = q->clear,
						  .remove = remove,
						  .add = add,
						  .remove_len = q->n_remove,
						  .add_len = q->n_add};
	err = core_labels_change(r->broker->core, &call, SPAN_TEXT(q->room), &change, &view);
	return err ? err : request_answer_room(r, &view);
}

static const struct request_kind kinds[] = {
	REQUEST(ROOM_LABELS, NEEDS_SESSION | NEEDS_SPACE | SHOWS_STATE, op_room_labels, ROOM),
};
const struct request_noun label_requests = REQUEST_NOUN(kinds);
