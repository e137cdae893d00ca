#include "first_rows.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_ROWS 512

void first_rows_fini(struct first_rows *f)
{
	for (size_t i = 0; i < f->len; i++)
		free(f->blocks[i]);
	free(f->blocks);
	*f = (struct first_rows){0};
}

size_t first_rows_bytes(const struct first_rows *f)
{
	return f->len * (BLOCK_ROWS * sizeof **f->blocks + sizeof *f->blocks);
}

static struct first_row *place(const struct first_rows *f, uint64_t at)
{
	return &f->blocks[at / BLOCK_ROWS - f->landed / BLOCK_ROWS][at % BLOCK_ROWS];
}

/* As far as two equal steps from the one before it lead, else to that one: a list that is
 * searched in a number of steps like the logarithm of its length. */
static void chain(const struct first_rows *f, struct first_row *row, uint64_t before)
{
	const struct first_row *b = first_rows_at(f, before);
	const struct first_row *far = b ? first_rows_at(f, b->far) : NULL;
	bool joins = far && far->skips == b->skips;
	row->before = before;
	row->far = joins ? far->far : before;
	row->skips = joins ? b->skips + far->skips + 1 : 1;
}

struct first_row *first_rows_push(struct first_rows *f, uint64_t before)
{
	if (f->added / BLOCK_ROWS - f->landed / BLOCK_ROWS == f->len) {
		f->blocks = mem_resize(f->blocks, f->len + 1, sizeof *f->blocks);
		f->blocks[f->len++] = mem_new(BLOCK_ROWS * sizeof **f->blocks);
	}
	struct first_row *row = place(f, f->added++);
	chain(f, row, before);
	return row;
}

const struct first_row *first_rows_at(const struct first_rows *f, uint64_t no)
{
	assert(no <= f->added);
	return no > f->landed ? place(f, no - 1) : NULL;
}

void first_rows_landed(struct first_rows *f)
{
	size_t gone = (size_t)(f->given / BLOCK_ROWS - f->landed / BLOCK_ROWS);
	for (size_t i = 0; i < gone; i++)
		free(f->blocks[i]);
	f->len -= gone;
	if (gone && f->len)
		memmove(f->blocks, f->blocks + gone, f->len * sizeof *f->blocks);
	f->landed = f->given;
}
