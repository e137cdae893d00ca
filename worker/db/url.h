/* Where a database is, read from a URL: mysql://user:password@host:port/name
 * or mysql://user@localhost/name?socket=/path; or ?server-key=/path. Owns the parts, decoded. Never
 * connects, never logs the password. */
#ifndef WORKER_URL_H
#define WORKER_URL_H

#include "base/err.h"

#include <stddef.h>

#define URL_PORT_DEFAULT 3306
#define URL_MAX 2048

/* Zeroed is empty. Texts are allocated; none is NULL once parsed but socket
 * and server_key. */
struct url {
	char *user;
	char *password;
	char *host;
	char *database;
	char *socket;     /* NULL: by TCP */
	char *server_key; /* NULL: not known; file with the server's public key */
	unsigned port;
};

/* PARLOR_E_CONFIG with one line in `why`, which never holds the password. */
enum parlor_err url_parse(struct url *, const char *text, char *why,
			  size_t why_size) PARLOR_MUST_CHECK;
void url_fini(struct url *); /* wipes the password */

#endif
