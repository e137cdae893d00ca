/* An ordered set that knows how many stand before each: a queue and the places in it, or
 * seats in the order in which they are asked. A tree of nodes embedded in what they stand
 * for, balanced by their numbers: the same nodes make the same tree whatever was done to
 * come there, so that a journal executed again takes the same steps. Owns no memory, and
 * knows nothing of what stands in it but its order. */
#ifndef DESK_RANK_H
#define DESK_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rank_node {
	struct rank_node *left, *right;
	uint64_t id;    /* no other node of the tree has it; set before it is put in */
	uint32_t count; /* of all below it and itself; 0: it is in no tree */
};

/* Whether the key of the first is smaller. Of equal keys the smaller id is first. */
typedef bool rank_before_fn(const struct rank_node *, const struct rank_node *);
/* Whether a node stands before the bound: true of some from the first on, then of none. */
typedef bool rank_probe_fn(const struct rank_node *, const void *bound);

struct rank_tree {
	struct rank_node *root; /* NULL: empty. Else any of them, which is the cheapest to remove */
	rank_before_fn *before;
};

static inline bool rank_contains(const struct rank_node *n)
{
	return n->count != 0;
}

static inline size_t rank_count(const struct rank_tree *t)
{
	return t->root ? t->root->count : 0;
}

/* Of a node that is in no tree. */
void rank_insert(struct rank_tree *, struct rank_node *);
/* Of a node of this tree. Who changes keys takes their nodes out before; only the root is
 * found without its key, so that a tree can be emptied whose order has changed. */
void rank_remove(struct rank_tree *, struct rank_node *);

/* NULL: there is none. */
struct rank_node *rank_first(const struct rank_tree *);
struct rank_node *rank_next(const struct rank_tree *, const struct rank_node *);
struct rank_node *rank_select(const struct rank_tree *, size_t place); /* 0: the first */

/* An order by their numbers alone, and in it the first with a higher one. */
bool rank_by_number(const struct rank_node *, const struct rank_node *);
struct rank_node *rank_behind(const struct rank_tree *, uint64_t id);

/* How many stand before a node of this tree, or before a bound. */
size_t rank_of(const struct rank_tree *, const struct rank_node *);
size_t rank_lower(const struct rank_tree *, rank_probe_fn *, const void *bound);

#endif
