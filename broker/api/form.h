/* Messages as structs whose fields are data, and back: field k of the message is field k of
 * the list. Owns that rule for requests and replies; knows no struct. */
#ifndef API_FORM_H
#define API_FORM_H

#include "api/request.h"

/* VALUE: a number that the struct's field cannot hold. Texts are borrowed. */
enum parlor_err form_read(const ProtobufCMessage *, const struct field *,
			  void *is) PARLOR_MUST_CHECK;
/* Into a message of that type, in the reply's memory; NULL: there is none left. */
ProtobufCMessage *form_show(struct request *, const ProtobufCMessageDescriptor *,
			    const struct field *, const void *is);
/* The same into one that is there. */
enum parlor_err form_fill(struct request *, ProtobufCMessage *, const struct field *,
			  const void *is) PARLOR_MUST_CHECK;

#endif
