#include "base/mem.h"
#include "db/pick.h"
#include "db/rows.h"
#include "noun.h"

#include <stdlib.h>

/* All that a room has after the last of these records. */
struct fold_labels {
	const struct fold_room *room;
	const Parlor__LabelsChanged *labels;
	UT_hash_handle hh; /* key: room */
};
struct fold_labelled {
	struct fold_labels *rooms;
};

static void add_labels(struct fold *fold, void *state, const Parlor__SyncRecord *r)
{
	struct fold_labelled *all = state;
	const struct fold_room *room = fold_room(fold, r);
	struct fold_labels *labels;
	HASH_FIND(hh, all->rooms, &room, sizeof(room), labels);
	if (!labels) {
		labels = mem_new(sizeof *labels);
		labels->room = room;
		HASH_ADD(hh, all->rooms, room, sizeof(room), labels);
	}
	labels->labels = r->event->labels_changed;
}

static enum parlor_err delete_all(struct db *db, const struct fold_labelled *all)
{
	static const struct pick_columns columns = {"ent_id", "group_id", NULL};
	struct picks rooms = {0};
	for (const struct fold_labels *l = all->rooms; l; l = l->hh.next)
		picks_add(&rooms, (struct pick){.tenant = l->room->tenant, .room = l->room->room});
	enum parlor_err err = picks_run(&rooms, db, "DELETE FROM room_label", &columns);
	picks_fini(&rooms);
	return err;
}

static enum parlor_err labels_write(struct db *db, const struct fold *fold, void *state,
				    const struct mark *mark)
{
	const struct fold_labelled *all = state;
	struct rows rows;
	(void)fold;
	(void)mark;
	enum parlor_err err = delete_all(db, all);
	if (err)
		return err;
	rows_init(&rows, db, "INSERT INTO room_label (ent_id, group_id, label) VALUES ",
		  "(?, ?, ?)", "");
	for (const struct fold_labels *l = all->rooms; l; l = l->hh.next)
		for (size_t i = 0; i < l->labels->n_labels; i++)
			rows_add(&rows, sql_t(l->room->tenant), sql_t(l->room->room),
				 sql_t(l->labels->labels[i]));
	return rows_finish(&rows);
}

static void labels_free(void *state)
{
	struct fold_labelled *all = state;
	MEM_FREE_TABLE(all->rooms);
}

static const struct fold_kind kinds[] = {
	{PARLOR__RECORD_KIND__RECORD_ROOM_LABELS, PARLOR__EVENT__KIND_LABELS_CHANGED, add_labels},
};
static const struct table tables[] = {{.name = "room_label",
				       .migration = 3,
				       .key = {"ent_id", "group_id", "label"},
				       .of_room = true}};
const struct noun label_noun = {
	NOUN_LIST(tables),     NOUN_LIST(kinds),    .state_bytes = sizeof(struct fold_labelled),
	.write = labels_write, .free = labels_free,
};
