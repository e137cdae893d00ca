/* What was decided at a desk elsewhere, as it is imported: what no request could bring about
 * while nobody is there, such as a transfer to somebody who is offline. Emits the records
 * that requests would. */
#ifndef DESK_IMPORT_H
#define DESK_IMPORT_H

#include "core/desk/act.h"

/* From who serves to act.agent, who has taken it at once. NOT_YOURS: nobody serves;
 * SEAT_UNKNOWN, SEAT_AWAY, TOO_MANY; VALUE: to itself. */
enum parlor_err core_desk_import_transfer(struct core *, const struct core_call *,
					  const struct core_desk_act *,
					  struct conversation_view *) PARLOR_MUST_CHECK;

#endif
