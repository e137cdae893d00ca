#include "table.h"

#include "base/mem.h"
#include "json.h"
#include "show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void table_init(struct table *t, size_t columns)
{
	*t = (struct table){.columns = columns};
}

static char **next_cell(struct table *t)
{
	MEM_GROW(t->cells, t->len, t->cap, 64);
	return &t->cells[t->len++];
}

FILE *table_cell(struct table *t)
{
	t->out = open_memstream(&t->cell, &t->cell_size);
	if (!t->out) {
		fputs("parlor: no memory\n", stderr);
		exit(MEM_EXIT_STATUS);
	}
	return t->out;
}

void table_cell_end(struct table *t)
{
	fclose(t->out);
	*next_cell(t) = t->cell ? t->cell : mem_text("", 0);
	t->out = NULL;
	t->cell = NULL;
}

void table_text(struct table *t, const char *text)
{
	show_text(table_cell(t), text);
	table_cell_end(t);
}

void table_list(struct table *t, char *const *texts, size_t n)
{
	FILE *out = table_cell(t);

	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", out);
		show_text(out, texts[i]);
	}
	table_cell_end(t);
}

void table_number(struct table *t, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, number);
	*next_cell(t) = mem_text(text, strlen(text));
}

void table_time(struct table *t, uint64_t us)
{
	char text[SHOW_TIME_BYTES];

	table_text(t, show_time(us, text));
}

void table_word(struct table *t, const ProtobufCEnumDescriptor *kind, int value)
{
	const char *word = enum_word(kind, value);

	table_text(t, word ? word : "?");
}

void table_heads(struct table *t, const char *const *heads)
{
	size_t n = 0;

	while (heads[n])
		n++;
	table_init(t, n);
	for (size_t i = 0; i < n; i++)
		table_text(t, heads[i]);
}

void table_line(struct table *t, const char *label, const char *text)
{
	table_text(t, label);
	table_text(t, text);
}

void table_line_number(struct table *t, const char *label, uint64_t number)
{
	table_text(t, label);
	table_number(t, number);
}

static size_t width_of(const char *text)
{
	mbstate_t state = {0};
	size_t width = 0, len = strlen(text), used;
	wchar_t c;

	for (; len && (used = mbrtowc(&c, text, len, &state)) && used <= len; len -= used) {
		int columns = wcwidth(c);

		width += columns > 0 ? (size_t)columns : 0;
		text += used;
	}
	return width + len;
}

void table_print(struct table *t, FILE *out)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};

	for (size_t i = 0; i < t->len; i++) {
		size_t width = width_of(t->cells[i]);

		if (width > widths[i % t->columns])
			widths[i % t->columns] = width;
	}
	for (size_t i = 0; i < t->len; i++) {
		size_t column = i % t->columns;

		fputs(t->cells[i], out);
		if (column == t->columns - 1)
			fputc('\n', out);
		else
			for (size_t n = width_of(t->cells[i]); n < widths[column] + 2; n++)
				fputc(' ', out);
		free(t->cells[i]);
	}
	free(t->cells);
	*t = (struct table){0};
}
