#include "kind/kind.h"

#include <stdio.h>

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

static const struct kind kinds[] = {
	{RECORD_ROOM_LABELS, PARLOR__EVENT__KIND_LABELS_CHANGED, what_labels, "labels",
	 RECORDING_LABELS, LINE_NEEDS_ROOM, draft_labels, NULL},
};
const struct kind_noun label_kinds = KIND_NOUN(kinds);
