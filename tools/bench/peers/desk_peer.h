/* A desk as it is built on a database: what desk_work.h asks for, as statements
 * or scripts that a service sends over its connections. Owns the table of these
 * and a run on one; its servers are private, as every peer's (peer.h). */
#ifndef BENCH_DESK_PEER_H
#define BENCH_DESK_PEER_H

#include "desk_work.h"
#include "report.h"
#include "rig.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct desk_site {
	struct rig rig;
	struct desk_shape shape;
	struct desk_work *work;
	size_t links;
	struct pollfd *fds;     /* of links: set by open */
	struct process *server; /* whose CPU time and memory are counted */
	struct row *row;        /* further figures of verify */
	void *peer;             /* the peer's own */
};

struct desk_peer {
	const char *name;
	const char *program; /* without which it is not installed */
	const char *does;
	size_t links_max; /* 0: any */
	bool forgets;     /* of desk_hooks */
	/* Starts the server, makes the seats, connects every link. */
	void (*open)(struct desk_site *);
	void (*ask)(void *site, size_t link, const struct desk_ask *);
	/* Sends what ask kept; may be NULL. */
	void (*flush)(struct desk_site *, size_t link);
	/* Something can be read, without waiting for its beginning. */
	void (*read)(struct desk_site *, size_t link);
	/* Between two turns of the work; may be NULL. */
	void (*look)(struct desk_site *);
	void (*verify)(struct desk_site *);
	void (*close)(struct desk_site *);
};

extern const struct desk_peer desk_mysql_skip_locked, desk_mysql_where_null, desk_redis;

/* By name; fails, naming the script that installs it, when it is not there. */
const struct desk_peer *desk_peer_find(const char *name);
/* One run on a server of its own, with so many links. */
void desk_peer_run(const struct desk_peer *, const struct options *, const struct desk_shape *,
		   size_t links, struct report *);

#endif
