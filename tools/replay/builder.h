/* A data directory made by telling the core what happened: records into the
 * journal, rows written back behind them, as a broker does it, but with nobody to
 * answer. Owns core, store and the commits. What it is given is durable after
 * builder_finish; a directory that was not finished must not be used. */
#ifndef BUILDER_H
#define BUILDER_H

#include "core/import.h"
#include "store/store.h"

#define BUILDER_PARTITIONS_DEFAULT 16

struct builder;

/* dir: empty. why: of at least 256 bytes. */
enum parlor_err builder_open(struct builder **, const char *dir, uint32_t partitions, char *why,
			     size_t why_size) PARLOR_MUST_CHECK;
void builder_close(struct builder *);

/* For requests of the core and import.h, each followed by builder_step. */
struct core *builder_core(struct builder *);
/* In a turn: may be read from. */
struct store *builder_store(struct builder *);

/* import_message; a recalled one is stored as recalled. */
enum parlor_err builder_message(struct builder *, const struct core_call *,
				const struct imported_message *,
				struct core_posted *) PARLOR_MUST_CHECK;
/* Commits when there is enough. What the core lent is void. */
enum parlor_err builder_step(struct builder *) PARLOR_MUST_CHECK;
/* Commits everything, rows included. */
enum parlor_err builder_finish(struct builder *) PARLOR_MUST_CHECK;

/* Of all that is finished: a database that it came from has it. What comes behind is news
 * to that. */
void builder_set_mark(struct builder *);
uint64_t builder_mark(const struct builder *);

uint64_t builder_journal_id(const struct builder *);
/* Of the last record about the room, up to the mark. */
uint64_t builder_room_position(const struct builder *, uint64_t room);

#endif
