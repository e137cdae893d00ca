/* Rows in memory: what the store keeps on disk, in order of keys. Owns its
 * copies of keys and values. A put may remove (value.data NULL). */
#ifndef SIM_TABLE_H
#define SIM_TABLE_H

#include "core/core.h"

struct table_row {
	uint8_t *bytes; /* key, then value */
	size_t key_len, value_len;
};
/* Pieces, so that a row more moves few others. */
#define TABLE_PIECE 64
struct table_piece {
	struct table_row rows[TABLE_PIECE];
	size_t len; /* never 0 */
};
struct table_rows {
	struct table_piece **pieces;
	size_t len, cap;
};
/* Zeroed is an empty table. */
struct table {
	struct table_rows of[ROW_TABLES];
};

void table_fini(struct table *);
void table_put(struct table *, const struct row_key *, struct span value);
struct core_rows table_reads(struct table *);
struct hash128 table_hash(const struct table *);

#endif
