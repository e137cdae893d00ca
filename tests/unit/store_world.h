/* A data directory of a test's own, and short words for what is done to it.
 * Each of them fails the test when it does not succeed. */
#ifndef STORE_WORLD_H
#define STORE_WORLD_H

#include "store/store.h"

#include <string.h>

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define JOURNAL_ID 4711

struct world {
	char dir[64];
	struct store_options options; /* small sizes; may be changed before opening */
	struct store *store;
	char why[256];
};

/* For cmocka: a fresh directory, not yet opened; closes and removes it. */
int set_up(void **state);
int tear_down(void **state);

void path_in(const struct world *, const char *name, char path[128]);
enum parlor_err try_open(struct world *);
void open_world(struct world *);
void close_world(struct world *);
void reopen(struct world *);

void turn(struct world *);
void begin(struct world *);
void commit(struct world *);
struct span span_of(const char *text);
struct row_key key_of(enum row_table, const char *text);
void put(struct world *, enum row_table, const char *key, const char *value); /* NULL: delete */
void append_to(struct world *, uint64_t position, const char *event);
/* In a transaction of their own. */
void post_texts(struct world *, const char *const *texts, size_t n);

/* value NULL: there is none. */
void assert_row(struct world *, enum row_table, const char *key, const char *value);
void assert_event(struct world *, uint64_t position, const char *event);

#endif
