/* The fields of a struct as data, and the loops that write them to bytes and
 * read them back. Owns the form of each type of field; knows no struct. */
#ifndef ENGINE_FIELD_H
#define ENGINE_FIELD_H

#include "base/buf.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

enum field_type {
	FIELD_LAST, /* ends a list of fields */
	FIELD_VARINT,
	FIELD_U32, /* likewise */
	FIELD_U64, /* eight bytes: a hash would only grow as a varint */
	FIELD_HASH128,
	FIELD_U8,
	FIELD_BOOL,
	FIELD_TEXT, /* from here on of any length */
	FIELD_NUMBERS,
};

/* A short list of numbers, as it is encoded: varints, one behind the other. */
struct number_list {
	struct span bytes;
	size_t len; /* numbers */
};
#define NUMBERS_MAX 64

struct field {
	uint16_t at;
	uint8_t type;
};

/* One field of the struct; its type is what the compiler says. */
#define FIELD(type, member)                                                       \
	{                                                                         \
		offsetof(type, member), _Generic(((type *)0)->member, uint64_t    \
						 : FIELD_VARINT, uint32_t         \
						 : FIELD_U32, struct hash128      \
						 : FIELD_HASH128, uint8_t         \
						 : FIELD_U8, bool                 \
						 : FIELD_BOOL, struct span        \
						 : FIELD_TEXT, struct number_list \
						 : FIELD_NUMBERS)                 \
	}
#define FIELD_OF_HASH(type, member)                                                         \
	{                                                                                   \
		offsetof(type, member), _Generic(((type *)0)->member, uint64_t : FIELD_U64) \
	}
#define FIELDS_END            \
	{                     \
		0, FIELD_LAST \
	}
#define FIELDS(...)                     \
	(const struct field[])          \
	{                               \
		__VA_ARGS__, FIELDS_END \
	}

void fields_encode(struct buf *, const struct field *, const void *from);
/* Texts and numbers borrow from the bytes. What cannot be leaves reader.bad. */
void fields_decode(struct reader *, const struct field *, void *to);
/* The same of bytes that hold them and no more; false when they do not. */
bool fields_decode_whole(struct span, const struct field *, void *to);

#endif
