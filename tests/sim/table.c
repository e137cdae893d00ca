#include "table.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int order(const struct table_row *row, const uint8_t *key, size_t len)
{
	int by_bytes = memcmp(row->bytes, key, row->key_len < len ? row->key_len : len);
	return by_bytes ? by_bytes : (row->key_len > len) - (row->key_len < len);
}

struct place {
	size_t piece, row;
};

/* Where the key is, or would be. */
static struct place place_of(const struct table_rows *rows, const uint8_t *key, size_t len)
{
	size_t low = 0, high = rows->len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (order(&rows->pieces[middle]->rows[0], key, len) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	struct place place = {.piece = low ? low - 1 : 0};
	high = rows->len ? rows->pieces[place.piece]->len : 0;
	while (place.row < high) {
		size_t middle = place.row + (high - place.row) / 2;
		if (order(&rows->pieces[place.piece]->rows[middle], key, len) < 0)
			place.row = middle + 1;
		else
			high = middle;
	}
	return place;
}

/* The one there or behind it; NULL: there is none. */
static struct table_row *row_at(const struct table_rows *rows, struct place *place)
{
	if (place->piece < rows->len && place->row == rows->pieces[place->piece]->len)
		*place = (struct place){.piece = place->piece + 1};
	return place->piece < rows->len ? &rows->pieces[place->piece]->rows[place->row] : NULL;
}

static struct table_row *row_of(const struct table_rows *rows, struct place place,
				const uint8_t *key, size_t len)
{
	struct table_row *row = row_at(rows, &place);
	return row && order(row, key, len) == 0 ? row : NULL;
}

static struct span value_of(const struct table_row *row)
{
	return (struct span){row->bytes + row->key_len, row->value_len};
}

static void free_piece(struct table_piece *piece)
{
	for (size_t i = 0; i < piece->len; i++)
		free(piece->rows[i].bytes);
	free(piece);
}

void table_fini(struct table *t)
{
	for (int i = 0; i < ROW_TABLES; i++) {
		for (size_t j = 0; j < t->of[i].len; j++)
			free_piece(t->of[i].pieces[j]);
		free(t->of[i].pieces);
	}
	*t = (struct table){0};
}

static void remove_at(struct table_rows *rows, struct place at)
{
	struct table_piece *piece = rows->pieces[at.piece];
	free(piece->rows[at.row].bytes);
	piece->len--;
	memmove(&piece->rows[at.row], &piece->rows[at.row + 1],
		(piece->len - at.row) * sizeof *piece->rows);
	if (piece->len)
		return;
	free(piece);
	rows->len--;
	memmove(&rows->pieces[at.piece], &rows->pieces[at.piece + 1],
		(rows->len - at.piece) * sizeof *rows->pieces);
}

static struct table_piece *add_piece(struct table_rows *rows, size_t at)
{
	if (rows->len == rows->cap) {
		rows->cap = rows->cap ? 2 * rows->cap : 16;
		rows->pieces = mem_resize(rows->pieces, rows->cap, sizeof(void *));
	}
	memmove(&rows->pieces[at + 1], &rows->pieces[at], (rows->len - at) * sizeof *rows->pieces);
	rows->len++;
	return rows->pieces[at] = mem_new(sizeof(struct table_piece));
}

/* The upper half of a full one becomes a piece of its own. */
static void split(struct table_rows *rows, struct place *at)
{
	struct table_piece *lower = rows->pieces[at->piece];
	struct table_piece *upper = add_piece(rows, at->piece + 1);
	lower->len = upper->len = TABLE_PIECE / 2;
	memcpy(upper->rows, &lower->rows[TABLE_PIECE / 2], upper->len * sizeof *upper->rows);
	if (at->row > lower->len)
		*at = (struct place){at->piece + 1, at->row - lower->len};
}

static struct table_row *insert_at(struct table_rows *rows, struct place at)
{
	if (!rows->len)
		(void)add_piece(rows, 0);
	if (rows->pieces[at.piece]->len == TABLE_PIECE)
		split(rows, &at);
	struct table_piece *piece = rows->pieces[at.piece];
	memmove(&piece->rows[at.row + 1], &piece->rows[at.row],
		(piece->len - at.row) * sizeof *piece->rows);
	piece->len++;
	piece->rows[at.row] = (struct table_row){0};
	return &piece->rows[at.row];
}

void table_put(struct table *t, const struct row_key *key, struct span value)
{
	struct table_rows *rows = &t->of[key->table];
	struct place place = place_of(rows, key->bytes, key->len);
	struct table_row *row = row_of(rows, place, key->bytes, key->len);
	if (!value.data) {
		if (row)
			remove_at(rows, place);
		return;
	}
	if (!row)
		row = insert_at(rows, place);
	free(row->bytes);
	row->bytes = mem_new(key->len + value.len);
	row->key_len = key->len;
	row->value_len = value.len;
	memcpy(row->bytes, key->bytes, key->len);
	if (value.len)
		memcpy(row->bytes + key->len, value.data, value.len);
}

static enum parlor_err get(void *ctx, const struct row_key *key, struct span *value)
{
	const struct table_rows *rows = &((struct table *)ctx)->of[key->table];
	const struct table_row *row =
		row_of(rows, place_of(rows, key->bytes, key->len), key->bytes, key->len);
	if (!row)
		return PARLOR_E_NOT_FOUND;
	*value = value_of(row);
	return PARLOR_E_OK;
}

static enum parlor_err scan(void *ctx, const struct row_key *from, size_t prefix_len,
			    core_scan_fn *fn, void *arg)
{
	const struct table_rows *rows = &((struct table *)ctx)->of[from->table];
	struct place at = place_of(rows, from->bytes, from->len);
	const struct table_row *row;
	for (; (row = row_at(rows, &at)) != NULL; at.row++) {
		if (row->key_len < prefix_len || memcmp(row->bytes, from->bytes, prefix_len) != 0)
			break;
		if (!fn(arg, row->bytes, row->key_len, value_of(row)))
			break;
	}
	return PARLOR_E_OK;
}

struct core_rows table_reads(struct table *t)
{
	return (struct core_rows){.ctx = t, .get = get, .scan = scan};
}

struct hash128 table_hash(const struct table *t)
{
	struct hash_stream hash;
	hash_stream_init(&hash);
	for (int i = 0; i < ROW_TABLES; i++) {
		struct place at = {0};
		const struct table_row *row;
		for (; (row = row_at(&t->of[i], &at)) != NULL; at.row++)
			row_hash(&hash, (enum row_table)i, (struct span){row->bytes, row->key_len},
				 value_of(row));
	}
	return hash_stream_sum(&hash);
}
