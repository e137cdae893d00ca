#include "event/form.h"

#include "event/kind.h"

#include <assert.h>

/* Memory for one is asked for once. */
#define FORM_BYTES_USUAL 512

uint64_t event_form_number(const struct field *f, const void *is)
{
	const void *at = (const char *)is + f->at;
	switch ((enum field_type)f->type) {
	case FIELD_VARINT:
		return *(const uint64_t *)at;
	case FIELD_U32:
		return *(const uint32_t *)at;
	case FIELD_U8:
		return *(const uint8_t *)at;
	case FIELD_BOOL:
		return *(const bool *)at;
	case FIELD_TEXT:
		return ((const struct span *)at)->len;
	default:
		assert(!"no message has a field of that type");
		return 0;
	}
}

void event_put_form(struct buf *b, const ProtobufCMessageDescriptor *of, const struct field *f,
		    const void *is)
{
	for (size_t i = 0; f->type != FIELD_LAST; f++, i++) {
		assert(i < of->n_fields);
		if (f->type == FIELD_TEXT)
			event_put_text(
				b, of->fields[i].id,
				*(const struct span *)(const void *)((const char *)is + f->at));
		else
			wire_put_varint_field(b, of->fields[i].id, event_form_number(f, is));
	}
}

void event_put_form_in(struct buf *b, uint32_t field, const ProtobufCMessageDescriptor *of,
		       const struct field *f, const void *is)
{
	struct buf inner = {0};
	if (!is)
		return;
	(void)buf_reserve(&inner, FORM_BYTES_USUAL);
	event_put_form(&inner, of, f, is);
	wire_put_bytes_field(b, field, buf_span(&inner));
	buf_fini(&inner);
}
