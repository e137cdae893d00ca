#include "core/desk/words.h"

#include <stdio.h>

static bool begins(struct span text, const char *with)
{
	size_t len = strlen(with);
	return text.len >= len && memcmp(text.data, with, len) == 0;
}

void words_fill(struct buf *out, struct span text, const struct words *w)
{
	char place[24];
	snprintf(place, sizeof place, "%llu", (unsigned long long)w->place);
	const struct {
		const char *name;
		struct span value;
	} known[] = {{"{place}", SPAN_TEXT(place)}, {"{seat}", w->seat}, {"{team}", w->team}};
	while (text.len) {
		size_t i = 0, len = 1;
		while (i < sizeof known / sizeof known[0] && !begins(text, known[i].name))
			i++;
		bool is_known = i < sizeof known / sizeof known[0];
		if (is_known && out->len + known[i].value.len + text.len <= WORDS_BYTES_MAX) {
			len = strlen(known[i].name);
			buf_put(out, known[i].value.data, known[i].value.len);
		} else {
			buf_put(out, text.data, 1);
		}
		text = (struct span){(const char *)text.data + len, text.len - len};
	}
}
