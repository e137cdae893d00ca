/* Structs whose fields are data, as messages: field k of the list is field k of the
 * message. Owns that rule; knows no struct. */
#ifndef EVENT_FORM_H
#define EVENT_FORM_H

#include "core/engine/field.h"

#include <protobuf-c/protobuf-c.h>

/* Appends the encoded message; fields that are 0 or empty are omitted. */
void event_put_form(struct buf *, const ProtobufCMessageDescriptor *, const struct field *,
		    const void *is);
/* The same as a field of another message; NULL: nothing. */
void event_put_form_in(struct buf *, uint32_t field, const ProtobufCMessageDescriptor *,
		       const struct field *, const void *is);

/* The number in such a field; of a text its length. */
uint64_t event_form_number(const struct field *, const void *is);

#endif
