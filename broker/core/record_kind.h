/* Kinds of record as data: all that there is to know of a kind stands in one row
 * of its noun's table, and whoever handles records reads it there. */
#ifndef CORE_RECORD_KIND_H
#define CORE_RECORD_KIND_H

#include "core/record.h"
#include "core/topic.h"

#include "base/err.h"

struct core;

/* No column has a value of 0: a row that forgets one is found by a test. */
enum record_partition {
	PARTITION_BY_TOPIC = 1, /* those about one topic in order; about none: the first */
	PARTITION_NO,           /* not for MySQL */
};
enum record_moves {
	MOVES_NOBODY = 1,
	MOVES_IN,      /* record.member listens to what the record is about from here on */
	MOVES_OUT,     /* it does no more */
	MOVES_ALL_OUT, /* nobody does */
};

struct record_kind {
	enum record_kind_no no;
	const char *name;
	const struct field *fields; /* what is stored, in order; of struct record */
	enum parlor_err (*apply)(struct core *, const struct record *);
	enum topic_kind about; /* of which the record has the number */
	enum topic_kind heard; /* whose listeners are told */
	enum topic_kind also;  /* and whose besides; 0: nobody's */
	enum record_partition partition;
	enum record_moves moves;
	bool (*moves_if)(const struct record *); /* NULL: each one does */
	size_t counts;                           /* where its record_counts are; 0: it has none */
};

#define RECORD_FIELD(member) FIELD(struct record, member)
#define RECORD_FIELD_OF_HASH(member) FIELD_OF_HASH(struct record, member)
#define RECORD_COUNTS(member) offsetof(struct record, member)

/* About a room, told to who listens to that. */
#define RECORD_OF_ROOM .about = TOPIC_ROOM, .heard = TOPIC_ROOM, .partition = PARTITION_BY_TOPIC

/* The kinds of one noun, in order of their numbers and without a gap. */
struct record_noun {
	const struct record_kind *kinds;
	size_t len;
};
#define RECORD_NOUN(table)                                \
	{                                                 \
		(table), sizeof(table) / sizeof(table)[0] \
	}

#endif
