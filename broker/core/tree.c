#include "core/tree.h"

#include "base/table.h"

#include <assert.h>
#include <stddef.h>

/* None below has a higher one. Seeded: nobody can choose keys that make a deep tree. */
static uint64_t priority(const struct tree_node *n)
{
	return hash64_seeded(&n->key, sizeof n->key, table_seed);
}

/* Those before the key to the left, the others to the right. */
static void split(struct tree_node *from, uint64_t key, struct tree_node **left,
		  struct tree_node **right)
{
	while (from) {
		if (from->key < key) {
			*left = from;
			left = &from->right;
			from = from->right;
		} else {
			*right = from;
			right = &from->left;
			from = from->left;
		}
	}
	*left = *right = NULL;
}

/* All of the left come before all of the right. */
static struct tree_node *join(struct tree_node *left, struct tree_node *right)
{
	struct tree_node *root, **at = &root;
	while (left && right) {
		if (priority(left) > priority(right)) {
			*at = left;
			at = &left->right;
			left = left->right;
		} else {
			*at = right;
			at = &right->left;
			right = right->left;
		}
	}
	*at = left ? left : right;
	return root;
}

static struct tree_node **towards(struct tree_node *from, uint64_t key)
{
	return from->key < key ? &from->right : &from->left;
}

void tree_put(struct tree_node **tree, struct tree_node *n, uint64_t key)
{
	n->key = key;
	uint64_t own = priority(n);
	while (*tree && priority(*tree) >= own)
		tree = towards(*tree, key);
	split(*tree, key, &n->left, &n->right);
	*tree = n;
}

void tree_take(struct tree_node **tree, struct tree_node *n)
{
	while (*tree != n) {
		assert(*tree);
		tree = towards(*tree, n->key);
	}
	*tree = join(n->left, n->right);
}

struct tree_node *tree_take_any(struct tree_node **tree)
{
	struct tree_node *n = *tree, *left;
	if (!n)
		return NULL;
	/* To the right with what has something to its left: each is turned once. */
	while ((left = n->left) != NULL) {
		n->left = left->right;
		left->right = n;
		n = left;
	}
	*tree = n->right;
	return n;
}

struct tree_node *tree_find(struct tree_node *tree, uint64_t key)
{
	while (tree && tree->key != key)
		tree = *towards(tree, key);
	return tree;
}

struct tree_node *tree_from(struct tree_node *tree, uint64_t key)
{
	struct tree_node *from = NULL;
	while (tree) {
		if (tree->key >= key)
			from = tree;
		tree = *towards(tree, key);
	}
	return from;
}

struct tree_node *tree_below(struct tree_node *tree, uint64_t key)
{
	struct tree_node *below = NULL;
	while (tree) {
		if (tree->key < key)
			below = tree;
		tree = *towards(tree, key);
	}
	return below;
}
