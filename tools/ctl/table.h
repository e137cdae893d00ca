/* Rows of cells, printed in columns as wide as their widest cell on a terminal.
 * Owns copies of the cells until it is printed. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 12

struct table {
	size_t columns;
	char **cells;
	size_t len;
	size_t cap;
	FILE *out; /* the cell that is being written */
	char *cell;
	size_t cell_size;
};

void table_init(struct table *, size_t columns);
/* The next cell, left to right, top to bottom, is what is written to the file up to
 * table_cell_end. Text of others is to be shown by show_text. */
FILE *table_cell(struct table *);
void table_cell_end(struct table *);
/* Control characters are shown escaped. */
void table_text(struct table *, const char *);
void table_number(struct table *, uint64_t);
/* As one cell: "vip, waits". */
void table_list(struct table *, char *const *texts, size_t n);
void table_time(struct table *, uint64_t us);
void table_word(struct table *, const ProtobufCEnumDescriptor *, int value);
/* Begins it with a row of headings, which end in NULL. */
void table_heads(struct table *, const char *const *heads);
#define HEADS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* A label and a value. */
void table_line(struct table *, const char *label, const char *text);
void table_line_number(struct table *, const char *label, uint64_t number);
/* Prints and frees. */
void table_print(struct table *, FILE *);

#endif
