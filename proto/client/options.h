/* A client's options as the library keeps them: checked, defaults filled in,
 * texts owned. The members are not kept here but in the attached. */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include <parlor/client.h>

#define OPTIONS_ENDPOINT "tcp://127.0.0.1:5570"
#define OPTIONS_TENANT "default"
#define OPTIONS_CREDIT 4096
#define OPTIONS_PENDING 4096
#define OPTIONS_RETRY_MS_MIN 50
#define OPTIONS_RETRY_MS_MAX 5000

/* TEXT for a text that is not UTF-8, VALUE for keys that are not all three or
 * none, or times too large. On failure *to holds nothing. */
enum parlor_err options_copy(struct parlor_client_options *to,
			     const struct parlor_client_options *from) PARLOR_MUST_CHECK;
void options_fini(struct parlor_client_options *);

#endif
