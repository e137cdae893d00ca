#include "core/label.h"
#include "noun/noun.h"
#include "rebuild_lmdb.h"
#include "verify_mysql_rooms.h"

#include <stdio.h>
#include <stdlib.h>

static void what_labels(char *text, size_t size, const Parlor__Event *e, const struct record *r)
{
	const Parlor__LabelsChanged *changed = e->labels_changed;
	size_t len = (size_t)snprintf(text, size, "labels:");
	(void)r;
	for (size_t i = 0; i < changed->n_labels && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s %s", i ? "," : "",
					changed->labels[i]);
	if (!changed->n_labels)
		snprintf(text, size, "labels: none");
}

static void draft_labels(struct draft *d, const Parlor__Event *e)
{
	json_t *labels = json_array();
	for (size_t i = 0; i < e->labels_changed->n_labels; i++)
		json_array_append_new(labels, json_string(e->labels_changed->labels[i]));
	json_object_set_new(d->more, "labels", labels);
}

/* What the room has from then on, whatever it had. */
static enum parlor_err send_labels(struct operation *d, operation_send_fn *fn)
{
	size_t len;
	char **labels = operation_texts(d->event.texts, &len);
	enum parlor_err err =
		OPERATION_SEND(d, fn, ROOM_LABELS, room_labels, RoomLabels, .room = d->place->id,
			       .clear = true, .add = labels, .n_add = len);
	free(labels);
	return err;
}

static const struct operation_kind operation_labels = {send_labels,
						       .counted = OPERATION_COUNTED(changes)};

static const struct kind kinds[] = {
	{RECORD_ROOM_LABELS, PARLOR__EVENT__KIND_LABELS_CHANGED, what_labels, "labels",
	 LINE_NEEDS_ROOM, draft_labels, .texts = "labels", .operation = &operation_labels},
};

static json_t *labels_of_room(const struct core_room_view *room)
{
	json_t *list = json_array();
	struct span all = room->labels, label;
	while (labels_next(&all, &label))
		json_array_append_new(list, record_text_json_text(label.data, label.len));
	return list;
}

/* ---- from the tables --------------------------------------------------------------- */

static enum parlor_err rebuild_label(struct rebuild *r, const struct history_row *f)
{
	struct core_room_view room;
	const struct core_call call = rebuild_call(f);
	const struct core_labels_change change = {.add = &f->member, .add_len = 1};
	return core_labels_change(builder_core(r->builder), &call, f->room, &change, &room);
}

static const struct history_source history[] = {
	{HISTORY_HAS,
	 "room_label l JOIN room r ON r.ent_id = l.ent_id AND r.uuid = l.group_id",
	 {"r.updated_at", "l.ent_id", "l.group_id", "r.last_seq", "l.label"},
	 rebuild_label},
};

/* ---- against the tables ------------------------------------------------------------ */

static struct span labels_of(struct mysql_rooms *p)
{
	struct row_key key;
	struct span value;
	struct row_room row = {.labels = {NULL, 0}};
	row_key_room(&key, p->room->no);
	p->err = mysql_row(p, &key, &value);
	if (!p->err && !row_get_room(value, &row))
		p->err = PARLOR_E_STORE_CORRUPT;
	return p->err ? (struct span){NULL, 0} : row.labels;
}

static void check_label(struct mysql_rooms *p, const struct span *cells)
{
	if (!labels_have(labels_of(p), cells[1]))
		mysql_check_text(p, "room_label: a label that the room does not have",
				 (struct span){"", 0}, cells[1]);
}

static void end_labels(struct mysql_rooms *p)
{
	struct span all = labels_of(p), label;
	uint64_t n = 0;
	while (labels_next(&all, &label))
		n++;
	mysql_check_rows(p, "room_label: rows of the room", "", n);
}

static const struct mysql_table tables[] = {
	{"SELECT group_id, label FROM room_label WHERE group_id", check_label, end_labels},
};

const struct replay_noun replay_label = {
	NOUN_LIST(kinds),     NOUN_LIST(history),        NOUN_LIST(tables),
	.room_key = "labels", .of_room = labels_of_room,
};
