/* Labels of rooms: short texts that rooms are sorted and searched by. Changing them,
 * and the one form in which they are stored. */
#ifndef CORE_LABEL_H
#define CORE_LABEL_H

#include "core/room.h"

#define LABELS_MAX 16      /* of a room */
#define LABEL_BYTES_MAX 64 /* of one */
/* All labels of a room: one behind the other in the order of their bytes, each with
 * a NUL, which no text holds; none twice. */
#define LABELS_BYTES_MAX (LABELS_MAX * (LABEL_BYTES_MAX + 1))

struct core_labels_change {
	bool clear; /* first all go; then those, then these come */
	const struct span *remove, *add;
	size_t remove_len, add_len;
};
/* What is so already is no change. TOO_MANY: for a room; EMPTY, TOO_LONG: one of them. */
enum parlor_err core_labels_change(struct core *, const struct core_call *, struct span room,
				   const struct core_labels_change *,
				   struct core_room_view *) PARLOR_MUST_CHECK;

/* The first of them, which is taken off; false when there is none. */
bool labels_next(struct span *labels, struct span *label);
bool labels_have(struct span labels, struct span label);
/* EMPTY or TOO_LONG. */
enum parlor_err labels_check(struct span label) PARLOR_MUST_CHECK;

#endif
