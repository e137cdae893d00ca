/* What is written of a desk: of each table its columns, and the values of a row, for who
 * writes them and who compares them. A row of the configuration has the fields of its
 * message; the others are listed. Texts are borrowed. */
#ifndef WORKER_DESK_COLUMNS_H
#define WORKER_DESK_COLUMNS_H

#include "db/upsert.h"
#include "desk_conversation.h"
#include "noun.h"

#define DESK_CONFIG_KINDS PARLOR__DESK_SET__ROW_SEAT_BUSINESS
/* Before the fields: ent_id, no, removed and two times. */
#define DESK_CONFIG_FIRST 5

/* kind: number of its field in DeskSet. */
const struct table *desk_config_table(unsigned kind);
const ProtobufCMessageDescriptor *desk_config_form(unsigned kind);
/* At most ROW_VALUES_MAX; how many. all: of a row of which all is known, else its key. */
size_t desk_config_columns(struct upsert_column *, unsigned kind, bool all);
bool desk_config_is_key(unsigned kind, const char *field);

struct desk_columns {
	const char *table;
	const struct upsert_column *list;
	size_t len;
};
extern const struct desk_columns desk_party_columns, desk_conversation_columns, desk_said_columns,
	desk_stint_columns, desk_offer_columns, desk_transfer_columns, desk_rating_columns;

/* As many as columns. */
void desk_conversation_values(struct sql_value *, const struct desk_now *);
void desk_said_values(struct sql_value *, const struct desk_now *);
void desk_stint_values(struct sql_value *, const char *tenant, const Parlor__Conversation *,
		       const Parlor__Stint *);
/* decision: as desk_decision_put writes it, or NULL. */
void desk_offer_values(struct sql_value *, const char *tenant, const Parlor__ConversationChanged *,
		       uint64_t time_us, const char *decision);
void desk_transfer_values(struct sql_value *, const char *tenant,
			  const Parlor__ConversationChanged *);
/* Of whom it is follows from the stints: the columns behind these. */
void desk_rating_values(struct sql_value *, const char *tenant, const Parlor__ConversationChanged *,
			uint64_t time_us);

/* {"strategy":2,"ready":3}: fields that are 0 or empty are left out. With its NUL. */
void desk_decision_put(struct buf *, const Parlor__Decision *);

#endif
