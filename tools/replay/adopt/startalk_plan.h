/* What a dump of Startalk tells, in order of time: which row of which table when, who was
 * used before it was there, and what became of each session. Owns the plan; gives nothing
 * to anybody. */
#ifndef STARTALK_PLAN_H
#define STARTALK_PLAN_H

#include "adopt/dump_table.h"

#include "base/hash.h"

#include <uthash.h>

enum startalk_table {
	STARTALK_MAPPING, /* read in this order: who uses whom comes first */
	STARTALK_SESSION,
	STARTALK_BUSI_SUPPLIER,
	STARTALK_BUSI_SEAT,
	STARTALK_SEAT,
	STARTALK_SUPPLIER,
	STARTALK_TABLES
};
extern const char *const startalk_names[STARTALK_TABLES];

enum mapping_column {
	M_SESSION,
	M_CUSTOMER,
	M_SHOP,
	M_PRODUCT,
	M_STATUS,
	M_ASKS,
	M_DISTRIBUTED,
	M_INQUEUE,
	M_LAST_ACK,
	M_SEAT_NAME,
	M_GROUP
};
enum session_column {
	S_ID,
	S_SESSION,
	S_USER,
	S_SEAT_NAME,
	S_SHOP_NAME,
	S_PRODUCT,
	S_STATE,
	S_ROBOT,
	S_CREATED,
	S_UPDATED
};
enum seat_column {
	E_ID,
	E_NAME,
	E_WEB_NAME,
	E_NICKNAME,
	E_FACE,
	E_SUPPLIER,
	E_PRIORITY,
	E_CREATED,
	E_UPDATED,
	E_OLD_SUPPLIER,
	E_OLD_ID,
	E_SERVICE_STATUS,
	E_STATUS,
	E_MAX,
	E_BIND,
	E_HOST
};
enum supplier_column {
	D_ID,
	D_NAME,
	D_CREATED,
	D_UPDATED,
	D_OLD_ID,
	D_LOGO,
	D_WELCOMES,
	D_STATUS,
	D_EXT_FLAG,
	D_STRATEGY,
	D_NO_SERVICE
};
enum busi_supplier_column {
	B_ID,
	B_SUPPLIER,
	B_BUSI,
	B_BUSI_SUPPLIER,
	B_CREATED,
	B_UPDATED,
	B_BSUID,
	B_OPERATOR,
	B_WEB_NAME,
	B_STATUS
};
enum busi_seat_column { X_ID, X_BUSI, X_SEAT, X_CREATED, X_UPDATED, X_STATUS };

/* In the order in which they come of one time. */
enum happening_kind {
	HAPPENS_UNREADABLE,
	HAPPENS_ROW, /* of the configuration; suppliers before seats before all others */
	HAPPENS_OPENED,
	HAPPENS_SPOKE,
	HAPPENS_TAKEN,
	HAPPENS_CLOSED
};
struct happening {
	uint64_t time_us, offset, line;
	uint8_t kind, table;
	bool bare;
};

/* Of a session what all its rows say together. */
struct startalk_session {
	struct hash128 id;
	uint64_t opened_us, ended_us, last_created_us;
	uint64_t assigned_us;  /* as session_mapping says; 0: never */
	uint64_t offset, line; /* of the row that it is opened by */
	uint8_t table;         /* of that row */
	uint8_t last_state;
	bool closed, taken, mapped;
	bool passed_on, broken_off; /* while rows are told: who serves has */
	UT_hash_handle hh;
};
struct startalk_team {
	struct startalk_team *next;
	char id[24];
};
/* Somebody or something that other rows name: "shop 17", "agent lin", "seat 5". */
struct startalk_use {
	uint64_t first_us;
	bool robot;
	struct startalk_team *teams; /* of a shop */
	char *desk, *agent;          /* of a seat */
	UT_hash_handle hh;
	char key[];
};

struct startalk_plan {
	struct happening *list;
	size_t len, cap;
	struct startalk_session *sessions;
	struct startalk_use *uses;
};

/* For every row of each table, table by table. */
void startalk_plan_row(struct startalk_plan *, enum startalk_table, const struct dump_row *);
/* Sorts. */
void startalk_plan_finish(struct startalk_plan *);
void startalk_plan_fini(struct startalk_plan *);

struct startalk_session *startalk_session_find(struct startalk_plan *, struct span id);
/* what: "shop", "agent", "seat". NULL: nothing names it. */
struct startalk_use *startalk_use_find(struct startalk_plan *, const char *what, struct span id);

/* A cell's number; NULL and what is none: otherwise. */
int64_t startalk_number(struct span cell, int64_t otherwise);
/* shop_17: 17. */
struct span startalk_shop(struct span shop_name);

#endif
