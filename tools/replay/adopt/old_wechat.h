/* A desk of the tables tp_customer_service_*: one for each token, read oldest first in one
 * question that the server sorts. */
#ifndef OLD_WECHAT_H
#define OLD_WECHAT_H

#include "adopt/old_row.h"
#include "adopt/old_tables.h"

extern const struct old_table old_wechat_names[];

/* As those of old_conversations.h. */
enum parlor_err old_wechat_begin(const struct old_tables *, uint64_t *first_us) PARLOR_MUST_CHECK;
enum parlor_err old_wechat_read(const struct old_tables *, const char *desk, uint64_t max,
				old_row_fn *, void *arg) PARLOR_MUST_CHECK;

#endif
