#include "api/form.h"

#include "event/form.h"

#include <assert.h>
#include <string.h>

static const void *at_of(const ProtobufCMessage *m, size_t i)
{
	return (const char *)m + m->descriptor->fields[i].offset;
}

/* Values of enums are never below 0 where they mean something. */
static enum parlor_err number_of(const ProtobufCMessage *m, size_t i, uint64_t *number)
{
	const void *at = at_of(m, i);
	switch (m->descriptor->fields[i].type) {
	case PROTOBUF_C_TYPE_BOOL:
		*number = *(const protobuf_c_boolean *)at != 0;
		return PARLOR_E_OK;
	case PROTOBUF_C_TYPE_UINT32:
		*number = *(const uint32_t *)at;
		return PARLOR_E_OK;
	case PROTOBUF_C_TYPE_UINT64:
		*number = *(const uint64_t *)at;
		return PARLOR_E_OK;
	default:
		assert(m->descriptor->fields[i].type == PROTOBUF_C_TYPE_ENUM);
		*number = (uint64_t) * (const int *)at;
		return *(const int *)at < 0 ? PARLOR_E_VALUE : PARLOR_E_OK;
	}
}

static enum parlor_err set_number(const struct field *f, void *is, uint64_t number)
{
	void *at = (char *)is + f->at;
	uint64_t most = UINT64_MAX;
	switch ((enum field_type)f->type) {
	case FIELD_VARINT:
		*(uint64_t *)at = number;
		break;
	case FIELD_U32:
		most = UINT32_MAX;
		*(uint32_t *)at = (uint32_t)number;
		break;
	case FIELD_U8:
		most = UINT8_MAX;
		*(uint8_t *)at = (uint8_t)number;
		break;
	default:
		assert(f->type == FIELD_BOOL);
		*(bool *)at = number != 0;
	}
	return number > most ? PARLOR_E_VALUE : PARLOR_E_OK;
}

enum parlor_err form_read(const ProtobufCMessage *m, const struct field *f, void *is)
{
	enum parlor_err err = PARLOR_E_OK;
	for (size_t i = 0; !err && f->type != FIELD_LAST; f++, i++) {
		uint64_t number;
		assert(i < m->descriptor->n_fields);
		if (f->type == FIELD_TEXT) {
			const char *text = *(char *const *)at_of(m, i);
			*(struct span *)(void *)((char *)is + f->at) = SPAN_TEXT(text);
			continue;
		}
		err = number_of(m, i, &number);
		if (!err)
			err = set_number(f, is, number);
	}
	return err;
}

static void put_number(ProtobufCMessage *m, size_t i, uint64_t number)
{
	void *at = (char *)m + m->descriptor->fields[i].offset;
	switch (m->descriptor->fields[i].type) {
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)at = number != 0;
		break;
	case PROTOBUF_C_TYPE_UINT32:
		*(uint32_t *)at = (uint32_t)number;
		break;
	case PROTOBUF_C_TYPE_UINT64:
		*(uint64_t *)at = number;
		break;
	default:
		*(int *)at = (int)number;
	}
}

enum parlor_err form_fill(struct request *r, ProtobufCMessage *m, const struct field *f,
			  const void *is)
{
	for (size_t i = 0; f->type != FIELD_LAST; f++, i++) {
		if (f->type != FIELD_TEXT) {
			put_number(m, i, event_form_number(f, is));
			continue;
		}
		char *text = request_text(
			r, *(const struct span *)(const void *)((const char *)is + f->at));
		if (!text)
			return PARLOR_E_NO_MEMORY;
		memcpy((char *)m + m->descriptor->fields[i].offset, &text, sizeof text);
	}
	return PARLOR_E_OK;
}

ProtobufCMessage *form_show(struct request *r, const ProtobufCMessageDescriptor *of,
			    const struct field *f, const void *is)
{
	ProtobufCMessage *m = request_memory(r, of->sizeof_message);
	if (!m)
		return NULL;
	protobuf_c_message_init(of, m);
	return form_fill(r, m, f, is) ? NULL : m;
}
