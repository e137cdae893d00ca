/* Who may connect and which tenant a key opens. Owns the keys file's content
 * and the ZAP socket that libzmq asks on (served from the loop, no thread).
 * Without a keys file there is no check, and front.h binds loopback only.
 *
 * Keys file, readable by its owner only; a line that begins with '#' is a comment:
 *     server SECRET            the broker's own CURVE key, Z85
 *     tenant ID PUBLIC         clients with this key may name this tenant;
 *                              ID * is any; a key may stand in several lines
 *     worker PUBLIC            workers with this key may connect */
#ifndef FRONT_AUTH_H
#define FRONT_AUTH_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define AUTH_KEYS_MAX 4096 /* lines of the file that name a key */
#define AUTH_KEY_TEXT 40   /* bytes of a CURVE key in Z85 */
#define AUTH_TENANT_MAX 64 /* bytes of a tenant's id */

struct auth;

enum auth_role { AUTH_CLIENT, AUTH_WORKER };

/* path NULL or empty: no keys. Open before any socket is bound. handshakes: how many
 * connections a key may make in a second; unknown keys together count as one. PARLOR_E_CONFIG
 * with one line in `why` (of at least 256 bytes), never with a key in it;
 * PARLOR_E_IO when the ZAP address is taken in this zmq context. */
enum parlor_err auth_open(struct auth **out, void *zmq_ctx, const char *path, uint64_t handshakes,
			  char *why, size_t why_size) PARLOR_MUST_CHECK;
/* After the sockets it guards, before zmq_ctx_term. NULL is fine. */
void auth_close(struct auth *);

bool auth_has_keys(const struct auth *);
/* To be polled for input; NULL without keys. */
void *auth_socket(const struct auth *);
/* Answers what libzmq asks, so many questions a turn at most. A key that is known and asks too
 * often is told to come again: libzmq connects anew by itself, which it would not after a refusal.
 * now_us: monotonic. */
void auth_serve(struct auth *, uint64_t now_us);

/* Makes a ROUTER a CURVE server that admits keys of that role. Before bind;
 * front_open does it. Nothing happens without keys. */
enum parlor_err auth_guard(const struct auth *, void *socket, enum auth_role) PARLOR_MUST_CHECK;

/* `user` is zmq_msg_gets(frame, "User-Id"), NULL is fine. Asked at hello: from then
 * on the session belongs to that key (session_find). Without keys all
 * is allowed. */
bool auth_tenant_allowed(const struct auth *, const char *user, struct span tenant);

struct auth_counts {
	uint64_t accepted;
	uint64_t refused;
	uint64_t put_off; /* more than a key may in a second */
};
void auth_counts(const struct auth *, struct auth_counts *);

/* Writes an example: a keys file with a fresh server, client and worker key,
 * and in comments a client's and a worker's part, in the form of base/keys.h. */
enum parlor_err auth_make_keys(FILE *) PARLOR_MUST_CHECK;

#endif
