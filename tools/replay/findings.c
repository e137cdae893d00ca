#include "findings.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLE_MAX 240

static const struct {
	const char *name, *what;
} words[FINDINGS_LEN] = {
#define FINDING_WORDS(name, what) {#name, what},
	FINDINGS_TABLE(FINDING_WORDS)
#undef FINDING_WORDS
};

void findings_fini(struct findings *f)
{
	for (size_t i = 0; i < FINDINGS_LEN; i++)
		for (size_t k = 0; k < FINDINGS_EXAMPLES_MAX; k++)
			free(f->of[i].examples[k]);
	memset(f, 0, sizeof *f);
}

void findings_add(struct findings *f, enum finding which, const char *format, ...)
{
	char text[EXAMPLE_MAX];
	va_list args;
	uint64_t n = f->of[which].count++;
	if (n >= FINDINGS_EXAMPLES_MAX)
		return;
	va_start(args, format);
	bool cut = (size_t)vsnprintf(text, sizeof text, format, args) >= sizeof text;
	va_end(args);
	size_t len = strlen(text);
	f->of[which].examples[n] = mem_text(text, cut ? text_cut(text, len, len - 1) : len);
}

/* Ids may hold what would play tricks on a terminal. */
static void print_safe(FILE *out, const char *text)
{
	for (; *text; text++)
		putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

void findings_print(const struct findings *f, FILE *out)
{
	for (size_t i = 0; i < FINDINGS_LEN; i++) {
		if (!f->of[i].count)
			continue;
		fprintf(out, "%8" PRIu64 "  %s\n", f->of[i].count, words[i].what);
		for (size_t k = 0; k < FINDINGS_EXAMPLES_MAX && f->of[i].examples[k]; k++) {
			fputs("            ", out);
			print_safe(out, f->of[i].examples[k]);
			putc('\n', out);
		}
	}
}

json_t *findings_json(const struct findings *f)
{
	json_t *list = json_array();
	for (size_t i = 0; i < FINDINGS_LEN; i++) {
		if (!f->of[i].count)
			continue;
		json_t *examples = json_array();
		for (size_t k = 0; k < FINDINGS_EXAMPLES_MAX && f->of[i].examples[k]; k++)
			json_array_append_new(examples, json_string(f->of[i].examples[k]));
		json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:o}", "name", words[i].name,
						      "count", (json_int_t)f->of[i].count, "what",
						      words[i].what, "examples", examples));
	}
	return list;
}
