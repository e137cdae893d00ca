/* Messages of the protocol as JSON, and back: a loop over their descriptors. Owns how each
 * type of field is written; knows no message. */
#ifndef MESSAGE_JSON_H
#define MESSAGE_JSON_H

#include <jansson.h>
#include <parlor/parlor.pb-c.h>

/* A new object, by the names of fields: those that say something and have a number below
 * this one. */
json_t *message_to_json(const ProtobufCMessage *, uint32_t below);
/* A new message, to be freed by free(); its texts borrow from the object. Plain fields
 * only. NULL: some key is no field of it, or of another type. */
ProtobufCMessage *message_of_json(const ProtobufCMessageDescriptor *, const json_t *);

#endif
