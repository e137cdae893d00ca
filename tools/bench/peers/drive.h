/* The load on a peer: what load.h is to a broker on ZeroMQ, for clients that
 * have a file descriptor each and one thread for all. The same plans and
 * results: so many posts in flight, or posts at a rate whatever comes back;
 * every post must be acknowledged once, every listener must get each post
 * once. Knows no peer: its hooks do. */
#ifndef BENCH_DRIVE_H
#define BENCH_DRIVE_H

#include "load.h"
#include "tally.h"

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drive;

#define DRIVE_HEAD 32 /* a body begins with its post's id and time in hex */

struct drive_post {
	uint32_t room, member;
	uint64_t n; /* of its link's posts, from 1 */
	struct span body;
};

/* Links are numbered as they were added. */
struct drive_hooks {
	/* Takes a post for a link; may keep it until flush. */
	void (*post)(void *ctx, size_t link, const struct drive_post *);
	/* Sends what was taken, waiting for room in the socket; may be NULL. */
	void (*flush)(void *ctx, size_t link);
	/* Reads what there is without waiting: drive_acked, drive_delivered. */
	void (*read)(void *ctx, size_t link);
	void *ctx;
};

struct drive *drive_new(const struct drive_hooks *, struct tally *, uint32_t body_bytes);
void drive_free(struct drive *); /* descriptors are the caller's */
size_t drive_add(struct drive *, int fd, bool posts, bool listens);

/* Runs a plan to its end: all acknowledged, all delivered. May be called again.
 * The plan's mark and ctx are used, its tick and posts are not. */
void drive_run(struct drive *, const struct load_plan *, struct load_result *);

/* For hooks. */
void drive_acked(struct drive *, size_t link, uint64_t n);
void drive_delivered(struct drive *, size_t link, struct span body);

#endif
