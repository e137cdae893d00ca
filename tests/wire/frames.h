/* One fixed frame of each kind that the wire tests share: small, with text of
 * several scripts. Owns the messages' content; knows no test. */
#ifndef TEST_FRAMES_H
#define TEST_FRAMES_H

#include "base/buf.h"

#include <protobuf-c/protobuf-c.h>

struct frame {
	const char *name;
	const ProtobufCMessageDescriptor *descriptor;
	void (*put)(struct buf *); /* appends the encoding */
};

/* Ends with a name of NULL. */
extern const struct frame frames[];

#endif
