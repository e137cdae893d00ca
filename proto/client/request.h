/* A request on its way out: numbered, encoded, checked. What must not happen
 * twice when it is sent again, and names nothing the broker could know it by,
 * is given a name here: a post its client id, a new room its id. */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include "base/buf.h"

#include <parlor/error.h>
#include <parlor/parlor.pb-c.h>

/* Appends it as a field of ToBroker. Leaves the request as it was but for its
 * id. TEXT or FRAME when the broker would not read it, IO when no name could be
 * made; then nothing is appended. */
enum parlor_err request_put(struct buf *, Parlor__Request *, uint64_t id) PARLOR_MUST_CHECK;

#endif
