/* What the journal of a town says, reckoned the naive way: every committed
 * record is kept as an entry, and unread is counted from the messages each time.
 * Of the numbers a record tells it takes those of reading positions only. */
#ifndef TOWN_LEDGER_H
#define TOWN_LEDGER_H

#include "chance.h"
#include "core/kinds.h"

#include "core/core.h"
#include "store/store.h"

#define TENANTS 2
#define ROOMS 3
#define MEMBERS 5
#define NAME_BYTES 12
/* With those of a desk. */
#define LEDGER_ROOMS 64
#define LEDGER_MEMBERS 40
#define ID_BYTES 40

struct ledger_entry {
	enum record_kind_no kind;
	uint32_t tenant;
	uint64_t room, member, seq, read_seq, position; /* seq: of a message, or of a stint */
	uint8_t type;
	char body[NAME_BYTES]; /* of a message, or the name of a room */
	uint64_t recalled;     /* a message: the position of its recall, 0: none */
	struct span head;      /* of a record of a desk, all of it; its own */
};

struct ledger {
	struct chance *chance;
	struct ledger_entry *entries; /* of position index + 1 */
	uint64_t len, cap;
	struct {
		uint32_t tenant;
		char id[ID_BYTES];
	} rooms[LEDGER_ROOMS], members[LEDGER_MEMBERS];
	uint64_t rooms_len, members_len;
	char tenants[TENANTS][NAME_BYTES];
};

/* A room as of a position. */
struct ledger_member {
	bool in;
	uint8_t type;
	uint64_t read_seq;
};
struct as_of {
	uint64_t last_seq, counted;
	uint8_t state;
	char name[NAME_BYTES];
	struct ledger_member members[LEDGER_MEMBERS + 1]; /* by number */
};

void ledger_init(struct ledger *, struct chance *);
void ledger_fini(struct ledger *);
/* What the journal has beyond it. */
void ledger_read(struct ledger *, struct store *);

/* Bodies of recalled messages are in the journal no more. */
void ledger_check_recalled(const struct ledger *, struct store *);

void ledger_at(const struct ledger *, uint64_t room, uint64_t position, struct as_of *);
uint64_t ledger_unread(const struct ledger *, uint64_t room, uint64_t position, uint64_t member,
		       const struct as_of *);
/* The messages of a room up to a position, in order; NULL behind the last. */
const struct ledger_entry *ledger_message(const struct ledger *, uint64_t room, uint64_t position,
					  const struct ledger_entry *before);

#endif
