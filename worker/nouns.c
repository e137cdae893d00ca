#include "nouns.h"

#include "base/mem.h"

#include <stdlib.h>

/* One line a noun: its struct stands at the end of its file. They are written in this
 * order; what one reads of another's rows stands behind it. */
#define NOUNS(NOUN)             \
	NOUN(room)              \
	NOUN(label)             \
	NOUN(message)           \
	NOUN(membership)        \
	NOUN(profile)           \
	NOUN(presence)          \
	NOUN(mark)              \
	NOUN(quarantine)        \
	NOUN(desk_config)       \
	NOUN(desk_party)        \
	NOUN(desk_conversation) \
	NOUN(desk_served)       \
	NOUN(seed_view)

#define DECLARED(name) extern const struct noun name##_noun;
NOUNS(DECLARED)
#define LISTED(name) &name##_noun,
static const struct noun *const nouns[] = {NOUNS(LISTED)};
#define NOUNS_LEN (sizeof nouns / sizeof nouns[0])

_Static_assert(NOUNS_LEN <= FOLD_NOUNS_MAX, "a fold has a state for each");

static void *state_of(struct fold *fold, size_t i)
{
	if (!fold->states[i] && nouns[i]->state_bytes)
		fold->states[i] = mem_new(nouns[i]->state_bytes);
	return fold->states[i];
}

bool fold_add(struct fold *fold, const Parlor__SyncRecord *r)
{
	bool known = false;
	for (size_t i = 0; r->event && i < NOUNS_LEN; i++) {
		for (size_t k = 0; k < nouns[i]->kinds_len; k++) {
			const struct fold_kind *kind = &nouns[i]->kinds[k];
			if (kind->kind != r->kind)
				continue;
			if (kind->event != r->event->kind_case)
				return false;
			kind->add(fold, state_of(fold, i), r);
			known = true;
		}
	}
	return known;
}

void *fold_state(const struct fold *fold, const struct noun *noun)
{
	for (size_t i = 0; i < NOUNS_LEN; i++)
		if (nouns[i] == noun)
			return fold->states[i];
	return NULL;
}

void fold_fini(struct fold *fold)
{
	for (size_t i = 0; i < NOUNS_LEN; i++) {
		if (fold->states[i])
			nouns[i]->free(fold->states[i]);
		free(fold->states[i]);
	}
	fold_rooms_free(fold);
	buf_fini(&fold->key);
	*fold = (struct fold){0};
}

enum parlor_err fold_write(struct db *db, struct fold *fold, const struct mark *mark)
{
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && i < NOUNS_LEN; i++)
		if (nouns[i]->write && (fold->states[i] || !nouns[i]->state_bytes))
			err = nouns[i]->write(db, fold, fold->states[i], mark);
	return err;
}

const struct table *table_at(size_t n)
{
	for (size_t i = 0; i < NOUNS_LEN; i++) {
		if (n < nouns[i]->tables_len)
			return &nouns[i]->tables[n];
		n -= nouns[i]->tables_len;
	}
	return NULL;
}
