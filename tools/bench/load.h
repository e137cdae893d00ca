/* The measured load: connections that post and sessions that listen, all served
 * by one thread. Keeps so many posts in flight (closed loop), or posts at a
 * rate whatever comes back (open loop; a post's time counts from when it was
 * due). Every acknowledgement must be awaited, every event's position must rise
 * and at the end the listeners must have got exactly the positions that were
 * acknowledged. Knows no encoding: a codec does. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "report.h"

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load;

struct load_link {
	void *socket;
	bool posts, listens;
	uint64_t in_flight;
	uint64_t events, last_position, position_sum;
};

struct load_codec {
	/* Appends post `id` to a frame; chooses what and where. */
	void (*put_post)(void *ctx, struct buf *frame, uint64_t id, uint64_t now_ns);
	/* Reads a frame: load_acked, load_delivered for what is in it. */
	void (*read)(void *ctx, struct load *, struct load_link *, struct span frame);
	/* Appends a sign of life; NULL: none is needed. */
	void (*put_ping)(struct buf *frame, uint64_t id);
	void *ctx;
};

/* Ids of posts: a varint of five bytes. Lower ones are the pings'. */
#define LOAD_ID_FIRST (UINT64_C(1) << 28)

struct load_plan {
	uint64_t in_flight; /* closed loop: of all senders together */
	uint64_t rate;      /* open loop, posts a second; 0: closed */
	uint64_t posts;     /* so many instead of a time, none left out; 0: by time */
	uint64_t warmup_ns, measure_ns;
	/* The times of posts that are acknowledged only after the measured time count
	 * too: who is stalled must not look fast for what never came. */
	bool late;
	/* Called where the measured time begins and ends; may be NULL. */
	void (*mark)(void *ctx, bool begins);
	void *ctx;
	/* Called after each wait of the loop, so at least ten times a second; may
	 * be NULL. */
	void (*tick)(void *ctx, uint64_t now_ns);
	void *tick_ctx;
};

struct load_result {
	struct histogram acks;       /* ns from post to acknowledgement */
	struct histogram deliveries; /* ns from post to receipt, when the codec tells */
	double seconds;
	uint64_t acked, delivered; /* in the measured time */
	uint64_t posted;           /* in all, warm-up too */
};

struct load *load_new(const struct load_codec *);
void load_free(struct load *); /* sockets are the caller's */
void load_add(struct load *, void *socket, bool posts, bool listens);
/* Runs a plan to its end: all acknowledged, all delivered. May be called again. */
void load_run(struct load *, const struct load_plan *, struct load_result *);

/* Rates and times. */
void load_figures(const struct load_result *, struct row *);

/* For codecs. */
void load_acked(struct load *, struct load_link *, uint64_t id, uint64_t position);
void load_delivered(struct load *, struct load_link *, uint64_t position, uint64_t sent_ns);

uint64_t load_now_ns(void);
/* A fast generator of random numbers, its state in *seed (not 0). */
static inline uint64_t load_random(uint64_t *seed)
{
	uint64_t x = *seed;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *seed = x;
}

#endif
