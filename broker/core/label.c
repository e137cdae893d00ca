#include "core/label.h"

#include "core/decide.h"
#include "core/room_row.h"

#include <string.h>

enum { LABELS, KINDS };
static const struct record_kind kinds[KINDS];

bool labels_next(struct span *labels, struct span *label)
{
	const char *at = labels->data;
	if (!labels->len)
		return false;
	*label = (struct span){at, strlen(at)};
	*labels = (struct span){at + label->len + 1, labels->len - label->len - 1};
	return true;
}

bool labels_have(struct span labels, struct span label)
{
	struct span one;
	while (labels_next(&labels, &one))
		if (span_equal(one, label))
			return true;
	return false;
}

enum parlor_err labels_check(struct span label)
{
	if (!label.len)
		return PARLOR_E_EMPTY;
	return label.len > LABEL_BYTES_MAX ? PARLOR_E_TOO_LONG : PARLOR_E_OK;
}

static enum parlor_err check(const struct span *labels, size_t n)
{
	enum parlor_err err = n > LABELS_MAX ? PARLOR_E_TOO_MANY : PARLOR_E_OK;
	for (size_t i = 0; !err && i < n; i++)
		err = labels_check(labels[i]);
	return err;
}

static bool among(const struct span *labels, size_t n, struct span label)
{
	for (size_t i = 0; i < n; i++)
		if (span_equal(labels[i], label))
			return true;
	return false;
}

/* What the room has afterwards, into `out` (2 * LABELS_MAX); how many. */
static size_t change(struct span has, const struct core_labels_change *q, struct span *out)
{
	size_t n = 0;
	struct span label;
	while (!q->clear && labels_next(&has, &label))
		if (!among(q->remove, q->remove_len, label))
			out[n++] = label;
	for (size_t i = 0; i < q->add_len; i++)
		if (!among(out, n, q->add[i]))
			out[n++] = q->add[i];
	span_sort(out, n);
	return n;
}

static void put(struct buf *b, const struct span *labels, size_t n)
{
	buf_clear(b);
	for (size_t i = 0; i < n; i++) {
		buf_put(b, labels[i].data, labels[i].len);
		buf_put_u8(b, 0);
	}
}

enum parlor_err core_labels_change(struct core *c, const struct core_call *call, struct span id,
				   const struct core_labels_change *q, struct core_room_view *view)
{
	struct room *room;
	struct span labels[2 * LABELS_MAX];
	core_clock(c, call);
	enum parlor_err err = check(q->add, q->add_len);
	if (!err)
		err = check(q->remove, q->remove_len);
	if (!err)
		err = decide_living_room(c, call, id, &room);
	if (err)
		return err;
	size_t n = change(room->row.labels, q, labels);
	if (n > LABELS_MAX)
		return PARLOR_E_TOO_MANY;
	put(&c->scratch, labels, n);
	struct record r = {.tenant = room->row.tenant,
			   .room = room->no,
			   .room_id = room->row.id,
			   .labels.all = {c->scratch.data, c->scratch.len}};
	bool same = span_equal(room->row.labels, r.labels.all);
	if (!same)
		core_emit(c, &kinds[LABELS], &r);
	room_view(room, same ? 0 : c->state.position, view);
	return PARLOR_E_OK;
}

/* ---- records ------------------------------------------------------------------- */

static enum parlor_err apply_labels(struct core *c, const struct record *r)
{
	struct room *room;
	bool is_new;
	enum parlor_err err = apply_room_row(c, r, &room, &is_new);
	if (!err && is_new)
		room_set_labels(c, room, r->labels.all);
	return err;
}

static const struct record_kind kinds[KINDS] = {
	[LABELS] = {.no = RECORD_ROOM_LABELS,
		    .name = "room labels",
		    .fields = FIELDS(RECORD_FIELD(room), RECORD_FIELD(labels.all)),
		    .apply = apply_labels,
		    RECORD_OF_ROOM,
		    .moves = MOVES_NOBODY},
};
const struct record_noun label_records = RECORD_NOUN(kinds);
