/* The rows that say how a desk works, as a run of records leaves them, and their tables:
 * one a kind, with a column for each field of its message in proto/desk.proto. */
#ifndef WORKER_DESK_CONFIG_H
#define WORKER_DESK_CONFIG_H

#include "noun.h"

/* One row. */
struct fold_config {
	const char *tenant;
	unsigned kind;               /* number of its field in DeskSet */
	const ProtobufCMessage *key; /* of the last record; one that removes knows no more */
	const ProtobufCMessage *row; /* all of it; NULL: it was there before */
	uint64_t no;
	bool removed;
	uint64_t first_us, time_us; /* of the first record, and the last */
	UT_hash_handle hh;          /* key: kind, tenant, and the fields of the table's key */
};

struct fold_configs {
	struct fold_config *list;
};

extern const struct noun desk_config_noun;

#endif
