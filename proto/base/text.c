#include "text.h"

#include <stdint.h>
#include <string.h>

#define ONES UINT64_C(0x0101010101010101)
#define HIGH UINT64_C(0x8080808080808080)

/* Eight bytes, all of them ASCII and none of them NUL. */
static bool plain_word(const uint8_t *at)
{
	uint64_t w;
	memcpy(&w, at, sizeof w);
	/* With all high bits clear a zero byte is the only one that borrows. */
	return ((w | (w - ONES)) & HIGH) == 0;
}

static bool between(uint8_t byte, uint8_t low, uint8_t high)
{
	return (uint8_t)(byte - low) <= high - low;
}

static bool trails(const uint8_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* Length of the multi-byte code point at `at`, or 0. The second byte's range
 * is what rules out overlong forms, surrogates and what lies past U+10FFFF. */
static size_t code_point(const uint8_t *at, size_t left)
{
	uint8_t lead = at[0];
	if (between(lead, 0xc2, 0xdf))
		return left >= 2 && trails(at + 1, 1) ? 2 : 0;
	if (between(lead, 0xe0, 0xef)) {
		uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;
		uint8_t high = lead == 0xed ? 0x9f : 0xbf;
		return left >= 3 && between(at[1], low, high) && trails(at + 2, 1) ? 3 : 0;
	}
	if (between(lead, 0xf0, 0xf4)) {
		uint8_t low = lead == 0xf0 ? 0x90 : 0x80;
		uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;
		return left >= 4 && between(at[1], low, high) && trails(at + 2, 2) ? 4 : 0;
	}
	return 0;
}

bool text_valid(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	for (size_t left = len; left > 0;) {
		size_t n;
		if (*at >= 0x80) {
			n = code_point(at, left);
			if (n == 0)
				return false;
		} else if (left >= 8 && plain_word(at)) {
			n = 8;
		} else if (*at != 0) {
			n = 1;
		} else {
			return false;
		}
		at += n;
		left -= n;
	}
	return true;
}

size_t text_cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	size_t cut = max;
	while (cut > 0 && ((uint8_t)text[cut] & 0xc0) == 0x80)
		cut--;
	return cut;
}

/* ---- on a terminal ------------------------------------------------------ */

static void show_escape(FILE *out, uint32_t c)
{
	if (c == '\n')
		fputs("\\n", out);
	else if (c == '\t')
		fputs("\\t", out);
	else if (c == '\r')
		fputs("\\r", out);
	else if (c < 0x80)
		fprintf(out, "\\x%02x", (unsigned)c);
	else
		fprintf(out, "\\u%04x", (unsigned)c);
}

static bool is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* The code point at `at` and its length; a byte that begins none stands for
 * itself: text of a command line need not be UTF-8. */
static size_t decode(const uint8_t *at, size_t left, uint32_t *c)
{
	size_t n = code_point(at, left);
	if (n == 0) {
		*c = *at;
		return 1;
	}
	*c = *at & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*c = *c << 6 | (at[i] & 0x3fu);
	return n;
}

void text_show(FILE *out, const char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *)text;
	for (size_t left = len; left > 0;) {
		uint32_t c;
		size_t n = decode(at, left, &c);
		if (is_unsafe(c))
			show_escape(out, c);
		else
			fwrite(at, 1, n, out);
		at += n;
		left -= n;
	}
}
