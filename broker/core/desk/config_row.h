/* Rows of a desk's configuration in memory: read at the start, found, added, changed.
 * Private to the core. */
#ifndef DESK_CONFIG_ROW_H
#define DESK_CONFIG_ROW_H

#include "core/desk/tables.h"

/* What one is known by: its kind, its tenant, and what follows. */
struct config_key {
	size_t len;
	uint8_t bytes[256];
};
void config_key_begin(struct config_key *, enum config_no, uint32_t tenant);
void config_key_number(struct config_key *, uint64_t);
void config_key_text(struct config_key *, struct span);
/* The key of a row whose numbers are known. */
void config_key_of(struct config_key *, enum config_no, uint32_t tenant, const void *is);

/* NULL: there is none; one that was removed is found. */
struct config *config_find_key(struct core *, const struct config_key *);
struct config *config_find_no(struct core *, uint64_t no);
struct seat *seat_find_any(struct core *, uint64_t no);
/* NULL: there is none, or it was removed. */
struct desk *desk_find(struct core *, uint32_t tenant, struct span id);
struct team *team_find(struct core *, const struct desk *, struct span id);
struct agent *agent_find_member(struct core *, uint32_t tenant, uint64_t member);
struct seat *seat_find(struct core *, const struct desk *, uint64_t member);
struct team_seat *team_seat_find(const struct team *, const struct seat *);
struct seat *seat_find_no(struct core *, uint64_t no);
struct team *team_find_no(struct core *, uint64_t no);
/* As that desk may have it: its own, or one of all. */
struct config *type_find(struct core *, uint32_t tenant, uint64_t desk, struct span id);
struct row_hours *hours_find(struct core *, uint32_t tenant, struct span id);

/* All of one kind and tenant, by number, those that were removed too; NULL: none. */
struct config_list *config_list(struct core *, enum config_no, uint32_t tenant, bool make);

/* Its fields, encoded as records and rows have them. */
void config_put_fields(struct buf *, enum config_no, const void *is);
/* A new one, or those of one that is there; STORE_CORRUPT: the bytes are damaged. */
enum parlor_err config_put_in(struct core *, uint64_t no, enum config_no, uint32_t tenant,
			      struct span fields, struct config **) PARLOR_MUST_CHECK;
/* Once, when the state has been read. */
enum parlor_err config_load(struct core *) PARLOR_MUST_CHECK;

#endif
