/* Labels, as the oracle knows them and as they are changed. There are only so many
 * words here, so that what a room has is a set of bits. */
#include "core/label.h"
#include "moves.h"
#include "oracle_parts.h"
#include "pick.h"

#include <string.h>

/* In the order of their bytes: the first 17 are more than a room may have. */
static const char *const words[] = {"a", "aa", "ab", "b", "bill", "c",           "d",
				    "e", "f",  "g",  "h", "i",    "j",           "k",
				    "l", "m",  "n",  "o", "vip",  "\xe5\xae\xa2"};
#define WORDS_LEN (sizeof words / sizeof words[0])

static uint32_t bit_of(struct span label)
{
	for (size_t i = 0; i < WORDS_LEN; i++)
		if (o_same(label, SPAN_TEXT(words[i])))
			return UINT32_C(1) << i;
	return 0;
}

bool o_labelled(const struct o_room *r, struct span label)
{
	return r->labels & bit_of(label);
}

static void write_text(struct o_room *r)
{
	r->labels_text_len = 0;
	for (size_t i = 0; i < WORDS_LEN; i++) {
		if (!(r->labels >> i & 1))
			continue;
		size_t len = strlen(words[i]) + 1;
		memcpy(r->labels_text + r->labels_text_len, words[i], len);
		r->labels_text_len += len;
	}
}

static enum parlor_err bits_of(const struct span *labels, size_t n, uint32_t *bits)
{
	*bits = 0;
	if (n > LABELS_MAX)
		return PARLOR_E_TOO_MANY;
	for (size_t i = 0; i < n; i++) {
		if (labels[i].len == 0)
			return PARLOR_E_EMPTY;
		if (labels[i].len > LABEL_BYTES_MAX)
			return PARLOR_E_TOO_LONG;
		*bits |= bit_of(labels[i]);
	}
	return PARLOR_E_OK;
}

static enum parlor_err oracle_labels(struct oracle *o, const struct core_call *call, struct span id,
				     const struct core_labels_change *q,
				     struct core_room_view *view)
{
	uint32_t add, remove;
	int room;
	o_clock(o, call);
	enum parlor_err err = bits_of(q->add, q->add_len, &add);
	if (!err)
		err = bits_of(q->remove, q->remove_len, &remove);
	if (!err)
		err = o_find_living(o, call, id, &room);
	if (err)
		return err;
	struct o_room *r = &o->rooms[room];
	uint32_t labels = ((q->clear ? 0 : r->labels) & ~remove) | add;
	if (__builtin_popcount(labels) > LABELS_MAX)
		return PARLOR_E_TOO_MANY;
	bool same = labels == r->labels;
	r->labels = labels;
	write_text(r);
	if (!same)
		o_emit(o);
	o_view(o, room, view);
	view->position = same ? 0 : o->position;
	return PARLOR_E_OK;
}

struct span pick_label(struct world *w)
{
	static const char long_text[LABEL_BYTES_MAX + 2] =
		"0123456789012345678901234567890123456789012345678901234567890123x";
	if (world_chance(w, 1))
		return world_chance(w, 50) ? (struct span){NULL, 0}
					   : (struct span){long_text, LABEL_BYTES_MAX + 1};
	const char *word = words[world_below(w, WORDS_LEN)];
	return SPAN_TEXT(word);
}

static size_t pick_labels(struct world *w, struct span labels[LABELS_MAX + 1])
{
	size_t n = world_chance(w, 5) ? LABELS_MAX + world_below(w, 2) : world_below(w, 4);
	for (size_t i = 0; i < n; i++)
		labels[i] = pick_label(w);
	return n;
}

void move_labels(struct world *w)
{
	struct span add[LABELS_MAX + 1], remove[LABELS_MAX + 1];
	struct core_room_view core = {.no = 0}, oracle = {.no = 0};
	struct span room = pick_room(w);
	struct core_labels_change q = {.clear = world_chance(w, 10), .add = add, .remove = remove};
	q.add_len = pick_labels(w, add);
	q.remove_len = world_chance(w, 60) ? 0 : pick_labels(w, remove);
	enum parlor_err got = core_labels_change(w->core, &w->call, room, &q, &core);
	enum parlor_err want = oracle_labels(&w->now, &w->call, room, &q, &oracle);
	move_told(w, got, want, "labels of %.*s: %zu come, %zu go", WORDS(room), q.add_len,
		  q.remove_len);
	if (!got)
		move_same_view(w, &core, &oracle);
}
