/* Text from outside: which bytes are text, and where it may be cut. */
#include "base/text.h"

#include "bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sample {
	const char *bytes;
	size_t len;
};

static const struct sample valid_texts[] = {
	{BYTES("")},
	{BYTES("a")},
	{BYTES("plain ASCII of more than eight bytes\t\r\n\x7f")},
	{BYTES("\xc2\x80")},         /* U+0080, the first of two bytes */
	{BYTES("\xdf\xbf")},         /* U+07FF */
	{BYTES("\xe0\xa0\x80")},     /* U+0800 */
	{BYTES("\xed\x9f\xbf")},     /* U+D7FF, before the surrogates */
	{BYTES("\xee\x80\x80")},     /* U+E000, behind them */
	{BYTES("\xef\xbf\xbf")},     /* U+FFFF */
	{BYTES("\xf0\x90\x80\x80")}, /* U+10000 */
	{BYTES("\xf4\x8f\xbf\xbf")}, /* U+10FFFF, the last */
	{BYTES("您好,请问有什么可以帮您? 👩‍💻 café")},
};

static const struct sample invalid_texts[] = {
	{BYTES("\0")},
	{BYTES("\x80")}, /* trails nothing */
	{BYTES("\xbf")},
	{BYTES("\xc0\x80")},     /* overlong NUL */
	{BYTES("\xc1\xbf")},     /* overlong, two bytes */
	{BYTES("\xe0\x80\x80")}, /* overlong, three bytes */
	{BYTES("\xe0\x9f\xbf")},
	{BYTES("\xf0\x80\x80\x80")}, /* overlong, four bytes */
	{BYTES("\xf0\x8f\xbf\xbf")},
	{BYTES("\xed\xa0\x80")},     /* U+D800, the first surrogate */
	{BYTES("\xed\xbf\xbf")},     /* U+DFFF, the last */
	{BYTES("\xf4\x90\x80\x80")}, /* U+110000 */
	{BYTES("\xf5\x80\x80\x80")},
	{BYTES("\xf8\x88\x80\x80\x80")}, /* five bytes */
	{BYTES("\xfe")},
	{BYTES("\xff")},
	{BYTES("\xc2")}, /* cut short */
	{BYTES("\xe4\xbd")},
	{BYTES("\xf0\x9f\x91")},
	{BYTES("\xc2\x41")}, /* trailed by what does not trail */
	{BYTES("\xe4\x41\xa0")},
	{BYTES("\xe4\xbd\x41")},
	{BYTES("\xf0\x9f\x91\xc0")},
};

/* Text of `before` letters, the sample, `after` letters, in a block of exactly
 * that size. */
static bool valid_amid(const struct sample *s, size_t before, size_t after)
{
	size_t len = before + s->len + after;
	char *text = malloc(len ? len : 1);
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text + before, s->bytes, s->len);
	bool valid = text_valid(text, len);
	free(text);
	return valid;
}

static void text_is_judged_alike_at_every_offset(void **state)
{
	(void)state;
	for (size_t before = 0; before < 18; before++)
		for (size_t after = 0; after < 18; after++) {
			for (size_t i = 0; i < sizeof valid_texts / sizeof valid_texts[0]; i++)
				assert_true(valid_amid(&valid_texts[i], before, after));
			for (size_t i = 0; i < sizeof invalid_texts / sizeof invalid_texts[0]; i++)
				assert_false(valid_amid(&invalid_texts[i], before, after));
		}
	assert_true(text_valid(NULL, 0));
}

static size_t encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00u >> n) | c);
	return n;
}

static void every_code_point_but_nul_and_surrogates_is_valid(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		char bytes[4];
		bool expected = c != 0 && (c < 0xd800 || c > 0xdfff) && c < 0x110000;
		size_t n = encode(c, bytes);
		if (text_valid(bytes, n) != expected)
			fail_msg("U+%04X judged wrong", c);
	}
}

static void a_cut_keeps_code_points_whole(void **state)
{
	(void)state;
	const char *text = "a\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x91\x8b"; /* 1, 2, 3 and 4 bytes */
	static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
	for (size_t max = 0; max < sizeof expected / sizeof expected[0]; max++)
		assert_int_equal(text_cut(text, strlen(text), max), expected[max]);
	assert_int_equal(text_cut("", 0, 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_judged_alike_at_every_offset),
		cmocka_unit_test(every_code_point_but_nul_and_surrogates_is_valid),
		cmocka_unit_test(a_cut_keeps_code_points_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
