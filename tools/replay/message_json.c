#include "message_json.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>

/* ---- to JSON ---------------------------------------------------------------------- */

/* NULL: it says nothing. */
static json_t *number(uint64_t value)
{
	return value ? json_integer((json_int_t)value) : NULL;
}

static json_t *word(const ProtobufCEnumDescriptor *words, int value)
{
	const ProtobufCEnumValue *of = protobuf_c_enum_descriptor_get_value(words, value);
	if (!value)
		return NULL;
	return of ? json_string(of->name) : json_integer(value);
}

static json_t *object(const ProtobufCMessage *message, uint32_t below)
{
	return message ? message_to_json(message, below) : NULL;
}

static json_t *value_of(const ProtobufCFieldDescriptor *f, const void *at, uint32_t below)
{
	const char *text;
	switch (f->type) {
	case PROTOBUF_C_TYPE_UINT32:
		return number(*(const uint32_t *)at);
	case PROTOBUF_C_TYPE_UINT64:
		return number(*(const uint64_t *)at);
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)at ? json_true() : NULL;
	case PROTOBUF_C_TYPE_ENUM:
		return word(f->descriptor, *(const int *)at);
	case PROTOBUF_C_TYPE_STRING:
		text = *(char *const *)at;
		return text && text[0] ? json_string(text) : NULL;
	case PROTOBUF_C_TYPE_MESSAGE:
		return object(*(ProtobufCMessage *const *)at, below);
	default:
		return NULL; /* a desk's messages have no other types */
	}
}

json_t *message_to_json(const ProtobufCMessage *message, uint32_t below)
{
	const ProtobufCMessageDescriptor *d = message->descriptor;
	json_t *to = json_object();
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		json_t *value = f->id < below
					? value_of(f, (const char *)message + f->offset, below)
					: NULL;
		if (value)
			json_object_set_new(to, f->name, value);
	}
	return to;
}

/* ---- and back --------------------------------------------------------------------- */

static bool take_word(const ProtobufCEnumDescriptor *words, const json_t *value, int *to)
{
	const char *text = json_string_value(value);
	const ProtobufCEnumValue *of =
		text ? protobuf_c_enum_descriptor_get_value_by_name(words, text) : NULL;
	if (of)
		*to = of->value;
	return of != NULL;
}

static bool take(const ProtobufCFieldDescriptor *f, const json_t *value, void *to)
{
	uint64_t n = (uint64_t)json_integer_value(value);
	switch (f->type) {
	case PROTOBUF_C_TYPE_UINT32:
		*(uint32_t *)to = (uint32_t)n;
		return json_is_integer(value) && n <= UINT32_MAX;
	case PROTOBUF_C_TYPE_UINT64:
		*(uint64_t *)to = n;
		return json_is_integer(value);
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)to = json_is_true(value);
		return json_is_boolean(value);
	case PROTOBUF_C_TYPE_ENUM:
		return take_word(f->descriptor, value, to);
	case PROTOBUF_C_TYPE_STRING:
		/* protobuf-c has no const. */
		*(char **)to = (char *)(uintptr_t)json_string_value(value);
		return json_is_string(value);
	default:
		return false;
	}
}

ProtobufCMessage *message_of_json(const ProtobufCMessageDescriptor *d, const json_t *from)
{
	ProtobufCMessage *message = mem_new(d->sizeof_message);
	const char *key;
	json_t *value;
	bool good = json_is_object(from);
	d->message_init(message);
	json_object_foreach((json_t *)(uintptr_t)from, key, value)
	{
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field_by_name(d, key);
		good = good && f && take(f, value, (char *)message + f->offset);
	}
	if (good)
		return message;
	free(message);
	return NULL;
}
