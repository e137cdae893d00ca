/* Nouns as the tools know them, as data: each noun's file ends in its struct
 * replay_noun; nouns.c joins them. A kind of record is told in words, written as a
 * line of a recording, and carried out again from it. */
#ifndef NOUN_NOUN_H
#define NOUN_NOUN_H

#include "core/record.h"
#include "places.h"
#include "recording.h"

#include <jansson.h>
#include <parlor/parlor.pb-c.h>

/* What a line says before its kind adds to it. */
struct draft {
	const char *from;
	uint64_t seq;
	const char *role;
	const char *body;
	const char *type;
	json_t *more; /* keys of some kinds only */
};

enum line_needs {
	LINE_NEEDS_ROOM = 1,
	LINE_NEEDS_FROM = 2, /* somebody did it */
	LINE_NEEDS_SEQ = 4,
	LINE_NEEDS_CLIENT_ID = 8,
	LINE_NEEDS_ROW = 16, /* the fields of its kind's message, under "row" */
};

struct kind {
	enum record_kind_no record;
	Parlor__Event__KindCase event; /* that such a record has */
	/* "posted 5 by chen"; at most `size` bytes, cut where it is longer. Without an
	 * event where the kind has none. */
	void (*what)(char *text, size_t size, const Parlor__Event *, const struct record *);
	/* In a recording: its name there, NULL for one that is no line of it. */
	const char *type;
	unsigned needs;
	void (*draft)(struct draft *, const Parlor__Event *); /* NULL: adds nothing */
	const char *const *bodies;                            /* that it may have; NULL: any */
	const char *texts; /* key of a list of texts that it may have; NULL: none */
	/* Of its row, whatever it holds; NULL: it has none. */
	const ProtobufCFieldDescriptor *(*row)(const struct kind *, const json_t *row);
	/* That it comes to; NULL: workload.c knows, or it follows from others and is not
	 * asked for. Nor is a line for which the second one is false; NULL: all are. */
	const struct operation_kind *operation;
	bool (*is_asked)(const json_t *line);
};

struct core_room_view;
struct history_source;
struct mysql_table;

struct replay_noun {
	const struct kind *kinds;
	size_t kinds_len;
	const struct history_source *history; /* that the tables have of it: history.h */
	size_t history_len;
	const struct mysql_table *tables; /* that verify compares: verify_mysql_rooms.h */
	size_t tables_len;
	/* What a room has of it, a list of texts, as `at` shows and diff compares it under
	 * that key; NULL: nothing that they do not know. */
	const char *room_key;
	json_t *(*of_room)(const struct core_room_view *);
};
extern const struct replay_noun *const replay_nouns[]; /* ends in NULL */
#define NOUN_LIST(list) .list = (list), .list##_len = sizeof(list) / sizeof(list)[0]

/* For draft: no key where the text is empty. */
void draft_add_text(struct draft *, const char *key, const char *text);
/* Of a list that ends in NULL; "" beyond it. */
const char *kind_word(const char *const *words, int which);

/* The first of its record's; never NULL. */
const struct kind *kind_of_record(enum record_kind_no);
/* NULL: no line of a recording is called so. */
const struct kind *kind_of_type(const char *type);

/* What the room has of all nouns: their lists, by their keys. A new object. */
json_t *nouns_of_room(const struct core_room_view *);

#endif
