#include "core/kinds.h"

#include "core/label.h"
#include "core/partition.h"

#include <assert.h>

/* One line a noun: its table stands at the end of its file. */
#define NOUNS(NOUN)        \
	NOUN(message)      \
	NOUN(reading)      \
	NOUN(membership)   \
	NOUN(presence)     \
	NOUN(room)         \
	NOUN(member)       \
	NOUN(tenant)       \
	NOUN(run)          \
	NOUN(label)        \
	NOUN(desk_clock)   \
	NOUN(config)       \
	NOUN(duty)         \
	NOUN(conversation) \
	NOUN(business)

#define DECLARED(noun) extern const struct record_noun noun##_records;
NOUNS(DECLARED)
#define LISTED(noun) &noun##_records,
static const struct record_noun *const nouns[] = {NOUNS(LISTED)};
#define COUNT (sizeof nouns / sizeof nouns[0])

_Static_assert(RECORD_KIND_MAX <= UINT8_MAX, "a kind is stored in a byte");
_Static_assert(sizeof(struct record) <= 512, "a record is zeroed for each post");
_Static_assert(sizeof(struct record) <= UINT16_MAX, "field.at holds every place in it");
_Static_assert(NUMBERS_MAX *BUF_VARINT_MAX + 256 <= RECORD_HEAD_MAX, "mentions fit in a head");
_Static_assert(LABELS_BYTES_MAX + 256 <= RECORD_HEAD_MAX, "labels fit in a head");

const struct record_kind *record_kind(unsigned no)
{
	for (size_t i = 0; i < COUNT; i++) {
		size_t at = (size_t)no - nouns[i]->kinds[0].no;
		if (at < nouns[i]->len)
			return &nouns[i]->kinds[at];
	}
	return NULL;
}

static const struct record_kind *kind_of(const struct record *r)
{
	const struct record_kind *kind = record_kind(r->kind);
	assert(kind);
	return kind;
}

void record_encode(struct buf *b, const struct record *r)
{
	size_t before = b->len;
	buf_put_u8(b, (uint8_t)r->kind);
	buf_put_varint(b, r->position);
	buf_put_varint(b, r->time_us);
	buf_put_varint(b, r->tenant);
	fields_encode(b, kind_of(r)->fields, r);
	assert(b->len - before <= RECORD_HEAD_MAX);
}

enum parlor_err record_decode(struct record *r, const void *bytes, size_t len)
{
	struct reader in;
	reader_init(&in, bytes, len);
	memset(r, 0, sizeof *r);

	const struct record_kind *kind = record_kind(reader_u8(&in));
	if (!kind)
		return PARLOR_E_STORE_CORRUPT;
	r->kind = kind->no;
	r->position = reader_varint(&in);
	r->time_us = reader_varint(&in);
	r->tenant = (uint32_t)reader_varint(&in);
	fields_decode(&in, kind->fields, r);
	return in.bad || reader_left(&in) != 0 ? PARLOR_E_STORE_CORRUPT : PARLOR_E_OK;
}

static struct topic topic_of(const struct record *r, enum topic_kind kind)
{
	switch (kind) {
	case TOPIC_ROOM:
		return topic_room(r->room);
	case TOPIC_MEMBER:
		return topic_member(r->member);
	case TOPIC_TENANT:
		return topic_tenant(r->tenant);
	case TOPIC_TEAM:
		return topic_team(r->conversation.team);
	case TOPIC_NONE:
		break;
	}
	return (struct topic){.kind = TOPIC_NONE};
}

struct topic record_topic(const struct record *r)
{
	return topic_of(r, kind_of(r)->about);
}

struct topic record_heard(const struct record *r)
{
	return topic_of(r, kind_of(r)->heard);
}

struct topic record_also(const struct record *r)
{
	const struct record_kind *kind = kind_of(r);
	return kind->also ? topic_of(r, kind->also) : (struct topic){.kind = TOPIC_NONE};
}

uint8_t record_partition(const struct record *r, uint32_t partitions)
{
	const struct record_kind *kind = kind_of(r);
	if (kind->partition == PARTITION_NO)
		return PARTITION_NONE;
	return partition_of(topic_of(r, kind->about), partitions);
}

enum record_moves record_moves(const struct record *r)
{
	const struct record_kind *kind = kind_of(r);
	return kind->moves_if && !kind->moves_if(r) ? MOVES_NOBODY : kind->moves;
}

const struct record_counts *record_counts(const struct record *r)
{
	size_t at = kind_of(r)->counts;
	return at ? (const struct record_counts *)(const void *)((const char *)r + at) : NULL;
}
