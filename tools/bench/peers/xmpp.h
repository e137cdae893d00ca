/* An XMPP client's connection: a stream over TCP, logged in with SASL PLAIN and
 * bound to a resource, and the stanzas that come, one by one. Owns the socket
 * and both buffers; knows what ejabberd writes (no comments, no CDATA, escaped
 * attributes), and nothing of rooms. */
#ifndef BENCH_XMPP_H
#define BENCH_XMPP_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XMPP_HOST "localhost"

struct xmpp {
	int fd;
	struct buf in, out;
	size_t read;    /* of in: what was taken */
	size_t scanned; /* of in: tags that were looked at */
	size_t depth;   /* open tags of the stanza that is being looked at */
};

/* Connected, logged in, bound. */
void xmpp_open(struct xmpp *, uint16_t port, const char *user, const char *password);
void xmpp_close(struct xmpp *);

/* Appends to what leaves with the next send. */
void xmpp_put(struct xmpp *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Waits for room in the socket. */
void xmpp_send(struct xmpp *);

/* Takes what there is; false when there is nothing now. Flags: of recv. */
bool xmpp_receive(struct xmpp *, int flags);
/* The next stanza of what was received, borrowed until the next receive. Fails
 * on an error, of the stream or as an answer. */
bool xmpp_next(struct xmpp *, struct span *stanza);
/* The next one that holds this text, whatever comes before it. */
struct span xmpp_await(struct xmpp *, const char *text);

bool xmpp_holds(struct span stanza, const char *text);
/* What stands between two texts, the first of them that there are; false: nowhere. */
bool xmpp_between(struct span stanza, const char *before, const char *behind, struct span *);

#endif
