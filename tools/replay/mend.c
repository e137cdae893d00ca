#include "mend.h"

#include "base/hash.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>

#define HASH_DIGITS 32
#define CODE_POINT_MAX 4

/* Bytes of the code point there; 0: none begins there. */
static size_t code_point(const char *at, size_t len)
{
	for (size_t n = 1; n <= CODE_POINT_MAX && n <= len; n++)
		if (text_valid(at, n))
			return n;
	return 0;
}

static void put_mended(struct buf *out, struct span raw)
{
	static const char unknown[] = "\xef\xbf\xbd";
	const char *at = raw.data, *end = at + raw.len;
	while (at < end) {
		size_t n = code_point(at, (size_t)(end - at));
		buf_put(out, n ? at : unknown, n ? n : sizeof unknown - 1);
		at += n ? n : 1;
	}
}

struct mend_text mend_text(struct buf *out, struct span raw, size_t max)
{
	struct mend_text found = {.invalid = !text_valid(raw.data, raw.len)};
	size_t before = out->len;
	if (found.invalid)
		put_mended(out, raw);
	else
		buf_put(out, raw.data, raw.len);
	size_t len = out->len - before;
	found.cut = len > max;
	if (found.cut)
		out->len = before + text_cut((const char *)out->data + before, len, max);
	return found;
}

void mend_id(struct mend_id *id, struct span raw)
{
	*id = (struct mend_id){.empty = raw.len == 0,
			       .too_long = raw.len > ROW_ID_MAX,
			       .invalid = !text_valid(raw.data, raw.len)};
	if (id->empty)
		return;
	if (!id->too_long && !id->invalid) {
		memcpy(id->text, raw.data, raw.len);
		return;
	}
	struct buf start = {0};
	struct hash128 hash = hash128(raw.data, raw.len);
	mend_text(&start, raw, ROW_ID_MAX - HASH_DIGITS - 1);
	snprintf(id->text, sizeof id->text, "%.*s~%016" PRIx64 "%016" PRIx64, (int)start.len,
		 (const char *)start.data, hash.high, hash.low);
	buf_fini(&start);
}
