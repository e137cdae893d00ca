/* The tree that knows places: beside a sorted array, and its shape. */
#include "core/desk/rank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ITEMS = 400, MANY = 100000 };

struct item {
	struct rank_node node; /* first: a node is an item */
	uint64_t key;
};

static bool by_key(const struct rank_node *a, const struct rank_node *b)
{
	return ((const struct item *)a)->key < ((const struct item *)b)->key;
}

static bool by_key_down(const struct rank_node *a, const struct rank_node *b)
{
	return by_key(b, a);
}

static bool is_below(const struct rank_node *n, const void *bound)
{
	return ((const struct item *)n)->key < *(const uint64_t *)bound;
}

static int in_order(const void *a, const void *b)
{
	const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->node.id < y->node.id ? -1 : x->node.id > y->node.id;
}

/* ---- a sorted array ------------------------------------------------------------------ */

struct plain {
	struct item *items[ITEMS];
	size_t len;
};

static void plain_sort(struct plain *p, struct item *all, size_t len)
{
	p->len = 0;
	for (size_t i = 0; i < len; i++)
		if (rank_contains(&all[i].node))
			p->items[p->len++] = &all[i];
	qsort(p->items, p->len, sizeof *p->items, in_order);
}

static void assert_equal(const struct rank_tree *t, const struct plain *p)
{
	struct rank_node *n = rank_first(t);
	assert_int_equal(rank_count(t), p->len);
	for (size_t i = 0; i < p->len; i++, n = rank_next(t, n)) {
		assert_ptr_equal(n, p->items[i]);
		assert_ptr_equal(rank_select(t, i), n);
		assert_int_equal(rank_of(t, n), i);
	}
	assert_null(n);
	assert_null(rank_select(t, p->len));
	for (uint64_t bound = 0; bound < 60; bound += 7) {
		size_t before = 0;
		while (before < p->len && p->items[before]->key < bound)
			before++;
		assert_int_equal(rank_lower(t, is_below, &bound), before);
	}
}

static void places_are_those_of_a_sorted_array(void **state)
{
	static struct item all[ITEMS];
	struct rank_tree t = {.before = by_key};
	struct plain plain;
	(void)state;
	srand(20261130);
	for (int i = 0; i < ITEMS; i++)
		all[i].node.id = (uint64_t)i * 7919 + 1;
	for (int step = 0; step < 20000; step++) {
		/* Once in a while few, so that it is empty now and then. Many keys are equal. */
		struct item *one = &all[rand() % (step / 2000 % 2 ? 4 : ITEMS)];
		if (rank_contains(&one->node)) {
			rank_remove(&t, &one->node);
			assert_false(rank_contains(&one->node));
		} else {
			one->key = (uint64_t)rand() % 50;
			rank_insert(&t, &one->node);
		}
		if (step % 40)
			continue;
		plain_sort(&plain, all, ITEMS);
		assert_equal(&t, &plain);
	}
}

static void an_empty_tree_has_nobody(void **state)
{
	const uint64_t bound = 1;
	struct rank_tree t = {.before = by_key};
	struct item one = {.node.id = 1};
	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_null(rank_first(&t));
		assert_null(rank_select(&t, 0));
		assert_int_equal(rank_count(&t), 0);
		assert_int_equal(rank_lower(&t, is_below, &bound), 0);
		rank_insert(&t, &one.node);
		assert_ptr_equal(rank_first(&t), &one);
		assert_null(rank_next(&t, &one.node));
		rank_remove(&t, &one.node);
	}
}

static void a_tree_is_emptied_whose_order_has_changed(void **state)
{
	static struct item all[ITEMS];
	struct rank_tree t = {.before = by_key};
	struct plain plain;
	(void)state;
	for (int i = 0; i < ITEMS; i++) {
		all[i] = (struct item){.node.id = (uint64_t)i, .key = (uint64_t)i * 31 % 97};
		rank_insert(&t, &all[i].node);
	}
	t.before = by_key_down;
	while (t.root)
		rank_remove(&t, t.root);
	for (int i = 0; i < ITEMS; i++)
		assert_false(rank_contains(&all[i].node));
	t.before = by_key;
	for (int i = 0; i < ITEMS; i++)
		rank_insert(&t, &all[i].node);
	plain_sort(&plain, all, ITEMS);
	assert_equal(&t, &plain);
}

/* ---- the shape ------------------------------------------------------------------------- */

static void assert_same_shape(const struct rank_node *a, const struct rank_node *b)
{
	for (; a && b; a = a->right, b = b->right) {
		assert_int_equal(a->id, b->id);
		assert_int_equal(a->count, b->count);
		assert_same_shape(a->left, b->left);
	}
	assert_true(!a && !b);
}

static void the_same_nodes_make_the_same_tree_in_whatever_order_they_came(void **state)
{
	static struct item there[ITEMS], here[ITEMS];
	struct rank_tree up = {.before = by_key}, down = {.before = by_key};
	(void)state;
	for (int i = 0; i < ITEMS; i++)
		there[i] = here[i] =
			(struct item){.node.id = (uint64_t)i + 1, .key = (uint64_t)i * 7 % 300};
	for (int i = 0; i < ITEMS; i++)
		rank_insert(&up, &there[i].node);
	for (int i = ITEMS - 1; i >= 0; i--)
		rank_insert(&down, &here[i].node);
	assert_same_shape(up.root, down.root);
	/* Nor does it remember who was there for a while. */
	for (int i = 0; i < ITEMS; i += 3) {
		rank_remove(&up, &there[i].node);
		rank_remove(&down, &here[i].node);
		rank_insert(&down, &here[i].node);
	}
	for (int i = (ITEMS - 1) / 3 * 3; i >= 0; i -= 3)
		rank_insert(&up, &there[i].node);
	assert_same_shape(up.root, down.root);
}

static size_t depth_of(const struct rank_node *n)
{
	size_t depth = 0;
	for (size_t above = 1; n; above++, n = n->right) {
		size_t left = depth_of(n->left) + above;
		depth = left > depth ? left : depth;
	}
	return depth;
}

static size_t compared;

static bool by_key_counted(const struct rank_node *a, const struct rank_node *b)
{
	compared++;
	return by_key(a, b);
}

/* They come as a queue fills: numbers and keys rise together. */
static void a_hundred_thousand_are_a_few_steps_deep(void **state)
{
	struct item *all = calloc(MANY, sizeof *all);
	struct rank_tree t = {.before = by_key_counted};
	(void)state;
	assert_non_null(all);
	for (size_t i = 0; i < MANY; i++) {
		all[i] = (struct item){.node.id = i + 1, .key = 1000 * i};
		rank_insert(&t, &all[i].node);
	}
	assert_in_range(depth_of(t.root), 17, 50);
	compared = 0;
	for (size_t i = 0; i < MANY; i += 100)
		assert_int_equal(rank_of(&t, &all[i].node), i);
	assert_in_range(compared / (MANY / 100), 1, 40);
	/* As the queue empties: from its head on. */
	compared = 0;
	for (size_t i = 0; i < MANY; i++)
		rank_remove(&t, rank_first(&t));
	assert_in_range(compared / MANY, 1, 40);
	assert_int_equal(rank_count(&t), 0);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_those_of_a_sorted_array),
		cmocka_unit_test(an_empty_tree_has_nobody),
		cmocka_unit_test(a_tree_is_emptied_whose_order_has_changed),
		cmocka_unit_test(the_same_nodes_make_the_same_tree_in_whatever_order_they_came),
		cmocka_unit_test(a_hundred_thousand_are_a_few_steps_deep),
	};
	return cmocka_run_group_tests_name("rank", tests, NULL, NULL);
}
