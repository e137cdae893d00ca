#include "json.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#define WORD_MAX 32

const char *enum_word(const ProtobufCEnumDescriptor *kind, int value)
{
	static char word[WORD_MAX];
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(kind, value);
	const char *name;
	size_t n;

	if (!v)
		return NULL;
	name = strchr(v->name, '_') ? strchr(v->name, '_') + 1 : v->name;
	for (n = 0; name[n] && n < WORD_MAX - 1; n++)
		word[n] = (char)tolower((unsigned char)name[n]);
	word[n] = '\0';
	return word;
}

bool enum_parse(const ProtobufCEnumDescriptor *kind, const char *word, int *value)
{
	for (unsigned i = 0; i < kind->n_values; i++) {
		const char *name = enum_word(kind, kind->values[i].value);

		if (!name || strcmp(name, word) != 0)
			continue;
		*value = kind->values[i].value;
		return *value != 0 || strcmp(name, "none") != 0;
	}
	return false;
}

static json_t *object_of(const ProtobufCMessage *);

static json_t *value_of(const ProtobufCFieldDescriptor *field, const void *at)
{
	const char *text;

	switch (field->type) {
	case PROTOBUF_C_TYPE_UINT32:
		return json_integer(*(const uint32_t *)at);
	case PROTOBUF_C_TYPE_UINT64:
		return json_integer((json_int_t) * (const uint64_t *)at);
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)at);
	case PROTOBUF_C_TYPE_ENUM:
		text = enum_word(field->descriptor, *(const int *)at);
		return text ? json_string(text) : json_integer(*(const int *)at);
	case PROTOBUF_C_TYPE_STRING:
		text = *(char *const *)at;
		return json_string(text ? text : "");
	case PROTOBUF_C_TYPE_MESSAGE:
		return object_of(*(ProtobufCMessage *const *)at);
	default:
		return json_null(); /* the grammar has no other types */
	}
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_UINT64:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	default:
		return sizeof(uint32_t);
	}
}

static json_t *array_of(const ProtobufCFieldDescriptor *field, const char *message)
{
	size_t n = *(const size_t *)(const void *)(message + field->quantifier_offset);
	const char *items = *(char *const *)(const void *)(message + field->offset);
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, value_of(field, items + i * size_of(field)));
	return array;
}

static bool is_absent(const ProtobufCFieldDescriptor *field, const char *message)
{
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)(const void *)(message + field->quantifier_offset) !=
		       field->id;
	return field->type == PROTOBUF_C_TYPE_MESSAGE &&
	       !*(void *const *)(const void *)(message + field->offset);
}

static json_t *object_of(const ProtobufCMessage *message)
{
	const char *at = (const char *)message;
	json_t *object = json_object();

	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];

		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			json_object_set_new(object, field->name, array_of(field, at));
		else if (!is_absent(field, at))
			json_object_set_new(object, field->name,
					    value_of(field, at + field->offset));
	}
	return object;
}

void json_line(FILE *out, const ProtobufCMessage *message)
{
	json_t *object = object_of(message);

	json_dumpf(object, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(object);
}
