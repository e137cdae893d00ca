#include "desk_cells.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool desk_cells_is_time(const char *column)
{
	size_t len = strlen(column);
	return (len > 3 && strcmp(column + len - 3, "_at") == 0) ||
	       strcmp(column, "rating_until") == 0;
}

/* Not those that no row of the state has: when a row was written, and what a worker notes of
 * the messages and reads that it has counted. */
static bool is_compared(const char *column)
{
	static const char *const not [] = {"created_at",     "updated_at", "visitor_read_seq",
					   "agent_read_seq", "spoke_seq",  "position"};
	for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
		if (strcmp(column, not [i]) == 0)
			return false;
	return true;
}

void desk_cells_put_text(struct buf *b, struct span text)
{
	buf_put_u8(b, CELL_TEXT);
	buf_put_span(b, text);
}

void desk_cells_put_unknown(struct buf *b)
{
	buf_put_u8(b, CELL_UNKNOWN);
}

void desk_cells_put(struct buf *b, struct sql_value value)
{
	char number[24];
	if (value.kind == SQL_TEXT && !value.text) {
		buf_put_u8(b, CELL_NULL);
		return;
	}
	snprintf(number, sizeof number, "%" PRIu64, value.number);
	desk_cells_put_text(b, value.kind == SQL_TEXT ? SPAN_TEXT(value.text) : SPAN_TEXT(number));
}

void desk_cells_put_all(struct buf *b, const struct upsert_column *columns,
			const struct sql_value *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_compared(columns[i].name))
			desk_cells_put(b, values[i]);
		else
			desk_cells_put_unknown(b);
}

struct cell desk_cells_next(struct reader *in)
{
	struct cell cell = {.state = (enum cell_state)reader_u8(in)};
	if (cell.state == CELL_TEXT)
		cell.text = reader_span(in);
	return cell;
}

static void put(struct buf *b, const struct cell *cell)
{
	buf_put_u8(b, (uint8_t)cell->state);
	if (cell->state == CELL_TEXT)
		buf_put_span(b, cell->text);
}

void desk_cells_upsert(struct buf *b, const struct upsert_column *columns, size_t n, size_t keys,
		       struct reader *was, struct reader *now, bool begins)
{
	for (size_t i = 0; i < n; i++) {
		struct cell new = desk_cells_next(now);
		struct cell old = was ? desk_cells_next(was) : new;
		bool stays = columns[i].kind == UPSERT_ONCE ||
			     (columns[i].kind == UPSERT_IF_TOLD && new.state == CELL_NULL);
		if (!was && stays && !begins && i >= keys)
			old.state = CELL_UNKNOWN;
		put(b, stays ? &old : &new);
	}
}
