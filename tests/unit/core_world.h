/* A core over rows and a journal in memory, whose reads are counted, and short words
 * for what is asked of it. Those that return nothing fail the test when they do not
 * succeed. */
#ifndef CORE_WORLD_H
#define CORE_WORLD_H

#include "../sim/disk.h"
#include "core/core.h"
#include "core/message.h"
#include "core/room_members.h"

#define PENDING_MAX 4096

struct world {
	struct core_limits limits; /* may be changed before a restart */
	struct disk disk;
	struct core *core;
	struct core_call call;
	struct buf pending; /* records that are not committed */
	size_t ends[PENDING_MAX];
	size_t records;
	size_t reads;          /* rows got, and rows that scans came by */
	enum parlor_err fault; /* of each row that is read from now on; OK: it is read */
	struct core_rows rows;
	core_scan_fn *fn;
	void *arg;
};

/* For cmocka: nothing is there. */
int setup(void **state);
int teardown(void **state);
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Commits what was emitted, and as many rows as are asked for. */
void commit(struct world *, size_t rows);
void write_all(struct world *);
/* Killed and started again: what is not committed is gone, and nothing is in memory. */
void restart(struct world *);

extern const struct core_notice quiet;

struct span text(const char *);
struct core_member_spec spec(const char *id, uint8_t type);
/* By ann, a manager, with bob. */
enum parlor_err create(struct world *, const char *room, bool open);
enum parlor_err join(struct world *, const char *room, const char *member);
enum parlor_err leave(struct world *, const char *room, const char *member);
enum parlor_err say(struct world *, const char *room, const char *sender, const char *client_id,
		    struct core_posted *);
void said(struct world *, const char *room, const char *sender, const char *client_id);
uint64_t unread(struct world *, const char *room, const char *member);

#endif
