#include "core/desk/rank.h"

#include <assert.h>

/* None below has a higher one. No two numbers have the same. */
static uint64_t priority(const struct rank_node *n)
{
	uint64_t z = n->id + 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint32_t count(const struct rank_node *n)
{
	return n ? n->count : 0;
}

static bool is_before(const struct rank_tree *t, const struct rank_node *a,
		      const struct rank_node *b)
{
	return t->before(a, b) || (a->id < b->id && !t->before(b, a));
}

/* How many of those below and including that one stand before n, which is not among them. */
static uint32_t count_before(const struct rank_tree *t, const struct rank_node *from,
			     const struct rank_node *n)
{
	uint32_t before = 0;
	while (from) {
		bool is_left = is_before(t, from, n);
		before += is_left ? count(from->left) + 1 : 0;
		from = is_left ? from->right : from->left;
	}
	return before;
}

/* Those before n to its left, the others to its right. Each of them keeps one of its two
 * sides and gets of the other what is left to give: so its count is known on the way down. */
static void split(const struct rank_tree *t, struct rank_node *from, struct rank_node *n)
{
	struct rank_node **left = &n->left, **right = &n->right;
	uint32_t before = count_before(t, from, n), behind = count(from) - before;
	n->count = before + behind + 1;
	while (from) {
		if (is_before(t, from, n)) {
			*left = from;
			left = &from->right;
			from->count = before;
			before -= count(from->left) + 1;
			from = from->right;
		} else {
			*right = from;
			right = &from->left;
			from->count = behind;
			behind -= count(from->right) + 1;
			from = from->left;
		}
	}
	*left = *right = NULL;
}

/* All of the left stand before all of the right. */
static struct rank_node *join(struct rank_node *left, struct rank_node *right)
{
	struct rank_node *root, **at = &root;
	while (left && right) {
		if (priority(left) > priority(right)) {
			left->count += right->count;
			*at = left;
			at = &left->right;
			left = left->right;
		} else {
			right->count += left->count;
			*at = right;
			at = &right->left;
			right = right->left;
		}
	}
	*at = left ? left : right;
	return root;
}

void rank_insert(struct rank_tree *t, struct rank_node *n)
{
	struct rank_node **at = &t->root;
	uint64_t own = priority(n);
	assert(!rank_contains(n) && rank_count(t) < UINT32_MAX);
	while (*at && priority(*at) > own) {
		(*at)->count++;
		at = is_before(t, *at, n) ? &(*at)->right : &(*at)->left;
	}
	split(t, *at, n);
	*at = n;
}

void rank_remove(struct rank_tree *t, struct rank_node *n)
{
	struct rank_node **at = &t->root;
	while (*at != n) {
		assert(*at);
		(*at)->count--;
		at = is_before(t, *at, n) ? &(*at)->right : &(*at)->left;
	}
	*at = join(n->left, n->right);
	n->left = n->right = NULL;
	n->count = 0;
}

static struct rank_node *leftmost(struct rank_node *n)
{
	while (n && n->left)
		n = n->left;
	return n;
}

struct rank_node *rank_first(const struct rank_tree *t)
{
	return leftmost(t->root);
}

struct rank_node *rank_next(const struct rank_tree *t, const struct rank_node *n)
{
	struct rank_node *next = NULL, *at = t->root;
	assert(rank_contains(n));
	if (n->right)
		return leftmost(n->right);
	while (at != n) {
		assert(at);
		bool is_left = is_before(t, at, n);
		next = is_left ? next : at;
		at = is_left ? at->right : at->left;
	}
	return next;
}

struct rank_node *rank_select(const struct rank_tree *t, size_t place)
{
	struct rank_node *n = t->root;
	while (n && place != count(n->left)) {
		bool is_left = place < count(n->left);
		place -= is_left ? 0 : count(n->left) + 1;
		n = is_left ? n->left : n->right;
	}
	return n;
}

size_t rank_of(const struct rank_tree *t, const struct rank_node *n)
{
	const struct rank_node *at = t->root;
	size_t before = 0;
	assert(rank_contains(n));
	while (at != n) {
		assert(at);
		bool is_left = is_before(t, at, n);
		before += is_left ? count(at->left) + 1 : 0;
		at = is_left ? at->right : at->left;
	}
	return before + count(n->left);
}

size_t rank_lower(const struct rank_tree *t, rank_probe_fn *stands_before, const void *bound)
{
	const struct rank_node *at = t->root;
	size_t before = 0;
	while (at) {
		bool is_left = stands_before(at, bound);
		before += is_left ? count(at->left) + 1 : 0;
		at = is_left ? at->right : at->left;
	}
	return before;
}

bool rank_by_number(const struct rank_node *a, const struct rank_node *b)
{
	return a->id < b->id;
}

static bool is_upto(const struct rank_node *n, const void *id)
{
	return n->id <= *(const uint64_t *)id;
}

struct rank_node *rank_behind(const struct rank_tree *t, uint64_t id)
{
	return rank_select(t, rank_lower(t, is_upto, &id));
}
