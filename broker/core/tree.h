/* Nodes in order of their keys, each embedded in what it stands for: a tree that chance
 * keeps balanced, for what may be many, is walked from any key on, and is never moved or
 * gone through as a whole. Owns no memory. */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include "base/buf.h"

#include <stdint.h>

struct tree_node {
	uint64_t key; /* not of one that stands by its text */
	struct tree_node *left, *right;
};

/* A tree is a pointer to its root; NULL: empty. No other node of it has that key. */
void tree_put(struct tree_node **tree, struct tree_node *, uint64_t key);
void tree_take(struct tree_node **tree, struct tree_node *);
/* Any, which is no part of it from now on: how it is taken apart by pieces. */
struct tree_node *tree_take_any(struct tree_node **tree);

/* NULL: there is none. */
struct tree_node *tree_find(struct tree_node *tree, uint64_t key);
/* The first at that key or above it. */
struct tree_node *tree_from(struct tree_node *tree, uint64_t key);
/* The last below that key. */
struct tree_node *tree_below(struct tree_node *tree, uint64_t key);

/* The same in order of texts, which are those of what the nodes are embedded in. No other
 * node of the tree has that text, and it stays as it is. */
typedef struct span tree_text_fn(const struct tree_node *);
void tree_put_text(struct tree_node **tree, struct tree_node *, tree_text_fn *);
void tree_take_text(struct tree_node **tree, struct tree_node *, tree_text_fn *);
/* The first behind that text. */
struct tree_node *tree_behind_text(struct tree_node *tree, struct span text, tree_text_fn *);

#endif
