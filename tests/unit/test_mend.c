#include "mend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(text) ((struct span){(text), sizeof(text) - 1})

static struct mend_text mend(struct buf *out, struct span raw, size_t max)
{
	buf_clear(out);
	struct mend_text found = mend_text(out, raw, max);
	buf_put_u8(out, 0);
	out->len--;
	return found;
}

static void test_text_that_is_well_stays_as_it_is(void **state)
{
	struct buf out = {0};
	(void)state;
	struct mend_text found = mend(&out, BYTES("h\xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x8d\xb5"), 100);
	assert_false(found.invalid || found.cut);
	assert_string_equal(out.data, "h\xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x8d\xb5");
	found = mend(&out, BYTES(""), 0);
	assert_false(found.invalid || found.cut);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void test_each_byte_that_is_none_of_utf8_is_replaced(void **state)
{
	struct buf out = {0};
	(void)state;
	assert_true(mend(&out, BYTES("a\xff\0z\xe4\xbd"), 100).invalid);
	assert_string_equal(out.data, "a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd");
	/* A surrogate, an overlong form. */
	assert_true(mend(&out, BYTES("\xed\xa0\x80"), 100).invalid);
	assert_int_equal(out.len, 9);
	assert_true(mend(&out, BYTES("\xc0\xaf"), 100).invalid);
	assert_int_equal(out.len, 6);
	buf_fini(&out);
}

static void test_text_is_cut_between_characters(void **state)
{
	struct buf out = {0};
	(void)state;
	struct mend_text found = mend(&out, BYTES("\xe4\xbd\xa0\xe4\xbd\xa0"), 5);
	assert_true(found.cut && !found.invalid);
	assert_string_equal(out.data, "\xe4\xbd\xa0");
	buf_fini(&out);
}

static void test_an_id_that_is_well_stays_as_it_is(void **state)
{
	struct mend_id id;
	char longest[65];
	(void)state;
	memset(longest, 'x', 64);
	longest[64] = '\0';
	mend_id(&id, SPAN_TEXT(longest));
	assert_string_equal(id.text, longest);
	assert_false(id.empty || id.too_long || id.invalid);
	mend_id(&id, BYTES(""));
	assert_true(id.empty);
	assert_string_equal(id.text, "");
	mend_id(&id, (struct span){NULL, 0});
	assert_true(id.empty);
}

static void test_ids_that_cannot_stay_get_one_of_their_own(void **state)
{
	struct mend_id a, b, again;
	char raw[201];
	(void)state;
	memset(raw, 'x', 200);
	raw[200] = '\0';
	mend_id(&a, SPAN_TEXT(raw));
	mend_id(&again, SPAN_TEXT(raw));
	raw[199] = 'y';
	mend_id(&b, SPAN_TEXT(raw));
	assert_true(a.too_long && !a.invalid);
	assert_int_equal(strlen(a.text), 64);
	assert_string_equal(a.text, again.text);
	assert_string_not_equal(a.text, b.text);
	assert_memory_equal(a.text, b.text, 32);
	mend_id(&a, BYTES("room\0one"));
	mend_id(&b, BYTES("room\xffone"));
	assert_true(a.invalid && !a.too_long);
	assert_memory_equal(a.text, "room\xef\xbf\xbdone~", 11);
	assert_string_not_equal(a.text, b.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_that_is_well_stays_as_it_is),
		cmocka_unit_test(test_each_byte_that_is_none_of_utf8_is_replaced),
		cmocka_unit_test(test_text_is_cut_between_characters),
		cmocka_unit_test(test_an_id_that_is_well_stays_as_it_is),
		cmocka_unit_test(test_ids_that_cannot_stay_get_one_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
