#include "noun/noun.h"

#include <assert.h>
#include <string.h>

/* One line a noun: its struct stands at the end of its file. Tables are compared in this
 * order; what one knows of another's row stands behind it. */
#define NOUNS(NOUN)        \
	NOUN(room)         \
	NOUN(label)        \
	NOUN(membership)   \
	NOUN(reading)      \
	NOUN(message)      \
	NOUN(presence)     \
	NOUN(run)          \
	NOUN(desk)         \
	NOUN(conversation) \
	NOUN(number)

#define DECLARED(noun) extern const struct replay_noun replay_##noun;
NOUNS(DECLARED)
#define LISTED(noun) &replay_##noun,
const struct replay_noun *const replay_nouns[] = {NOUNS(LISTED) NULL};

const struct kind *kind_of_record(enum record_kind_no record)
{
	for (const struct replay_noun *const *noun = replay_nouns; *noun; noun++)
		for (size_t i = 0; i < (*noun)->kinds_len; i++)
			if ((*noun)->kinds[i].record == record)
				return &(*noun)->kinds[i];
	assert(!"a record of a kind that no noun has");
	return NULL;
}

const struct kind *kind_of_type(const char *type)
{
	for (const struct replay_noun *const *noun = replay_nouns; *noun; noun++)
		for (size_t i = 0; i < (*noun)->kinds_len; i++)
			if ((*noun)->kinds[i].type && strcmp((*noun)->kinds[i].type, type) == 0)
				return &(*noun)->kinds[i];
	return NULL;
}

json_t *nouns_of_room(const struct core_room_view *room)
{
	json_t *lists = json_object();
	for (const struct replay_noun *const *noun = replay_nouns; *noun; noun++)
		if ((*noun)->of_room)
			json_object_set_new(lists, (*noun)->room_key, (*noun)->of_room(room));
	return lists;
}

void draft_add_text(struct draft *d, const char *key, const char *text)
{
	if (text[0])
		json_object_set_new(d->more, key, json_string(text));
}

const char *kind_word(const char *const *words, int which)
{
	for (; *words && which > 0; which--)
		words++;
	return *words && which == 0 ? *words : "";
}
