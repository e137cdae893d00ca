#include "core/tree.h"

#include "base/table.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* Where in the order of a tree: at a key or, where nodes have texts, at a text. */
struct place {
	uint64_t key;
	struct span text;
	tree_text_fn *text_of;
};

static bool is_before(const struct tree_node *n, const struct place *p)
{
	return p->text_of ? span_order(p->text_of(n), p->text) < 0 : n->key < p->key;
}

/* None below has a higher one. Of where it stands in memory, and seeded: nobody can choose
 * keys or texts that make a deep tree. */
static uint64_t priority(const struct tree_node *n)
{
	return hash64_seeded(&n, sizeof n, table_seed);
}

/* Those before the place to the left, the others to the right. */
static void split(struct tree_node *from, const struct place *p, struct tree_node **left,
		  struct tree_node **right)
{
	while (from) {
		if (is_before(from, p)) {
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

static struct tree_node **towards(struct tree_node *from, const struct place *p)
{
	return is_before(from, p) ? &from->right : &from->left;
}

static void put(struct tree_node **tree, struct tree_node *n, const struct place *p)
{
	uint64_t own = priority(n);
	while (*tree && priority(*tree) >= own)
		tree = towards(*tree, p);
	split(*tree, p, &n->left, &n->right);
	*tree = n;
}

static void take(struct tree_node **tree, struct tree_node *n, const struct place *p)
{
	while (*tree != n) {
		assert(*tree);
		tree = towards(*tree, p);
	}
	*tree = join(n->left, n->right);
}

void tree_put(struct tree_node **tree, struct tree_node *n, uint64_t key)
{
	n->key = key;
	put(tree, n, &(struct place){.key = key});
}

void tree_put_text(struct tree_node **tree, struct tree_node *n, tree_text_fn *text_of)
{
	put(tree, n, &(struct place){.text = text_of(n), .text_of = text_of});
}

void tree_take(struct tree_node **tree, struct tree_node *n)
{
	take(tree, n, &(struct place){.key = n->key});
}

void tree_take_text(struct tree_node **tree, struct tree_node *n, tree_text_fn *text_of)
{
	take(tree, n, &(struct place){.text = text_of(n), .text_of = text_of});
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
		tree = tree->key < key ? tree->right : tree->left;
	return tree;
}

struct tree_node *tree_from(struct tree_node *tree, uint64_t key)
{
	struct tree_node *from = NULL;
	while (tree) {
		if (tree->key >= key)
			from = tree;
		tree = tree->key < key ? tree->right : tree->left;
	}
	return from;
}

struct tree_node *tree_below(struct tree_node *tree, uint64_t key)
{
	struct tree_node *below = NULL;
	while (tree) {
		if (tree->key < key)
			below = tree;
		tree = tree->key < key ? tree->right : tree->left;
	}
	return below;
}

struct tree_node *tree_behind_text(struct tree_node *tree, struct span text, tree_text_fn *text_of)
{
	struct tree_node *behind = NULL;
	while (tree) {
		bool is_behind = span_order(text_of(tree), text) > 0;
		if (is_behind)
			behind = tree;
		tree = is_behind ? tree->left : tree->right;
	}
	return behind;
}
