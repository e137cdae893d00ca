/* What survives: rows and journal behind one small interface, in memory or in
 * the broker's store. A commit is all or nothing, and until it is there rows are
 * read as they were before; restart is what a killed process leaves. Failures of
 * the disk itself end the test. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "core/core.h"

struct disk {
	void *ctx;
	struct core_rows (*rows)(void *ctx);
	void (*begin)(void *ctx);
	void (*append)(void *ctx, uint64_t position, struct span head);
	void (*put)(void *ctx, const struct row_key *, struct span value);
	void (*covered_set)(void *ctx, uint64_t position);
	void (*commit)(void *ctx);
	void (*abort)(void *ctx);
	void (*restart)(void *ctx);
	uint64_t (*covered)(void *ctx);
	uint64_t (*last)(void *ctx);
	/* Borrowed until the next commit. */
	struct span (*read)(void *ctx, uint64_t position);
	struct hash128 (*hash)(void *ctx);
	void (*close)(void *ctx);
};

struct disk disk_in_memory(void);
/* The store, in a new directory that close removes. */
struct disk disk_in_store(void);

#endif
