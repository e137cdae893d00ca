/* Requests whose answer comes later than their turn: posts and waits for MySQL, pages
 * from workers, releases. Owns the one table of them: by number, by who asks, so that
 * the end of one costs what it waits for and not what all others do; and by what ends
 * their waiting: in queues, in the order in which they came, or in heaps, the lowest
 * position first. What each kind needs beside stands behind it; who adds them bounds
 * them. */
#ifndef SYNC_PENDING_H
#define SYNC_PENDING_H

#include "core/topic.h"

#include "base/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pending_kind { PENDING_STORED, PENDING_ALL, PENDING_ARCHIVE, PENDING_RELEASE, PENDING_KINDS };

struct pending;

/* All that a session waits for; its own. Zeroed it is empty. */
struct pending_list {
	struct pending *first;
	uint32_t len;
};

/* What is under way of a tenant's, by kind: whoever asked, and whether or not they are gone.
 * The tenant's own; it outlives all that. Zeroed it is empty. */
struct pending_share {
	uint32_t len[PENDING_KINDS];
};

/* Who asks, and what the answer will need, which is the asker's business. */
struct pending_asker {
	struct pending_list *list;
	struct pending_share *share;
	void *session;
	uint64_t request_id;
	uint64_t seq, position, time_us; /* of a post; the position of a wait */
	size_t expected;                 /* messages of a page */
	bool more;                       /* and whether more follow them */
};

struct pending {
	UT_hash_handle hh;
	uint64_t number;
	enum pending_kind kind;
	struct pending_asker asker; /* its list NULL: gone, nobody is answered */
	struct topic topic;
	uint64_t at;                 /* the position or time that ends it */
	struct pending **queue;      /* NULL: it is in a heap */
	struct pending *prev, *next; /* in its queue */
	struct pending_heap *heap;
	size_t heap_at;
	struct pending *of_asker_prev, *of_asker_next;
};

/* Those that wait for positions: the lowest first, and of one position who came first. A
 * repeated post waits for an old position, which costs as little as a new one. Zeroed it
 * is empty, and then it has no memory. */
struct pending_heap {
	struct pending_place {
		uint64_t at, number;
		struct pending *who;
	} * list;
	size_t len, cap;
};

/* Zeroed it is empty. */
struct pending_table {
	struct pending *by_number;
	uint64_t last;
	size_t len[PENDING_KINDS];
};

/* Zeroed, of that size, which begins with a struct pending; at the end of the queue. */
void *pending_add(struct pending_table *, enum pending_kind, size_t size, struct pending **queue,
		  uint64_t at, const struct pending_asker *);
/* The same in a heap. */
struct pending *pending_add_in_order(struct pending_table *, enum pending_kind,
				     struct pending_heap *, uint64_t at,
				     const struct pending_asker *);
/* NULL: the heap is empty. */
struct pending *pending_first(const struct pending_heap *);
/* NULL: it is none of that kind, or no more. */
struct pending *pending_find(const struct pending_table *, enum pending_kind, uint64_t number);
/* Its asker is gone; it goes on, and counts as it did. */
void pending_orphan(struct pending *);
void pending_remove(struct pending_table *, struct pending *);
void pending_clear(struct pending_table *);
/* Of all kinds. */
uint32_t pending_shared(const struct pending_share *);

#endif
